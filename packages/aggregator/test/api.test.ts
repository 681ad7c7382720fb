import * as fc from 'fast-check';
import { parsePicoUsd } from '@costel/pricing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { DIMENSION_NAMES } from '../src/dimensions.js';
import { untilDayLasts } from '../../../test/support/day.js';
import { openTestDatabase, recordCalls, type TestDatabase } from './support/ledger.js';

const INJECTION = `'; DROP TABLE llm_calls; -- {x:String} \\' ) UNION SELECT 1`;

let store: TestDatabase;
let aggregator: Aggregator;

interface Figures {
  readonly cost_usd: string;
  readonly calls: number;
  readonly unpriced_calls: number;
}
interface Report {
  readonly from: string;
  readonly to: string;
  readonly total: Figures;
  readonly groups: readonly (Figures & { readonly key: Record<string, string>; readonly rest?: boolean })[];
}

async function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${aggregator.port}/api/v1/${path}`, { headers });
}

async function read<T = Report>(path: string): Promise<T> {
  const response = await ask(path);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

function sum(figures: readonly Figures[]): bigint {
  return figures.reduce((total, one) => total + parsePicoUsd(one.cost_usd), 0n);
}

beforeAll(async () => {
  await untilDayLasts(60_000);
  store = await openTestDatabase();
  await recordCalls(store.database, [
    // $0.15 and $0.60 a million: 0.00015 + 0.00006.
    { attributes: { 'costel.feature': 'search', 'user.id': 'ann', 'costel.tag.tier': 'gold' }, durationMs: 500 },
    { attributes: { 'costel.feature': 'search', 'user.id': 'bob', 'costel.tag.tier': 'free' }, durationMs: 500 },
    { attributes: { 'costel.feature': 'chat', 'user.id': 'ann' }, durationMs: 500 },
    { attributes: { 'costel.feature': 'chat', 'user.id': INJECTION }, durationMs: 500 },
    { model: 'no-such-model-9', attributes: { 'costel.feature': 'chat' } },
    // What `costel doctor` sends: a row of the ledger that counts as no call.
    {
      inputTokens: 0,
      outputTokens: 0,
      attributes: { 'gen_ai.operation.name': 'costel_doctor', 'costel.cost.status': 'not_billable' },
    },
  ]);
  const config = parseConfig(
    'server: { port: 0 }\nbudgets: [{ name: search, scope: { feature: search }, limit_usd: 0.001 }]',
    'costel.yaml',
  );
  aggregator = await createAggregator({ database: store.database, config, log: () => undefined });
  for (const { name } of aggregator.ticker.health()) await aggregator.ticker.runNow(name);
});

afterAll(async () => {
  await aggregator?.stop();
  await store?.remove();
});

describe('costs', () => {
  it('are exact in total and by group', async () => {
    const report = await read('costs/summary?group_by=feature');
    expect(report.total).toMatchObject({
      cost_usd: '0.00084',
      calls: 5,
      unpriced_calls: 1,
      input_tokens: 5000,
      output_tokens: 500,
    });
    expect(report.groups.map((group) => [group.key, group.cost_usd, group.calls])).toEqual(
      expect.arrayContaining([
        [{ feature: 'search' }, '0.00042', 2],
        [{ feature: 'chat' }, '0.00042', 3],
      ]),
    );
  });

  it.each([...DIMENSION_NAMES, 'tag.tier'])('by %s add up to the total', async (dimension) => {
    const { groups, total } = await read(`costs/by/${dimension}`);
    expect(sum(groups)).toBe(parsePicoUsd(total.cost_usd));
    expect(total.cost_usd).toBe('0.00084');
  });

  it('beyond the limit are one row', async () => {
    const { groups } = await read('costs/by/user?limit=1');
    expect(groups).toHaveLength(2);
    expect(groups[0]).toMatchObject({ key: { user: 'ann' }, cost_usd: '0.00042' });
    expect(groups[1]).toMatchObject({ key: {}, rest: true, cost_usd: '0.00042', calls: 3 });
  });

  it('show no group and no point of a span that counts as nothing', async () => {
    const { groups } = await read('costs/summary?group_by=feature,operation');
    expect(groups.map(({ key }) => key)).not.toContainEqual({ feature: '', operation: 'costel_doctor' });
    expect((await read('costs/by/operation')).groups).toHaveLength(1);
    const { points } = await read<{ points: readonly unknown[] }>('costs/hourly?days=2&group_by=operation');
    expect(points).toHaveLength(1);
  });

  it('are filtered by value, by tag, and by any of several values', async () => {
    expect((await read('costs/today?filter.feature=search&filter.user=ann')).total.cost_usd).toBe('0.00021');
    expect((await read('costs/today?filter.tag.tier=gold&filter.tag.tier=free')).total.cost_usd).toBe('0.00042');
    expect((await read('costs/today?filter.feature=nothing')).total).toMatchObject({ cost_usd: '0', calls: 0 });
  });

  it('by hour and by day add up to the total', async () => {
    for (const path of ['costs/hourly?days=2&group_by=model', 'costs/daily?days=2']) {
      const { points } = await read<{ points: readonly (Figures & { start: string })[] }>(path);
      expect(sum(points)).toBe(parsePicoUsd('0.00084'));
    }
  });

  it('lie in the half-open range that was asked for', async () => {
    const { from, to } = await read('costs/summary?from=2020-01-01&to=2020-01-02');
    expect([from, to]).toEqual(['2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z']);
    expect((await read('costs/summary?from=2020-01-01&to=2020-01-02')).total.calls).toBe(0);
  });

  it('are not sent again while nothing has changed', async () => {
    const etag = (await ask('costs/today')).headers.get('etag') ?? '';
    expect((await ask('costs/today', { 'if-none-match': etag })).status).toBe(304);
  });
});

describe('the other endpoints', () => {
  it('tell latency within the error of its buckets', async () => {
    const { groups } = await read<{ groups: { key: object; calls: number; p50_ms: number }[] }>(
      'latency?group_by=feature&filter.feature=search',
    );
    expect(groups).toHaveLength(1);
    expect(groups[0]?.calls).toBe(2);
    expect(Math.abs((groups[0]?.p50_ms ?? 0) - 500)).toBeLessThan(30);
  });

  it('name the model without a price, and why', async () => {
    const { models } = await read<{ models: object[] }>('unpriced');
    expect(models).toMatchObject([{ provider: 'openai', model: 'no-such-model-9', reason: 'unknown_model', calls: 1 }]);
  });

  it('forecast the month with an interval', async () => {
    const forecast = await read<{
      spent_usd: string;
      expected_usd: string;
      intervals: Record<string, [string, string]>;
      notes: string[];
    }>('forecast');
    expect(forecast.spent_usd).toBe('0.00084');
    expect(Number(forecast.expected_usd)).toBeGreaterThanOrEqual(0.00084);
    const [low, high] = forecast.intervals['80'] ?? ['', ''];
    expect(Number(low)).toBeLessThan(Number(high));
    expect(forecast.notes.join(' ')).toContain('first day');
  });

  it('tell how full a budget is', async () => {
    const { budgets } = await read<{ budgets: object[] }>('budgets');
    expect(budgets).toMatchObject([
      { name: 'search', scope: { feature: 'search' }, spent_usd: '0.00042', limit_usd: '0.001', spent_percent: 42 },
    ]);
  });

  it('are ready and alive', async () => {
    expect(await read('ready')).toMatchObject({ status: 'ready' });
    expect(await read('health')).toMatchObject({ status: 'alive', instance: aggregator.instance });
  });

  it('speak Prometheus', async () => {
    const text = await (await ask('metrics')).text();
    expect(text).toContain('costel_calls_today 5\n');
    expect(text).toContain('costel_unpriced_calls_today 1\n');
    expect(text).toContain('costel_budget_limit_usd{budget="search"} 0.001\n');
    expect(text).toContain('costel_tick_failures_total{tick="build_rollups"} 0\n');
    for (const line of text.trim().split('\n'))
      expect(line).toMatch(/^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? (-?[\d.e+-]+|NaN|[+-]Inf))$/);
  });

  it('lead from their root to their description', async () => {
    const { openapi } = await read<{ openapi: string }>('');
    expect(openapi).toBe('3.1.0');
  });

  it('describe themselves', async () => {
    const document = await read<{ paths: Record<string, unknown> }>('openapi.json');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/costs/summary',
        '/costs/today',
        '/costs/by/{dimension}',
        '/costs/hourly',
        '/costs/daily',
        '/latency',
        '/forecast',
        '/budgets',
        '/alerts',
        '/unpriced',
        '/health',
        '/ready',
      ]),
    );
  });
});

describe('a value that looks like SQL', () => {
  const paths = [
    'costs/summary',
    'costs/today',
    'costs/by/model',
    'costs/hourly',
    'costs/daily',
    'latency',
    'unpriced',
    'forecast',
    'budgets',
    'alerts',
  ];
  const names = [
    'from',
    'to',
    'days',
    'group_by',
    'limit',
    'state',
    'filter.user',
    'filter.tag.x',
    'filter',
    INJECTION,
  ];
  it.each(paths)('is text in every parameter of %s', async (path) => {
    for (const name of names) {
      const response = await ask(`${path}?${new URLSearchParams({ [name]: INJECTION }).toString()}`);
      expect([200, 400], `${path} ${name}`).toContain(response.status);
    }
    expect((await read('costs/today')).total.calls).toBe(5);
  });

  it('is refused as a dimension', async () => {
    expect((await ask(`costs/by/${encodeURIComponent(INJECTION)}`)).status).toBe(400);
    expect((await ask(`costs/summary?group_by=${encodeURIComponent(INJECTION)}`)).status).toBe(400);
  });

  it('finds the call that has it', async () => {
    const { total } = await read(`costs/today?filter.user=${encodeURIComponent(INJECTION)}`);
    expect(total).toMatchObject({ calls: 1, cost_usd: '0.00021' });
  });

  it('may be any text at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), async (value) => {
        const query = new URLSearchParams({ 'filter.user': value, 'filter.tag.tier': value });
        const { total } = await read(`costs/today?${query.toString()}`);
        expect(total.calls).toBe(0);
      }),
      { numRuns: 20, examples: [['\0'], ["'"], ['\\'], ['{x:String}'], ['\n\n DROP TABLE llm_calls']] },
    );
  });
});
