import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRollups } from '../../src/index.js';
import { checkedScope } from '../../src/query/cost-scope.js';
import { costSource, FINAL_SETTINGS } from '../../src/query/cost-source.js';
import {
  costAttributes,
  insertSpans,
  openTestStore,
  seededRandom,
  spanRow,
  type TestStore,
} from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-30T12:07:00.000Z');
const DAYS = 30;

/** Parts that a statement opens, by table, after all pruning. */
async function openedParts(
  store: TestStore,
  sql: string,
  parameters: Readonly<Record<string, never>> | object,
): Promise<Record<string, number>> {
  const lines = await store.db.query<{ explain: string }>(`EXPLAIN indexes = 1 ${sql}`, { ...parameters });
  const opened: Record<string, number> = {};
  let table = '';
  for (const { explain } of lines) {
    const read = /ReadFromMergeTree \(\w+\.(\w+)\)/.exec(explain);
    if (read?.[1] !== undefined) table = read[1];
    const parts = /^\W*Parts: (\d+)\/\d+$/.exec(explain);
    // Each index narrows what the one before it left: the last line of a table says what is opened.
    if (parts?.[1] !== undefined && table !== '') opened[table] = Number(parts[1]);
  }
  return opened;
}

describe('what a query opens, with five tenants and thirty days', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
    const random = seededRandom(5);
    const rows = Array.from({ length: 3000 }, (_, index) => {
      const at = NOW_MS - 3_600_000 - Math.floor(random() * DAYS * 86_400_000);
      return spanRow({
        at: new Date(at).toISOString(),
        attributes: costAttributes('0.01', { 'user.id': `u${index % 50}`, 'costel.tag.experiment': 'blue' }),
        resource: { 'costel.tenant': ['default', 'a', 'b', 'c', 'd'][index % 5] ?? 'a' },
      });
    });
    await insertSpans(store, rows);
    await insertSpans(store, rows.slice(0, 500));
  });
  afterAll(async () => store.close());

  const hour = { from: '2026-11-15 10:00:00.000', to: '2026-11-15 11:00:00.000' };
  const ledgerParts = async () => {
    const [row] = await store.db.query<{ all: string; day: string }>(
      "SELECT count() AS all, countIf(partition_id = '20261115') AS day FROM system.parts WHERE database = currentDatabase() AND table = 'llm_calls' AND active",
    );
    return { all: Number(row?.all), day: Number(row?.day) };
  };

  it('FINAL over an hour of starts opens the parts of its day alone', async () => {
    const parts = await ledgerParts();
    expect(parts.all).toBeGreaterThanOrEqual(DAYS);
    const opened = await openedParts(
      store,
      `SELECT sum(cost_usd) FROM llm_calls FINAL WHERE started >= {from:DateTime64(3, 'UTC')} AND started < {to:DateTime64(3, 'UTC')} ${FINAL_SETTINGS}`,
      hour,
    );
    expect(opened['llm_calls']).toBeLessThanOrEqual(parts.day);
  });

  it('FINAL over an hour of counted time, whatever the tenant, opens the parts of its day alone', async () => {
    const parts = await ledgerParts();
    const scope = checkedScope({ tenant: 'c', groupBy: ['user'] });
    const fromMs = Date.parse(`${hour.from.replace(' ', 'T')}Z`);
    const source = await costSource(store.db, scope, { fromMs, toMs: fromMs + 3_600_000 });
    const opened = await openedParts(
      store,
      `SELECT sum(cost_usd) FROM (${source.sql}) ${FINAL_SETTINGS}`,
      source.parameters,
    );
    expect(opened['llm_calls']).toBeLessThanOrEqual(parts.day);
  });

  it('a sealed month is answered without the ledger, and an edge opens one day of it', async () => {
    await buildRollups(store.db, { nowMs: NOW_MS });
    const parts = await ledgerParts();
    const scope = checkedScope({ groupBy: ['model'] });
    const whole = await costSource(store.db, scope, { fromMs: Date.UTC(2026, 10, 1), toMs: Date.UTC(2026, 10, 30) });
    expect(whole.sql).not.toContain('llm_calls');
    const edge = await costSource(store.db, scope, {
      fromMs: Date.UTC(2026, 10, 15, 10, 7),
      toMs: Date.UTC(2026, 10, 30),
    });
    const opened = await openedParts(
      store,
      `SELECT sum(cost_usd) FROM (${edge.sql}) ${FINAL_SETTINGS}`,
      edge.parameters,
    );
    expect(opened['llm_calls']).toBeLessThanOrEqual(parts.day);
    expect(opened['llm_cost_15m']).toBeLessThanOrEqual(1);
  });

  it.each([
    // Users of the open day are summed up to the seal: no quarter hour is read before it.
    { groupBy: ['user'], table: 'llm_cost_daily_user', fromDay: '202611' },
    { groupBy: ['customer'], table: 'llm_cost_15m_wide', fromDay: '20261130' },
    { groupBy: ['conversation'], table: 'llm_cost_15m_wide', fromDay: '20261130' },
    { groupBy: ['tag.experiment'], table: 'llm_cost_15m_tag', fromDay: '20261130' },
    // A pair has no rollup of days: all its days are read from quarter hours.
    { groupBy: ['user', 'model'], table: 'llm_cost_15m_wide', fromDay: '20261110' },
  ])('costs by $groupBy read quarter hours of $fromDay on, and of the ledger one day', async (expected) => {
    const parts = await ledgerParts();
    const scope = checkedScope({ tenant: 'c', groupBy: expected.groupBy });
    const source = await costSource(store.db, scope, { fromMs: Date.UTC(2026, 10, 10), toMs: NOW_MS });
    // Counted before, as the parts above: a merge in between leaves fewer to open.
    const [row] = await store.db.query<{ parts: string }>(
      'SELECT count() AS parts FROM system.parts WHERE database = currentDatabase() AND active AND table = {table:String} AND partition_id >= {fromDay:String}',
      { table: expected.table, fromDay: expected.fromDay },
    );
    const opened = await openedParts(
      store,
      `SELECT sum(cost_usd) FROM (${source.sql}) ${FINAL_SETTINGS}`,
      source.parameters,
    );
    expect(opened[expected.table]).toBeLessThanOrEqual(Number(row?.parts));
    expect(opened['llm_calls'] ?? 0).toBeLessThanOrEqual(parts.day);
  });

  it('the views for dashboards prune by their hour', async () => {
    const parts = await ledgerParts();
    const opened = await openedParts(
      store,
      "SELECT sum(cost_usd) FROM llm_cost_hourly WHERE hour >= {from:DateTime('UTC')} AND hour < {to:DateTime('UTC')}",
      { from: '2026-11-15 10:00:00', to: '2026-11-15 11:00:00' },
    );
    expect(opened['llm_cost_15m']).toBeLessThanOrEqual(1);
    expect(opened['llm_calls'] ?? 0).toBeLessThanOrEqual(parts.day);
  });

  it('the view of a dashboard and the API say the same', async () => {
    const [row] = await store.db.query<{ cost: string; calls: string }>(
      "SELECT sum(cost_usd) AS cost, sum(calls) AS calls FROM llm_cost_daily WHERE tenant = 'default'",
    );
    expect(row).toEqual({ cost: '6', calls: '600' });
  });
});
