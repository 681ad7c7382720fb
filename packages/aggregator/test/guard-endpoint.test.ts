import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { openTestDatabase, recordCalls, type TestDatabase } from './support/ledger.js';

const GUARD_TOKEN = 'a-token-of-guards';
let store: TestDatabase;
let aggregator: Aggregator;

beforeAll(async () => {
  store = await openTestDatabase();
  const config = parseConfig(
    `
server: { port: 0 }
budgets:
  - { name: everything, limit_usd: 1, window: month }
  - { name: each-user, limit_usd: 0.5, window: month, group_by: [user], scope: { feature: search } }
`,
    'costel.yaml',
  );
  const options = { database: store.database, config, log: () => undefined };
  aggregator = await createAggregator({ ...options, adminToken: 'a-token-of-admins', guardToken: GUARD_TOKEN });
});

afterAll(async () => {
  await aggregator?.stop();
  await store?.remove();
});

interface Answer {
  readonly counted: readonly number[];
  readonly guards: number;
  readonly budgets: readonly {
    readonly id: string;
    readonly revision: string;
    readonly name: string;
    readonly unlisted_at_most_usd: string;
    readonly scopes: readonly {
      readonly scope: Record<string, string>;
      readonly spent_usd: string;
      readonly granted_usd?: string;
    }[];
  }[];
}

const REPORT = { guard: randomUUID(), keep_ms: 1000, holds: [], finished: [] };

async function ask(body: unknown, headers: Record<string, string> = { authorization: `Bearer ${GUARD_TOKEN}` }) {
  const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/guard`, {
    method: 'POST',
    headers,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer & { code?: string } };
}

async function settle(): Promise<void> {
  for (const name of ['resolve_rates', 'judge_traces']) await aggregator.ticker.runNow(name);
}

describe('POST guard', () => {
  it('answers the bearer of either token, and nobody else', async () => {
    expect((await ask(REPORT)).status).toBe(200);
    expect((await ask(REPORT, { authorization: 'Bearer a-token-of-admins' })).status).toBe(200);
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: GUARD_TOKEN }] as const) {
      const { status, body } = await ask(REPORT, headers);
      expect([status, body.code]).toEqual([401, 'not_authorized']);
    }
  });

  it('does not let the token of guards change anything', async () => {
    const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/repair?days=1`, {
      method: 'POST',
      headers: { authorization: `Bearer ${GUARD_TOKEN}` },
    });
    expect(response.status).toBe(401);
  });

  it('tells budgets that nothing was spent of, and grants a first guard all that is left', async () => {
    const { body } = await ask(REPORT);
    expect(body.guards).toBe(1);
    expect(body.budgets.map(({ name }) => name)).toEqual(['everything', 'each-user']);
    expect(body.budgets[0]?.scopes).toEqual([{ scope: {}, spent_usd: '0', granted_usd: '1', pending: false }]);
    expect(body.budgets[1]?.scopes).toEqual([]);
  });

  it('tells only the budgets that were asked about', async () => {
    const { body } = await ask({ ...REPORT, budgets: ['each-user', 'unknown'] });
    expect(body.budgets.map(({ name }) => name)).toEqual(['each-user']);
  });

  it('has a finished call in the spend as soon as it says that it is, and takes it off what is held', async () => {
    const traceId = 'ab'.repeat(16);
    const spanId = 'cd'.repeat(8);
    const startMs = Date.now() - 1000;
    const [everything] = (await ask(REPORT)).body.budgets;
    const finished = {
      trace_id: traceId,
      span_id: spanId,
      started: new Date(startMs).toISOString(),
      cost_usd: '0.00021',
      holds: [0],
    };
    const report = {
      ...REPORT,
      holds: [{ budget: `${everything?.id}@${everything?.revision}`, scope: {}, held_usd: '0.10021', active: true }],
      finished: [finished, { ...finished, span_id: '0'.repeat(16) }],
    };
    const before = (await ask(report)).body;
    expect(before.counted).toEqual([]);
    expect(before.budgets[0]?.scopes[0]).toMatchObject({ spent_usd: '0', granted_usd: '0.89979' });
    await recordCalls(store.database, [
      { startMs, traceId, spanId, attributes: { 'costel.feature': 'search', 'user.id': 'ann' } },
    ]);
    await settle();
    const after = (await ask(report)).body;
    expect(after.counted).toEqual([0]);
    // 1000 tokens in and 100 out of gpt-4o-mini cost $0.00021; $0.1 are still held.
    expect(after.budgets[0]?.scopes[0]).toMatchObject({ spent_usd: '0.00021', granted_usd: '0.89979' });
  });

  it('lists who spent of a grouped budget, and grants only what was asked for', async () => {
    const [, users] = (await ask(REPORT)).body.budgets;
    expect(users?.scopes).toEqual([{ scope: { user: 'ann' }, spent_usd: '0.00021' }]);
    const key = `${users?.id}@${users?.revision}`;
    const hold = { budget: key, scope: { user: 'bob' }, held_usd: '0.1', active: true };
    const [, again] = (await ask({ ...REPORT, holds: [hold] })).body.budgets;
    expect(again?.scopes).toContainEqual({
      scope: { user: 'bob' },
      spent_usd: '0',
      granted_usd: '0.4',
      pending: false,
    });
  });

  it.each([
    ['no JSON', 'a'],
    ['no report', {}],
    ['an unknown field', { ...REPORT, sql: '1' }],
    ['a negative hold', { ...REPORT, holds: [{ budget: 'b', scope: {}, held_usd: '-1', active: true }] }],
    [
      'an id that is none',
      { ...REPORT, finished: [{ trace_id: "' OR 1", span_id: 'x', started: 'x', cost_usd: '0', holds: [] }] },
    ],
    ['a body without end', `"${'x'.repeat(3_000_000)}"`],
  ])('refuses %s', async (_name, body) => {
    expect(await ask(body)).toMatchObject({ status: 400, body: { code: 'invalid_parameter' } });
  });
});
