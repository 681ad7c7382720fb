export type { Database, FileInsert, QueryParameters } from './database.js';
export { openEmbeddedDatabase, recommendedThreadPoolSize } from './engine/embedded-database.js';
export { prepareDataDirectory } from './engine/data-directory.js';
export type { EmbeddedDatabase, EmbeddedDatabaseOptions, RunOptions } from './engine/embedded-database.js';
export type { EngineConnection, EngineSettings, RunResult } from './engine/engine-connection.js';
export type { ScratchDirectory } from './engine/scratch-directory.js';
export { StoreError } from './engine/store-error.js';
export type { StoreErrorCode, StoreErrorDetails } from './engine/store-error.js';
export { connectDatabase } from './server/server-database.js';
export type { ServerDatabaseOptions } from './server/server-database.js';
export {
  migrate,
  pendingMigrations,
  planMigration,
  type MigrateOptions,
  type MigrateResult,
  type PlanOptions,
} from './migrate/migrate.js';
export { SHARDING_KEYS, type ClusterTarget } from './migrate/cluster-statements.js';
export {
  readMigrations,
  renderMigration,
  renderStatements,
  type Migration,
  type MigrationTarget,
} from './migrate/migrations.js';
export type { CostGroup, CostMeasures } from './query/cost-rows.js';
export type { CostFilters, ScopeInput } from './query/cost-scope.js';
export { checkedDimension, DIMENSIONS, isDimension, type Dimension } from './query/dimensions.js';
export { utcDay, utcMonth, type TimeRange } from './query/time-range.js';
export { queryCosts, type CostQuery, type CostReport } from './query/query-costs.js';
export {
  resolveRates,
  pendingRateKeys,
  healCalls,
  MAX_RATE_KEYS,
  type RateResolver,
  type ResolveRatesResult,
} from './rates/resolve-rates.js';
export { writeRates, reloadRates, type ResolvedKey } from './rates/write-rates.js';
export type { ResolvedRates } from './rates/rate-rows.js';
export type { Grain } from './query/cost-source.js';
export {
  queryCostSeries,
  dailySpendSeries,
  type CostPoint,
  type CostSeriesQuery,
  type DailySpend,
} from './query/query-series.js';
export { queryTop, type TopReport } from './query/query-top.js';
export { queryLatency, type LatencyGroup } from './query/query-latency.js';
export { queryUnpricedUsage, type UnpricedUsage } from './query/query-unpriced-usage.js';
export { queryUnpriced, type UnpricedGroup, type UnpricedQuery } from './query/query-unpriced.js';
export { queryQuality, type QualityQuery, type UsageFigures } from './query/query-quality.js';
export { queryAnswerVersion } from './query/query-answer-version.js';
export { queryCountedSpans, type SpanToFind } from './query/query-counted-spans.js';
export { querySpendWindows, type SpendWindow, type WindowSpend } from './query/query-spend-windows.js';
export { buildRollups, type BuildHooks, type BuildOptions, type BuildResult } from './rollup/build-rollups.js';
export { createClickHouseInterface } from './interface/clickhouse-interface.js';
export type { ClickHouseInterface, ClickHouseInterfaceOptions } from './interface/clickhouse-interface.js';
export { judgeCalls, type Verdict, type VerdictName } from './judge/judge-calls.js';
export type { JudgedCall } from './judge/judged-call.js';
export type { SpanEdge } from './judge/span-tree.js';
export { judgeTraces, type JudgeResult } from './judge/judge-traces.js';
export type { JudgeOptions } from './judge/news.js';
export { LEDGER_VIEWS } from './ledger/ledger-view.js';
export { repair, type RepairRange, type RepairResult } from './upkeep/repair.js';
export { driftGauges, type DriftGauges, type DriftOptions } from './upkeep/drift-gauges.js';
export { dropOldBuilds, type DropOptions } from './upkeep/drop-old-builds.js';
export { applyRetention, type Retention } from './upkeep/retention.js';
export { backUp, type BackupResult } from './upkeep/back-up.js';
export { findRateChanges, refreshRates, type RateChanges } from './rates/refresh-rates.js';
export { previewReprice, type PreviewOptions } from './reprice/preview-reprice.js';
export { reprice, type RepriceHooks, type RepriceOptions, type RepriceResult } from './reprice/reprice.js';
export { dropHeldCalls, type DropHeldOptions } from './reprice/hold-ledger.js';
export { abandonReprice, recoverReprice, type AbandonOptions } from './reprice/abandon-reprice.js';
export { healUnpriced, type HealOptions } from './reprice/heal-unpriced.js';
export { listReprices, type RepriceCause, type RepriceState, type RepriceSummary } from './reprice/reprice-log.js';
export type { ModelFigures, RangeFigures } from './reprice/range-figures.js';
