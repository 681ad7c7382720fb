import type { SpendQuery, SpendRow } from '@costel/budget';
import type { MetricFamily } from '../service/prometheus.js';
import type { CostReader } from './cost-reader.js';

/** What the service uses of the store. */
export interface StoreParts {
  readonly reader: CostReader;
  /** Spend of a window by the values of some dimensions. */
  readonly readSpend: (query: SpendQuery) => Promise<readonly SpendRow[]>;
  /** A text that changes whenever the ledger does; cheap beside a query of spend. */
  readonly readLedgerVersion: () => Promise<string>;
  /** Resolves rates of new (provider, model, tier) and heals their rows. */
  readonly resolveRates: () => Promise<void>;
  /** Judges traces with new spans: what counts, and what is told twice. */
  readonly judgeTraces: () => Promise<void>;
  /** Builds and publishes the rollups of dirty quarter hours. */
  readonly buildRollups: () => Promise<void>;
  /** Gauges of the store's own health, e.g. drift, which must stay 0. */
  readonly readGauges: () => Promise<readonly MetricFamily[]>;
  /** Answers when the store does. */
  readonly ping: () => Promise<void>;
}
