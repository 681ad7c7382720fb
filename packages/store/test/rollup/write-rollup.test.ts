import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildRollups } from '../../src/index.js';
import { USAGE_COLUMNS } from '../../src/ledger/buckets.js';
import { QUARTER_ROLLUPS, type RollupTable } from '../../src/rollup/rollup-tables.js';
import { writeQuarters, writeRollup } from '../../src/rollup/write-rollup.js';
import { openTestStore, type TestStore } from '../support/test-store.js';

const FROM_MS = Date.parse('2026-11-10T10:00:00.000Z');
const QUARTERS = 4;
const HOUR = { fromMs: FROM_MS, toMs: FROM_MS + QUARTERS * 900_000 };

/** A call of few values, so that many share a row of a rollup; `version` 1 and 2 of one span replace each other. */
const anyCall = record({
  tenant: constantFrom('default', 'acme'),
  span: integer({ min: 0, max: 12 }),
  version: integer({ min: 1, max: 2 }),
  // Some lie just outside of the hour.
  at: integer({ min: -5, max: QUARTERS * 900 + 5 }),
  model: constantFrom('m', 'n'),
  feature: constantFrom('', 'f'),
  user: constantFrom('u', 'v', ''),
  tags: constantFrom({}, { a: '1' }, { a: '2', b: '' }),
  counted: constantFrom(0, 1),
  usage_quality: constantFrom('reported', 'estimated'),
  error_type: constantFrom('', 'timeout'),
  cost_kind: constantFrom('', 'tool_call'),
  duration_ns: constantFrom(0, 900_000, 1_500_000_000, 90_000_000_000_000),
  cost: constantFrom(
    { cost_usd: '0.000000000007', cost_status: 'priced', cost_reason: '' },
    { cost_usd: '12345678901234.5', cost_status: 'priced', cost_reason: '' },
    { cost_usd: null, cost_status: 'unpriced', cost_reason: 'unknown_model' },
    { cost_usd: null, cost_status: 'no_usage', cost_reason: 'usage_missing' },
    { cost_usd: null, cost_status: 'no_usage', cost_reason: 'error' },
  ),
  usage: array(integer({ min: 0, max: 1_000_000_000 }), {
    minLength: USAGE_COLUMNS.length,
    maxLength: USAGE_COLUMNS.length,
  }),
});

describe('one read of the ledger for all rollups of quarter hours', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  /** What a build says, added up: a rollup may hold several rows of one key. */
  const rowsOf = async (table: RollupTable, build: bigint) => {
    const keys = ['tenant', 'quarter', ...table.keys].map((key) => `\`${key}\``).join(', ');
    const measures = [
      'calls',
      'unpriced_calls',
      'estimated_calls',
      'error_calls',
      'input_tokens',
      'output_tokens',
      'cost_usd',
    ];
    const detail = table.detailed ? [...USAGE_COLUMNS.map((column) => `sum(${column})`), 'sumMap(latency)'] : [];
    return store.db.query(
      `SELECT ${[keys, ...measures.map((column) => `sum(${column})`), ...detail].join(', ')} FROM ${table.name} WHERE build = {build:UInt64} GROUP BY ${keys} ORDER BY ${keys}`,
      { build },
    );
  };

  it('gives the rows that a read for each of them gives, whatever the calls', async () => {
    let build = 100n;
    await assert(
      asyncProperty(array(anyCall, { minLength: 1, maxLength: 60 }), async (calls) => {
        await store.db.command('TRUNCATE TABLE llm_calls');
        await store.db.insertRows(
          'llm_calls',
          calls.map(({ span, at, cost, usage, ...call }) => {
            const counted = new Date(FROM_MS + at * 1000).toISOString();
            return {
              ...call,
              ...cost,
              ...Object.fromEntries(USAGE_COLUMNS.map((column, index) => [column, usage[index] ?? 0])),
              started: new Date(FROM_MS + span * 1000).toISOString(),
              trace_id: `t${span}`,
              span_id: 's',
              item: 0,
              received_at: counted,
              counted_at: counted,
              clock_status: 'ok',
            };
          }),
        );
        build += 2n;
        const periods = { ranges: [HOUR], partitions: undefined, pendingFromMs: 0 };
        await writeQuarters(store.db, { ...periods, build, isUrgent: build % 4n === 0n });
        for (const table of QUARTER_ROLLUPS) {
          await writeRollup(store.db, table, { ...periods, build: build + 1n });
          expect(await rowsOf(table, build)).toEqual(await rowsOf(table, build + 1n));
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('what a rebuild reads after a late call', () => {
  const NOW_MS = Date.parse('2026-11-30T12:07:00.000Z');
  const CALLS_A_DAY = 500;
  const LATE_DAY = Date.parse('2026-11-28T00:00:00.000Z');

  /** Rows that the statements of a rebuild go through, by table, after all pruning; `days` are stored before it. */
  async function rowsRead(days: number): Promise<Record<string, number>> {
    const store = await openTestStore();
    try {
      await store.db.command(
        `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, user, counted, cost_usd, cost_status)
SELECT 'default', fromUnixTimestamp64Milli({now:Int64} - 3600000 - toInt64(86400000 / {calls:UInt64} * (number + 0.5)), 'UTC') AS at, toString(number), 's', 1, at, at, 'ok', 'm', toString(number % 50), 1, 1, 'priced'
FROM numbers({days:UInt64} * {calls:UInt64}) SETTINGS max_partitions_per_insert_block = 0`,
        { now: NOW_MS, calls: CALLS_A_DAY, days },
      );
      await buildRollups(store.db, { nowMs: NOW_MS });
      await store.db.command(
        `INSERT INTO llm_calls (tenant, started, trace_id, span_id, version, received_at, counted_at, clock_status, model, user, counted, cost_usd, cost_status)
SELECT 'default', fromUnixTimestamp64Milli({at:Int64}, 'UTC') AS at, 'late', 's', 1, at, at, 'ok', 'm', 'late', 1, 1, 'priced'`,
        { at: LATE_DAY + 36_000_000 },
      );
      const spies = [vi.spyOn(store.db, 'query'), vi.spyOn(store.db, 'command')];
      const { quarters } = await buildRollups(store.db, { nowMs: NOW_MS });
      const statements = spies.flatMap((spy) => spy.mock.calls);
      const read: Record<string, number> = {};
      for (const [sql, parameters] of statements) {
        const select = /^(?:WITH|SELECT)\b[\s\S]*/m.exec(sql)?.[0];
        if (select === undefined || /\bsystem\.\w+/.test(select)) continue;
        const rows = await store.db.query<{ table: string; rows: string }>(`EXPLAIN ESTIMATE ${select}`, parameters);
        for (const { table, rows: count } of rows) read[table] = (read[table] ?? 0) + Number(count);
      }
      expect(quarters).toBe(1);
      return read;
    } finally {
      await store.close();
    }
  }

  it('is the calls of that day, however many days are stored', async () => {
    const few = await rowsRead(4);
    const many = await rowsRead(24);
    expect(few['llm_calls']).toBeGreaterThan(0);
    // Only the log of builds has a row for each quarter hour that there is.
    const withoutLog = ({ published: _published, ...tables }: Record<string, number>) => tables;
    expect(withoutLog(many)).toEqual(withoutLog(few));
    expect(many['llm_calls']).toBeLessThanOrEqual(4 * (CALLS_A_DAY + 1));
  });
});
