import {
  applyRetention,
  driftGauges,
  dropHeldCalls,
  dropOldBuilds,
  repair,
  type Database,
  type DriftGauges,
} from '@costel/store';
import type { RetentionConfig } from '../config/config.js';
import type { MetricFamily } from '../service/prometheus.js';
import type { StoreParts } from './store-parts.js';

/** What is compared: the last full quarter hour, so that the cost of it does not grow with what is stored. */
const DRIFT_WINDOW_MS = 900_000;

type Upkeep = Pick<StoreParts, 'measureDrift' | 'dropOldBuilds' | 'applyRetention' | 'repair' | 'readGauges'>;

function driftFamilies(drift: DriftGauges): MetricFamily[] {
  return [
    {
      name: 'costel_drift_raw_to_ledger_calls',
      help: 'Billable spans without their ledger row in the last quarter hour; must be 0, "costel repair" closes it.',
      type: 'gauge',
      samples: [{ value: drift.rawToLedgerCalls }],
    },
    {
      name: 'costel_drift_ledger_to_rollup_calls',
      help: 'Calls by which published quarter hours differ from the ledger; must be 0.',
      type: 'gauge',
      samples: [{ value: drift.ledgerToRollupCalls }],
    },
    {
      name: 'costel_drift_ledger_to_rollup_usd',
      help: 'Dollars by which published quarter hours differ from the ledger; must be 0.',
      type: 'gauge',
      samples: [{ value: Number(drift.ledgerToRollupUsd) }],
    },
  ];
}

/** Whether the tables are kept as long as they shall be; a change of TTL rewrites parts, so none is made for nothing. */
async function isRetentionSet(database: Database, retention: RetentionConfig): Promise<boolean> {
  const rows = await database.query<{ name: string; engine_full: string }>(
    "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN ('otel_traces', 'llm_calls')",
  );
  const wanted: Readonly<Record<string, number>> = { otel_traces: retention.rawDays, llm_calls: retention.ledgerDays };
  return rows.every(({ name, engine_full: engine }) => engine.includes(`toIntervalDay(${wanted[name] ?? 0})`));
}

/** The work that keeps a store in order; see `StoreParts`. */
export function createUpkeep(database: Database, retention: RetentionConfig, clock: () => number): Upkeep {
  let gauges: readonly MetricFamily[] = [];
  return {
    measureDrift: async () => {
      gauges = driftFamilies(await driftGauges(database, { nowMs: clock(), windowMs: DRIFT_WINDOW_MS }));
    },
    dropOldBuilds: async () => {
      await dropOldBuilds(database, { nowMs: clock() });
      await dropHeldCalls(database, { nowMs: clock() });
    },
    applyRetention: async () => {
      if (!(await isRetentionSet(database, retention))) await applyRetention(database, retention);
    },
    repair: (range) => repair(database, { from: new Date(range.fromMs), to: new Date(range.toMs) }),
    readGauges: () => gauges,
  };
}
