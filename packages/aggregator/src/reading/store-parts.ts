import type { SpendQuery, SpendRow } from '@costel/budget';
import type { RangeFigures, RepriceResult, RepriceSummary, SpanToFind, TimeRange } from '@costel/store';
import type { MetricFamily } from '../service/prometheus.js';
import type { CostReader } from './cost-reader.js';

/** What the service uses of the store. */
export interface StoreParts {
  readonly reader: CostReader;
  /** Spend of a window by the values of some dimensions. */
  readonly readSpend: (query: SpendQuery) => Promise<readonly SpendRow[]>;
  /** Which of some spans are in whatever `readSpend` says from now on, with all that they will add, in their order. */
  readonly findCounted: (spans: readonly SpanToFind[]) => Promise<readonly boolean[]>;
  /** A text that changes whenever the ledger does, or the build that stands for its open hours; cheap beside a query of spend. */
  readonly readLedgerVersion: () => Promise<string>;
  /** Resolves rates of new (provider, model, tier) and heals their rows. */
  readonly resolveRates: () => Promise<void>;
  /** Judges traces with new spans: what counts, and what is told twice. */
  readonly judgeTraces: () => Promise<void>;
  /** Builds and publishes the rollups of dirty quarter hours. */
  readonly buildRollups: () => Promise<void>;
  /** Compares the stages of the store over the last quarter hour. */
  readonly measureDrift: () => Promise<void>;
  /** Deletes builds that nobody reads any more. */
  readonly dropOldBuilds: () => Promise<void>;
  /** Sets how long rows are kept, where that has changed. */
  readonly applyRetention: () => Promise<void>;
  /** Derives the ledger from the raw spans of a range again, where rows are missing. */
  readonly repair: (range: TimeRange) => Promise<{ readonly calls: number; readonly edges: number }>;
  /** What pricing the calls of a range again would change; changes nothing. */
  readonly previewReprice: (range: TimeRange) => Promise<RangeFigures>;
  /** Prices the calls of a range again; see `reprice` of the store. */
  readonly reprice: (range: TimeRange) => Promise<RepriceResult>;
  /**
   * Puts back what a re-pricing left that died; then new price data in force where there is some, and prices the calls that
   * waited for it.
   */
  readonly healUnpriced: () => Promise<void>;
  /** What was priced again lately, newest first. */
  readonly listReprices: () => Promise<readonly RepriceSummary[]>;
  /** Counts what is inconsistent within the last hour. */
  readonly measureQuality: () => Promise<void>;
  /** Gauges of the store's own health by the last measurement, e.g. drift, which must stay 0. */
  readonly readGauges: () => readonly MetricFamily[];
  /** Answers when the store does. */
  readonly ping: () => Promise<void>;
}
