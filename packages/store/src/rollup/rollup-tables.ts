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

/** Dimensions of many values, each a column of the ledger. */
export const HIGH_CARDINALITY_DIMENSIONS = ['user', 'customer', 'conversation'] as const satisfies readonly Dimension[];

/** How long a row of a rollup is, and which builds of `published` make it count. */
export type RollupGrain = 'quarter' | 'day' | 'month' | 'so_far';

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
  /** Whether it holds the last weeks only, from `PublishedState.detailFromMs` on. */
  readonly recent: boolean;
}

/** A rollup of UTC days, and the rollup of quarter hours that it is summed from while there is one. */
export interface DayRollup extends RollupTable {
  readonly quarters: RollupTable;
}

const quarterRollup = (
  name: string,
  keys: readonly string[],
  flags: { detailed?: true; recent?: true },
): RollupTable => ({
  name,
  grain: 'quarter',
  timeColumn: 'quarter',
  keys,
  detailed: flags.detailed === true,
  recent: flags.recent === true,
});

const dayRollup = (name: string, keys: readonly string[], quarters: RollupTable): DayRollup => ({
  name,
  grain: 'day',
  timeColumn: 'day',
  keys,
  detailed: quarters.detailed,
  recent: false,
  quarters,
});

export const QUARTER_ROLLUP = quarterRollup('llm_cost_15m', LOW_CARDINALITY_DIMENSIONS, { detailed: true });
/** Every dimension that is a column: about two rows for five calls. */
export const WIDE_QUARTER_ROLLUP = quarterRollup(
  'llm_cost_15m_wide',
  [...LOW_CARDINALITY_DIMENSIONS, ...HIGH_CARDINALITY_DIMENSIONS],
  { recent: true },
);
export const TAG_QUARTER_ROLLUP = quarterRollup('llm_cost_15m_tag', ['tag_name', 'tag_value'], { recent: true });

export const DAY_ROLLUP = dayRollup('llm_cost_1d', LOW_CARDINALITY_DIMENSIONS, QUARTER_ROLLUP);
export const USER_DAY_ROLLUP = dayRollup('llm_cost_daily_user', ['user'], WIDE_QUARTER_ROLLUP);
export const CUSTOMER_DAY_ROLLUP = dayRollup('llm_cost_daily_customer', ['customer'], WIDE_QUARTER_ROLLUP);
export const CONVERSATION_DAY_ROLLUP = dayRollup('llm_cost_daily_conversation', ['conversation'], WIDE_QUARTER_ROLLUP);
export const TAG_DAY_ROLLUP = dayRollup('llm_cost_daily_tag', ['tag_name', 'tag_value'], TAG_QUARTER_ROLLUP);
export const USER_MONTH_ROLLUP: RollupTable = {
  name: 'llm_cost_monthly_user',
  grain: 'month',
  timeColumn: 'month',
  keys: ['user'],
  detailed: false,
  recent: false,
};

/**
 * The users of the open day, summed up to the seal: rows of the day rollup under a build that is published as no day. Its
 * only period is `PublishedState.soFar`.
 */
export const USER_SO_FAR_ROLLUP: RollupTable = {
  name: USER_DAY_ROLLUP.name,
  grain: 'so_far',
  timeColumn: 'day',
  keys: ['user'],
  detailed: false,
  recent: false,
};

/** The rollups that are built from the ledger, a quarter hour at a time. */
export const QUARTER_ROLLUPS: readonly RollupTable[] = [QUARTER_ROLLUP, WIDE_QUARTER_ROLLUP, TAG_QUARTER_ROLLUP];

/** The rollups of whole days. */
export const DAY_ROLLUPS: readonly DayRollup[] = [
  DAY_ROLLUP,
  USER_DAY_ROLLUP,
  CUSTOMER_DAY_ROLLUP,
  CONVERSATION_DAY_ROLLUP,
  TAG_DAY_ROLLUP,
];

/** Every rollup. */
export const ROLLUP_TABLES: readonly RollupTable[] = [...QUARTER_ROLLUPS, ...DAY_ROLLUPS, USER_MONTH_ROLLUP];
