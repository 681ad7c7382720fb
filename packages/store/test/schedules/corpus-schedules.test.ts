import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPicoUsd, parsePicoUsd, picoUsd, priceInteractionLines, USAGE_BUCKETS } from '@costel/pricing';
import { queryCosts } from '../../src/index.js';
import {
  insertSpans,
  newId,
  openTestStore,
  seededRandom,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';
import { storeTick } from './store-tick.js';

const RECORDINGS = resolve(import.meta.dirname, '../../../../../shared/data/payloads');
const isPresent = existsSync(RECORDINGS);
if (!isPresent) console.info('No recordings beside this checkout: the schedules of recorded calls are left out');

const NOW_MS = Date.parse('2026-11-12T10:07:00.000Z');
const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const TENANTS = 12;

/** A recorded call as a span: its exact usage, bucket by bucket, and its cost where one is known. */
interface RecordedCall {
  readonly attributes: Readonly<Record<string, string>>;
  readonly pico: bigint;
  readonly unitsOfUsage: number;
}

async function* pieces(): AsyncGenerator<string> {
  for (const file of readdirSync(RECORDINGS).toSorted()) {
    if (file.endsWith('.jsonl')) yield `${readFileSync(join(RECORDINGS, file), 'utf8')}\n`;
  }
}

async function readRecordings(): Promise<readonly RecordedCall[]> {
  const calls: RecordedCall[] = [];
  for await (const answer of priceInteractionLines(pieces(), { at: NOW_MS, now: NOW_MS })) {
    if (answer.status !== 'priced' || answer.cost_usd === null) continue;
    const usage = USAGE_BUCKETS.flatMap((bucket) => {
      const count = answer.usage[bucket];
      return count === undefined || count === 0 ? [] : [[`costel.usage.${bucket}`, String(count)] as const];
    });
    calls.push({
      attributes: {
        'gen_ai.provider.name': 'recorded',
        'gen_ai.response.model': answer.model ?? '',
        'gen_ai.usage.cost.source': 'provider',
        'costel.cost.usd': answer.cost_usd,
        'costel.cost.status': 'priced',
        'costel.usage.quality': 'reported',
        ...Object.fromEntries(usage),
      },
      pico: parsePicoUsd(answer.cost_usd),
      unitsOfUsage: usage.reduce((sum, [, count]) => sum + Number(count), 0),
    });
  }
  return calls;
}

describe.runIf(isPresent)('the recorded calls of all providers as spans', () => {
  let store: TestStore;
  let calls: readonly RecordedCall[] = [];
  beforeAll(async () => {
    calls = await readRecordings();
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  it(`cost the same to the pico-dollar in ${TENANTS} schedules of batches, resends and writers`, async () => {
    expect(calls.length).toBeGreaterThan(100);
    const random = seededRandom(26);
    const spansOf = (tenant: string): SpanRow[] =>
      calls.map(({ attributes }, index) =>
        spanRow({
          at: new Date(Date.UTC(2026, 10, 11, 10) + index * 1000).toISOString(),
          span: newId(16),
          attributes,
          resource: { 'costel.tenant': tenant },
        }),
      );
    const left = Array.from({ length: TENANTS }, (_, tenant) => spansOf(`t${tenant}`));
    for (let round = 0; round < 4; round += 1) {
      const batch = left.flatMap((spans) => spans.filter(() => round === 3 || random() < 0.4));
      const ranked = batch.map((row) => ({ row, rank: random() })).toSorted((one, other) => one.rank - other.rank);
      const rows = ranked.map(({ row }) => row);
      const half = Math.floor(rows.length / 2);
      await Promise.all([insertSpans(store, rows.slice(0, half)), insertSpans(store, rows.slice(half))]);
      if (round % 2 === 1) await storeTick(store.db, NOW_MS);
    }
    await storeTick(store.db, NOW_MS);
    const costUsd = formatPicoUsd(picoUsd(calls.reduce((sum, { pico }) => sum + pico, 0n)));
    const units = calls.reduce((sum, { unitsOfUsage }) => sum + unitsOfUsage, 0);
    const rows = await store.db.query<{ tenant: string; cost: string; calls: string; units: string }>(
      'SELECT tenant, sum(cost_usd) AS cost, count() AS calls, sum(arraySum(own_usage)) AS units FROM llm_calls_final GROUP BY tenant',
    );
    expect(rows).toHaveLength(TENANTS);
    for (const { tenant, ...seen } of rows) {
      expect({ tenant, ...seen, cost: formatPicoUsd(parsePicoUsd(seen.cost)) }).toEqual({
        tenant,
        cost: costUsd,
        calls: String(calls.length),
        units: String(units),
      });
    }
    expect((await queryCosts(store.db, { ...RANGE, tenant: 't7', groupBy: ['model'] })).total).toMatchObject({
      costUsd,
      calls: calls.length,
    });
  }, 300_000);
});
