export {
  BUDGET_DIMENSIONS,
  BUDGET_WINDOWS,
  createBudget,
  DEFAULT_THRESHOLDS_PERCENT,
  FORECAST_CONFIDENCES,
  type Budget,
  type BudgetFilters,
  type BudgetOptions,
  type BudgetWindow,
  type ForecastConfidence,
} from './budget.js';
export { describeCrossing, formatUsd } from './describe.js';
export { BUDGET_ERROR_CODES, BudgetError, type BudgetErrorCode } from './error.js';
export {
  crossingKey,
  countedPicoUsd,
  evaluateBudget,
  evaluateForecast,
  formatScopeValue,
  hasReached,
  LATE_AFTER_PERIOD_END_MS,
  type BudgetSpend,
  type Crossing,
  type CrossingIdentity,
  type CrossingKind,
  type CrossingSeverity,
  type PeriodForecast,
  type ScopeValue,
} from './evaluate.js';
export { periodAt, periodBefore, type BudgetCalendar, type Period } from './period.js';
export {
  RESOLVE_HYSTERESIS_PERCENT,
  resolutionOf,
  type BudgetState,
  type OpenCrossing,
  type ResolutionReason,
} from './resolve.js';
export {
  assignSpend,
  LATE_DATA_HORIZON_MS,
  planSpendQueries,
  type BudgetWithSpend,
  type SpendQuery,
  type SpendRow,
} from './spend-plan.js';
export { addDays, calendarDateAt, isTimeZone, startOfDateMs, zoneOffsetMs, type CalendarDate } from './time-zone.js';
