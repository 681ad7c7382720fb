import type { Dimension } from '../query/dimensions.js';

/** Dimensions of few values: what the finest rollup is grouped by. */
export const LOW_CARDINALITY_DIMENSIONS = [
  'provider',
  'model',
  'operation',
  'service',
  'environment',
  'feature',
  'team',
  'project',
  'agent',
] as const satisfies readonly Dimension[];

/** How long a row of a rollup is, and which builds of `published` make it count. */
export type RollupGrain = 'quarter' | 'day' | 'month';

/** A rollup: where it is and what it can answer. */
export interface RollupTable {
  readonly name: string;
  readonly grain: RollupGrain;
  /** The column that holds where the period begins. */
  readonly timeColumn: 'quarter' | 'day' | 'month';
  /** The columns that it is grouped by, besides tenant and time. */
  readonly keys: readonly string[];
  /** Whether it holds usage by bucket and the histogram of latencies. */
  readonly detailed: boolean;
}

const row = (name: string, grain: RollupGrain, keys: readonly string[], detailed = false): RollupTable => ({
  name,
  grain,
  timeColumn: grain,
  keys,
  detailed,
});

export const QUARTER_ROLLUP = row('llm_cost_15m', 'quarter', LOW_CARDINALITY_DIMENSIONS, true);
export const DAY_ROLLUP = row('llm_cost_1d', 'day', LOW_CARDINALITY_DIMENSIONS, true);
export const USER_DAY_ROLLUP = row('llm_cost_daily_user', 'day', ['user']);
export const CUSTOMER_DAY_ROLLUP = row('llm_cost_daily_customer', 'day', ['customer']);
export const CONVERSATION_DAY_ROLLUP = row('llm_cost_daily_conversation', 'day', ['conversation']);
export const TAG_DAY_ROLLUP = row('llm_cost_daily_tag', 'day', ['tag_name', 'tag_value']);
export const USER_MONTH_ROLLUP = row('llm_cost_monthly_user', 'month', ['user']);

/** The rollups that are built from the ledger by day. */
export const DAY_ROLLUPS: readonly RollupTable[] = [
  DAY_ROLLUP,
  USER_DAY_ROLLUP,
  CUSTOMER_DAY_ROLLUP,
  CONVERSATION_DAY_ROLLUP,
  TAG_DAY_ROLLUP,
];

/** Every rollup. */
export const ROLLUP_TABLES: readonly RollupTable[] = [QUARTER_ROLLUP, ...DAY_ROLLUPS, USER_MONTH_ROLLUP];
