import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import { buildRollups, queryCosts, queryCostSeries, queryLatency } from '../../src/index.js';
import {
  costAttributes,
  insertSpans,
  openTestStore,
  seededRandom,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

const NOW_MS = Date.parse('2026-11-21T12:07:00.000Z');
const MODELS = ['gpt-a', 'gpt-b', 'claude-c'];

interface Truth {
  readonly row: SpanRow;
  readonly startMs: number;
  readonly costPico: bigint;
  readonly model: string;
  readonly user: string;
  readonly experiment: string;
  readonly tenant: string;
}

function randomSpans(count: number, days: number, seed: number, tenants: number): Truth[] {
  const random = seededRandom(seed);
  const pick = (limit: number) => Math.floor(random() * limit);
  return Array.from({ length: count }, () => {
    const startMs = NOW_MS - pick(days * 86_400_000) - 1;
    const costPico = BigInt(pick(2 ** 31)) * 7919n;
    const model = MODELS[pick(MODELS.length)] ?? '';
    const user = `user-${pick(40)}`;
    const experiment = pick(3) === 0 ? `exp-${pick(4)}` : '';
    const tenant = pick(tenants) === 0 ? 'default' : `tenant-${pick(tenants)}`;
    const row = spanRow({
      at: new Date(startMs).toISOString(),
      attributes: costAttributes(formatPicoUsd(picoUsd(costPico)), {
        'gen_ai.request.model': model,
        'user.id': user,
        ...(experiment === '' ? {} : { 'costel.tag.experiment': experiment }),
      }),
      resource: tenant === 'default' ? {} : { 'costel.tenant': tenant },
      durationMs: 1 + pick(20_000),
    });
    return { row, startMs, costPico, model, user, experiment, tenant };
  });
}

function sumsBy(truths: readonly Truth[], key: (truth: Truth) => string): Record<string, string> {
  const sums = new Map<string, bigint>();
  for (const truth of truths) sums.set(key(truth), (sums.get(key(truth)) ?? 0n) + truth.costPico);
  return Object.fromEntries([...sums].map(([name, pico]) => [name, formatPicoUsd(picoUsd(pico))]));
}

describe('rollups over thirty days and five tenants', () => {
  let store: TestStore;
  const truths = randomSpans(3000, 30, 7, 5);
  const mine = truths.filter((truth) => truth.tenant === 'default');

  beforeAll(async () => {
    store = await openTestStore();
    await insertSpans(
      store,
      truths.map((truth) => truth.row),
    );
  });
  afterAll(async () => store.close());

  async function expectExact(fromMs: number, toMs: number) {
    const range = { from: new Date(fromMs), to: new Date(toMs) };
    const inside = mine.filter((truth) => truth.startMs >= fromMs && truth.startMs < toMs);
    for (const [dimension, key] of [
      ['model', (truth: Truth) => truth.model],
      ['user', (truth: Truth) => truth.user],
      ['tag.experiment', (truth: Truth) => truth.experiment],
    ] as const) {
      const report = await queryCosts(store.db, { ...range, groupBy: [dimension] });
      const answered = Object.fromEntries(report.groups.map((group) => [group.key[dimension], group.costUsd]));
      expect(answered).toEqual(sumsBy(inside, key));
      expect(report.total.calls).toBe(inside.length);
      expect(report.total.inputTokens).toBe(inside.length * 100);
    }
    const filtered = await queryCosts(store.db, { ...range, filters: { 'tag.experiment': '' } });
    expect(filtered.total.calls).toBe(inside.filter((truth) => truth.experiment === '').length);
    const both = await queryCosts(store.db, { ...range, groupBy: ['user'], filters: { model: 'gpt-a' } });
    expect(both.total.calls).toBe(inside.filter((truth) => truth.model === 'gpt-a').length);
  }

  const ranges: readonly (readonly [string, string])[] = [
    ['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['2026-10-01T00:00:00.000Z', '2026-11-21T12:00:00.000Z'],
    ['2026-11-03T10:07:13.123Z', '2026-11-18T22:59:59.999Z'],
    ['2026-11-21T11:59:00.000Z', '2026-11-21T12:07:00.000Z'],
  ];

  it('answers from the ledger alone before anything is published', async () => {
    for (const [from, to] of ranges) await expectExact(Date.parse(from), Date.parse(to));
  });

  it('answers the same from published builds and the tail, for any edge to the millisecond', async () => {
    const result = await buildRollups(store.db, { nowMs: NOW_MS });
    expect(result.build).toBeDefined();
    expect(result.sealedUntil.toISOString()).toBe('2026-11-21T12:00:00.000Z');
    for (const [from, to] of ranges) await expectExact(Date.parse(from), Date.parse(to));
  });

  it('has nothing to do when nothing is new', async () => {
    const result = await buildRollups(store.db, { nowMs: NOW_MS });
    expect(result.build).toBeUndefined();
  });

  it('reads a sealed month without opening the ledger of its sealed days', async () => {
    const [row] = await store.db.query<{ rows: string }>('SELECT count() AS rows FROM llm_cost_1d');
    expect(Number(row?.rows)).toBeGreaterThan(0);
    const [published] = await store.db.query<{ parts: string }>(
      "SELECT count() AS parts FROM system.parts WHERE database = currentDatabase() AND table = 'published' AND active",
    );
    expect(published?.parts).toBe('1');
  });

  it('counts rows that come late at once, and the same after they were built', async () => {
    const late = randomSpans(200, 29, 8, 1).map((truth) => ({ ...truth }));
    mine.push(...late);
    await insertSpans(
      store,
      late.map((truth) => truth.row),
    );
    for (const [from, to] of ranges) await expectExact(Date.parse(from), Date.parse(to));
    await buildRollups(store.db, { nowMs: NOW_MS + 60_000 });
    for (const [from, to] of ranges) await expectExact(Date.parse(from), Date.parse(to));
  });

  it('seals the days that end, and keeps every total', async () => {
    await buildRollups(store.db, { nowMs: NOW_MS + 3 * 86_400_000 });
    for (const [from, to] of ranges) await expectExact(Date.parse(from), Date.parse(to));
  });

  it('answers a series that adds up to the total, at every grain and in a zone of half hours', async () => {
    const range = { from: new Date('2026-11-02T00:00:00Z'), to: new Date('2026-11-20T03:00:00Z') };
    const { total } = await queryCosts(store.db, range);
    for (const grain of ['15m', 'hour', 'day'] as const) {
      for (const timeZone of ['UTC', 'Asia/Kathmandu']) {
        const points = await queryCostSeries(store.db, { ...range, grain, timeZone, groupBy: ['model'] });
        const sum = points.reduce((added, point) => added + parsePicoUsd(point.costUsd), 0n);
        expect(formatPicoUsd(picoUsd(sum))).toBe(total.costUsd);
      }
    }
    const days = await queryCostSeries(store.db, { ...range, grain: 'day', timeZone: 'Asia/Kathmandu' });
    expect(days.every((point) => point.start.toISOString().endsWith('T18:15:00.000Z'))).toBe(true);
  });

  it('answers percentiles within five per cent of the truth', async () => {
    const range = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
    const [all] = await queryLatency(store.db, range);
    const durations = mine
      .filter((truth) => truth.startMs >= range.from.getTime())
      .map((truth) => Number(truth.row.Duration) / 1e6)
      .toSorted((left, right) => left - right);
    expect(all?.calls).toBe(durations.length);
    for (const [share, answered] of [
      [0.5, all?.p50Ms],
      [0.95, all?.p95Ms],
      [0.99, all?.p99Ms],
    ] as const) {
      const exact = durations[Math.ceil(share * durations.length) - 1] ?? 0;
      expect(Math.abs((answered ?? 0) - exact) / exact).toBeLessThan(0.05);
    }
  });
});
