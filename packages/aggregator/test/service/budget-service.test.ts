import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createOutbox, type AlertRecord, type Outbox } from '@costel/notify';
import { migrate, openEmbeddedDatabase, readMigrations, type Database } from '@costel/store';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/config/load-config.js';
import { createBudgetService, type BudgetService } from '../../src/service/budget-service.js';

const USD = 1_000_000_000_000n;
/** The day on which Berlin's clocks go back: 25 hours. */
const LONG_DAY = { startMs: Date.parse('2026-10-24T22:00Z'), endMs: Date.parse('2026-10-25T23:00Z') };
const DAY_AFTER = LONG_DAY.endMs;

const directory = mkdtempSync(join(tmpdir(), 'costel-budgets-'));
let database: Database;
let nowMs = 0;
let ledgerVersion = 0;
let reads = 0;
/** Dollars by the start of the period that they were spent in. */
const spentUsd = new Map<number, bigint>();

beforeAll(async () => {
  database = await openEmbeddedDatabase({ dataDirectory: directory });
  await migrate(database, { migrations: readMigrations().filter(({ number }) => number >= 200 && number < 300) });
});

afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  await database.command('TRUNCATE TABLE alert_events');
  spentUsd.clear();
  reads = 0;
});

/** A process: its own outbox and service on the same tables. */
function start(yaml = '{ name: all, limit_usd: 10, window: day, time_zone: Europe/Berlin, thresholds: [50, 100] }'): {
  readonly service: BudgetService;
  readonly outbox: Outbox;
} {
  const outbox = createOutbox({ database, channels: [], clock: () => nowMs });
  const service = createBudgetService({
    config: parseConfig(`budgets: [${yaml}]`, 'costel.yaml'),
    readSpend: ({ period }) => {
      reads += 1;
      return Promise.resolve([{ values: {}, spentPicoUsd: (spentUsd.get(period.startMs) ?? 0n) * USD }]);
    },
    readLedgerVersion: () => Promise.resolve(String(ledgerVersion)),
    outbox,
    publicUrl: () => 'http://127.0.0.1:4320',
    clock: () => nowMs,
  });
  return { service, outbox };
}

/** Moves the clock, lets the ledger have changed, evaluates. */
async function evaluateAt(service: BudgetService, atMs: number): Promise<void> {
  nowMs = atMs;
  ledgerVersion += 1;
  await service.evaluate();
}

/** Alerts as `threshold state of the period's start`, oldest first. */
async function alertsOf(outbox: Outbox): Promise<string[]> {
  const records = await outbox.listAlerts({ sinceMs: LONG_DAY.startMs });
  const text = ({ alert, state }: AlertRecord): string =>
    `${alert.thresholdPercent} ${alert.isLate ? 'late ' : ''}${state} ${new Date(alert.period?.startMs ?? 0).toISOString()}`;
  return records.map(text).toSorted();
}

const LONG = '2026-10-24T22:00:00.000Z';
const AFTER = '2026-10-25T23:00:00.000Z';

describe('a budget of a day in Berlin', () => {
  it('begins anew at the end of a day of 25 hours and not after 24, and fires again in the next', async () => {
    const { service, outbox } = start();
    spentUsd.set(LONG_DAY.startMs, 5n);
    await evaluateAt(service, LONG_DAY.startMs);
    await evaluateAt(service, LONG_DAY.startMs + 24 * 3_600_000);
    await evaluateAt(service, LONG_DAY.endMs - 1);
    expect(await alertsOf(outbox)).toEqual([`50 firing ${LONG}`]);
    expect((await service.readStatuses()).map(({ spend }) => spend.spentPicoUsd)).toEqual([5n * USD]);

    await evaluateAt(service, LONG_DAY.endMs);
    expect(await alertsOf(outbox)).toEqual([`50 resolved ${LONG}`]);
    expect((await service.readStatuses()).map(({ spend }) => spend.spentPicoUsd)).toEqual([0n]);

    spentUsd.set(DAY_AFTER, 10n);
    await evaluateAt(service, LONG_DAY.endMs + 1);
    expect(await alertsOf(outbox)).toEqual([`100 firing ${AFTER}`, `50 firing ${AFTER}`, `50 resolved ${LONG}`]);
  });

  it('fires once over restarts, before the end of its period and after it', async () => {
    spentUsd.set(LONG_DAY.startMs, 5n);
    await evaluateAt(start().service, LONG_DAY.startMs + 1);
    await evaluateAt(start().service, LONG_DAY.startMs + 2);
    const { service, outbox } = start();
    await evaluateAt(service, LONG_DAY.endMs);
    await evaluateAt(start().service, LONG_DAY.endMs + 60_000);
    expect(await alertsOf(outbox)).toEqual([`50 resolved ${LONG}`]);
    const events = await database.query<{ state: string }>('SELECT state FROM alert_events ORDER BY raised_at');
    expect(events.map(({ state }) => state)).toEqual(['firing', 'resolved']);
  });

  it('tells late data in its own period, marked and over at once, until 48 hours after its end', async () => {
    const { service, outbox } = start();
    await evaluateAt(service, DAY_AFTER);
    spentUsd.set(LONG_DAY.startMs, 5n);
    await evaluateAt(service, LONG_DAY.endMs + 48 * 3_600_000);
    expect(await alertsOf(outbox)).toEqual([]);
    await evaluateAt(service, LONG_DAY.endMs + 48 * 3_600_000 - 1);
    expect(await alertsOf(outbox)).toEqual([`50 late resolved ${LONG}`]);
  });

  it('is read again when the ledger has changed, and after 15 seconds without a change', async () => {
    const { service } = start();
    await evaluateAt(service, LONG_DAY.startMs + 3_600_000 * 60);
    const perEvaluation = reads;
    nowMs += 14_999;
    await service.evaluate();
    expect(reads).toBe(perEvaluation);
    nowMs += 1;
    await service.evaluate();
    expect(reads).toBe(2 * perEvaluation);
    ledgerVersion += 1;
    await service.evaluate();
    expect(reads).toBe(3 * perEvaluation);
  });
});
