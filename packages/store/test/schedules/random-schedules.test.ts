import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import {
  buildRollups,
  driftGauges,
  dropOldBuilds,
  judgeTraces,
  queryCosts,
  repair,
  resolveRates,
} from '../../src/index.js';
import { insertSpans, openTestStore, seededRandom, type TestStore } from '../support/test-store.js';
import { randomSchedule, roundMs, ROUNDS, spentByQuarter, type Schedule } from './random-schedule.js';
import { flatRates } from './rates.js';

/** Schedules of one run; `SCHEDULES=20000` for a long one, `SCHEDULES_SEED` to repeat one. */
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 2400);
const SEED = Number(process.env['SCHEDULES_SEED'] ?? 20_261_122);
const RANGE = { from: new Date('1970-01-01T00:00:00Z'), to: new Date('2026-11-03T00:00:00Z') };

/**
 * Thousands of schedules share an engine: each is a tenant of its own, so that nothing of one moves another's totals, and
 * all are sent together, round by round, with the store's own work between and among the rounds.
 */
describe(`totals of ${SCHEDULES} random schedules (seed ${SEED})`, () => {
  const random = seededRandom(SEED);
  const schedules: readonly Schedule[] = Array.from({ length: SCHEDULES }, (_, index) =>
    randomSchedule(`s${index}`, random),
  );
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  const nowMs = (round: number) => roundMs(round) + 1_800_000;

  async function deliver(round: number): Promise<void> {
    const sent = schedules.flatMap(({ deliveries }) => deliveries.filter((delivery) => delivery.round === round));
    await Promise.all(
      [0, 1].map(async (writer) =>
        insertSpans(
          store,
          sent.filter((delivery) => delivery.writer === writer).map(({ row }) => row),
        ),
      ),
    );
  }

  /** The store's own work, a different part of it in every round. */
  async function work(round: number): Promise<void> {
    await resolveRates(store.db, flatRates);
    if (round % 2 === 0) await judgeTraces(store.db, { nowMs: nowMs(round) });
    if (round % 3 !== 1) await buildRollups(store.db, { nowMs: nowMs(round) });
    if (round === 2) await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
    if (round === 3) await dropOldBuilds(store.db, { nowMs: nowMs(round) });
    if (round === 4) await repair(store.db, RANGE);
  }

  const plainTenants = schedules.filter(({ isNested }) => !isNested).map(({ tenant }) => tenant);

  /** What plain schedules cost by quarter hour as every reader sees it: published builds and the tail. */
  async function seenByQuarter(): Promise<Map<string, bigint>> {
    const rows = await store.db.query<{ tenant: string; quarter: string; cost: string }>(
      `SELECT tenant, toString(quarter) AS quarter, sum(cost_usd) AS cost FROM llm_cost_quarters
       WHERE tenant IN {tenants:Array(String)} GROUP BY tenant, quarter`,
      { tenants: plainTenants },
    );
    return new Map(rows.map(({ tenant, quarter, cost }) => [`${tenant} ${quarter}`, parsePicoUsd(cost)]));
  }

  it('are exact to the quarter hour after every round, whatever was resent, re-batched or split between two writers', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await deliver(round);
      expect(await seenByQuarter()).toEqual(spentByQuarter(schedules, round));
      await work(round);
      expect(await seenByQuarter()).toEqual(spentByQuarter(schedules, round));
    }
  }, 300_000);

  it('are identical at rest for every schedule, nested calls among them', async () => {
    await resolveRates(store.db, flatRates);
    await judgeTraces(store.db, { nowMs: nowMs(ROUNDS) });
    await buildRollups(store.db, { nowMs: nowMs(ROUNDS + 24) });
    const expected = new Map(schedules.map(({ tenant, picoUsd: pico }) => [tenant, formatPicoUsd(picoUsd(pico))]));
    for (const table of ['llm_calls_final', 'llm_cost_quarters', 'llm_cost_daily']) {
      const rows = await store.db.query<{ tenant: string; cost: string }>(
        `SELECT tenant, sum(cost_usd) AS cost FROM ${table} GROUP BY tenant`,
      );
      const seen = new Map(rows.map(({ tenant, cost }) => [tenant, formatPicoUsd(parsePicoUsd(cost))]));
      const wrong = [...expected].filter(([tenant, cost]) => seen.get(tenant) !== cost);
      expect(wrong.map(([tenant, cost]) => ({ table, tenant, cost, seen: seen.get(tenant) })).slice(0, 5)).toEqual([]);
    }
  });

  it('are the same through the API, by any dimension', async () => {
    for (let index = 0; index < 24; index += 1) {
      const schedule = schedules[Math.floor(random() * schedules.length)];
      if (schedule === undefined) continue;
      const groupBy = [['model'], ['user'], ['tag.a'], ['user', 'model'], []][index % 5] ?? [];
      const { total } = await queryCosts(store.db, { ...RANGE, tenant: schedule.tenant, groupBy });
      expect(total.costUsd).toBe(formatPicoUsd(picoUsd(schedule.picoUsd)));
    }
  });

  it('leave both drift gauges at zero, with nothing to judge, to build or to repair', async () => {
    const drift = await driftGauges(store.db, { nowMs: nowMs(ROUNDS), windowMs: 40 * 86_400_000 });
    expect(drift).toMatchObject({ rawToLedgerCalls: 0, ledgerToRollupCalls: 0, ledgerToRollupUsd: '0' });
    expect(await judgeTraces(store.db, { nowMs: nowMs(ROUNDS) })).toMatchObject({ changedCalls: 0 });
    expect(await repair(store.db, RANGE)).toEqual({ calls: 0, edges: 0 });
    expect(await buildRollups(store.db, { nowMs: nowMs(ROUNDS + 24) })).toMatchObject({ quarters: 0 });
  });
});
