import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRollups, judgeTraces, queryCosts, reprice, resolveRates, type RateResolver } from '../../src/index.js';
import { flatRates } from '../schedules/rates.js';
import { LEDGER_COLUMNS } from '../../src/ledger/ledger-columns.js';
import { ledgerSelect } from '../../src/ledger/ledger-select.js';
import { UNJUDGED_SQL } from '../../src/ledger/revisions.js';
import { currentDatabase } from '../../src/migrate/migrate.js';
import {
  attachLedgerViews,
  detachLedgerViews,
  insertSpans,
  newId,
  openTestStore,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-10T12:00:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };

function span(
  trace: string,
  spanId: string,
  parent: string,
  operation: string,
  input: number,
  more: Record<string, string> = {},
): SpanRow {
  return spanRow({
    trace,
    span: spanId,
    parent,
    attributes: {
      'gen_ai.operation.name': operation,
      ...(input === 0
        ? {}
        : {
            'gen_ai.provider.name': 'openai',
            'gen_ai.request.model': 'm',
            'gen_ai.usage.input_tokens': String(input),
          }),
      ...more,
    },
    scope: 'framework',
    durationMs: 5000,
  });
}

describe('judging the ledger', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  async function settle() {
    await resolveRates(store.db, flatRates);
    const result = await judgeTraces(store.db, { nowMs: NOW_MS });
    return result;
  }

  async function totals() {
    const { total } = await queryCosts(store.db, RANGE);
    return { costUsd: total.costUsd, calls: total.calls, inputTokens: total.inputTokens };
  }

  it('corrects a roll-up when its calls come before it, after it, in another batch and over a tool span', async () => {
    const trace = newId(32);
    const [agent, tool, first, second] = [newId(16), newId(16), newId(16), newId(16)];
    await insertSpans(store, [span(trace, first, tool, 'chat', 100)]);
    await settle();
    expect(await totals()).toEqual({ costUsd: '0.0001', calls: 1, inputTokens: 100 });
    await insertSpans(store, [span(trace, agent, '', 'invoke_agent', 300)]);
    await settle();
    await insertSpans(store, [span(trace, tool, agent, 'execute_tool', 0)]);
    await settle();
    expect(await totals()).toEqual({ costUsd: '0.0003', calls: 2, inputTokens: 300 });
    await insertSpans(store, [span(trace, second, agent, 'chat', 200)]);
    await settle();
    expect(await totals()).toEqual({ costUsd: '0.0003', calls: 2, inputTokens: 300 });
    const rows = await store.db.query(
      'SELECT verdict, counted, cost_usd, cost_status FROM llm_calls FINAL WHERE span_id = {agent:String}',
      { agent },
    );
    expect(rows).toEqual([{ verdict: 'nested', counted: 0, cost_usd: null, cost_status: 'not_billable' }]);
  });

  it('writes nothing when it judges the same again', async () => {
    expect(await judgeTraces(store.db, { nowMs: NOW_MS })).toEqual({
      traces: expect.any(Number) as number,
      changedCalls: 0,
    });
    expect(await judgeTraces(store.db, { nowMs: NOW_MS })).toEqual({ traces: 0, changedCalls: 0 });
  });

  it('keeps verdicts when every span is sent again, and in the rollups', async () => {
    const rows = await store.db.query<SpanRow>('SELECT * EXCEPT ReceivedAt FROM otel_traces');
    await insertSpans(store, rows);
    expect(await totals()).toEqual({ costUsd: '0.0003', calls: 2, inputTokens: 300 });
    await settle();
    await buildRollups(store.db, { nowMs: NOW_MS });
    expect(await totals()).toEqual({ costUsd: '0.0003', calls: 2, inputTokens: 300 });
  });

  it('joins a gateway in a trace of its own with the call that it served', async () => {
    const id = { 'gen_ai.response.id': 'chatcmpl-7', 'gen_ai.provider.name': 'openai' };
    const before = await totals();
    await insertSpans(store, [
      span(newId(32), newId(16), '', 'chat', 1000, id),
      span(newId(32), newId(16), '', 'chat', 1000, id),
    ]);
    await settle();
    expect(await totals()).toEqual({ costUsd: '0.0013', calls: before.calls + 1, inputTokens: 1300 });
  });

  it('prices what is left of a roll-up exactly', async () => {
    const trace = newId(32);
    const agent = newId(16);
    await insertSpans(store, [span(trace, agent, '', 'invoke_agent', 777), span(trace, newId(16), agent, 'chat', 70)]);
    await settle();
    const [row] = await store.db.query<{ cost: string; usage: string }>(
      'SELECT cost_usd AS cost, usage_input AS usage FROM llm_calls FINAL WHERE span_id = {agent:String}',
      { agent },
    );
    expect(row).toEqual({ cost: '0.000707', usage: '707' });
  });

  it('joins an agent that ran for hours with its calls within a minute, and those of its hour at once', async () => {
    const trace = newId(32);
    const [agent, near, far] = [newId(16), newId(16), newId(16)];
    const at = (row: SpanRow, time: string) => ({ ...row, Timestamp: `2026-11-10 ${time}` });
    const cost = async () => {
      const [row] = await store.db.query<{ usd: string }>(
        'SELECT sum(cost_usd) AS usd FROM llm_calls_final WHERE trace_id = {trace:String}',
        { trace },
      );
      return Number(row?.usd);
    };
    const agentRow = at(span(trace, agent, '', 'invoke_agent', 1000), '04:00:00.000');
    await insertSpans(store, [at(span(trace, far, agent, 'chat', 400), '10:30:00.000')]);
    await settle();
    // The agent says what it used when it ends; it began six hours before its last call.
    await insertSpans(store, [agentRow, at(span(trace, near, agent, 'chat', 600), '04:10:00.000')]);
    await settle();
    expect(await cost()).toBeCloseTo(0.0014, 10);
    await judgeTraces(store.db, { nowMs: NOW_MS + 61_000 });
    expect(await cost()).toBeCloseTo(0.001, 10);
  });
});

describe('judging while parts are merged', () => {
  it('misses no new span: a roll-up was left counted beside its calls', async () => {
    const store = await openTestStore();
    const merging = { done: false };
    const merges = (async () => {
      while (!merging.done) await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
    })();
    for (let round = 0; round < 15; round += 1) {
      const trace = newId(32);
      const [agent, call] = [newId(16), newId(16)];
      await insertSpans(store, [span(trace, call, agent, 'chat', 100)]);
      await insertSpans(store, [span(trace, agent, '', 'invoke_agent', 100)]);
      await judgeTraces(store.db, { nowMs: NOW_MS });
    }
    merging.done = true;
    await merges;
    const rows = await store.db.query<{ calls: string }>(
      'SELECT sum(counted) AS calls FROM llm_calls FINAL GROUP BY trace_id',
    );
    const counted = rows.map(({ calls }) => calls);
    await store.close();
    expect(counted).toEqual(Array.from({ length: 15 }, () => '1'));
  });
});

describe('a call that is priced and merged before it is judged', () => {
  let store: TestStore;
  const cost = async () => {
    const [row] = await store.db.query<{ usd: string }>('SELECT sum(cost_usd) AS usd FROM llm_calls_final');
    return Number(row?.usd);
  };
  const judge = async (atMs: number) => judgeTraces(store.db, { nowMs: NOW_MS + atMs });
  /** Two records of one answer, as the ledger has them when their edges, which are committed before, were judged. */
  async function insertAfterJudging(model: string): Promise<void> {
    await detachLedgerViews(store);
    const trace = newId(32);
    const said = { 'gen_ai.response.id': `answer-${trace}`, 'gen_ai.request.model': model };
    const [ours, theirs] = [newId(16), newId(16)];
    await insertSpans(store, [span(trace, ours, '', 'chat', 100, said), span(trace, theirs, ours, 'chat', 100, said)]);
    await judge(0);
    const columns = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
    const derived = ledgerSelect({ database: await currentDatabase(store.db), where: 'TraceId = {trace:String}' });
    await store.db.command(`INSERT INTO llm_calls (${columns})\n${derived}`, { trace });
    await attachLedgerViews(store);
  }
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it('is judged all the same: two records of one answer were both counted', async () => {
    await insertAfterJudging('m-1');
    await resolveRates(store.db, flatRates);
    await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
    expect(await cost()).toBeCloseTo(0.0002, 12);
    await judge(1000);
    expect(await cost()).toBeCloseTo(0.0001, 12);
    expect(await judge(2000)).toEqual({ traces: 0, changedCalls: 0 });
  });

  it('is judged also where it was history that was priced again: both records were counted', async () => {
    // Judged before, with a price of its own: of these nothing is new to the judge.
    await judge(120_000);
    await insertAfterJudging('m-1');
    const dearer: RateResolver = (key) => {
      const rates = flatRates(key);
      if ('reason' in rates) return rates;
      const tripled = (prices: readonly bigint[]) => prices.map((price) => 3n * price);
      return rates.map((period) => ({
        ...period,
        tiers: period.tiers.map((tier) => ({ ...tier, prices: tripled(tier.prices as readonly bigint[]) as never })),
      }));
    };
    await reprice(store.db, { ...RANGE, resolver: dearer, clock: () => NOW_MS, settleMs: 0 });
    await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
    const marked = await store.db.query<{ calls: string }>(
      `SELECT count() AS calls FROM llm_calls WHERE counted AND ${UNJUDGED_SQL}`,
    );
    expect(marked).toEqual([{ calls: '2' }]);
    expect(await cost()).toBeCloseTo(0.0009, 12);
    await judge(121_000);
    expect(await cost()).toBeCloseTo(0.0006, 12);
    expect(await judge(122_000)).toEqual({ traces: 0, changedCalls: 0 });
  });
});
