import type { Database } from '../database.js';
import { USAGE_COLUMNS } from '../ledger/buckets.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { ORIGINALS_BELOW } from '../ledger/revisions.js';
import { hoursOf, FINAL_SETTINGS, IS_MEASURED, LEDGER_LATENCY } from '../query/cost-source.js';
import { latencyBucketSql } from '../query/latency-buckets.js';
import { rangeCondition } from '../query/range-condition.js';
import { instantText, type TimeRange } from '../query/time-range.js';
import { querySql } from '../sql-files.js';
import {
  TAG_DAY_ROLLUP,
  TAG_QUARTER_ROLLUP,
  WIDE_QUARTER_ROLLUP,
  type DayRollup,
  type RollupTable,
} from './rollup-tables.js';

/** The columns of every rollup that are added up. */
const MEASURES = [
  'calls',
  'unpriced_calls',
  'estimated_calls',
  'error_calls',
  'input_tokens',
  'output_tokens',
  'cost_usd',
] as const;

/** Tags of one call that the rollup by tag knows; all are in the ledger. */
const MAX_TAGS = 32;

/** How the keys of a rollup are written over the ledger, where they are not columns of it. */
const TAG_KEYS: Readonly<Record<string, string>> = { tag_name: 'tag', tag_value: 'c.tags[tag]' };

const SETTINGS = `${FINAL_SETTINGS}, max_partitions_per_insert_block = 0`;

function detailColumns(table: RollupTable): readonly string[] {
  return table.detailed ? USAGE_COLUMNS : [];
}

/** The columns of a rollup's rows, in the order in which statements write them. */
function columnList(table: RollupTable): string {
  const columns = ['build', 'tenant', table.timeColumn, ...table.keys, ...MEASURES, ...detailColumns(table)];
  return [...columns, ...(table.detailed ? ['latency'] : [])].map((column) => `\`${column}\``).join(', ');
}

/** The fragments that say how a rollup is read from the ledger. */
function ledgerFragments(table: RollupTable) {
  const isTag = table === TAG_DAY_ROLLUP || table === TAG_QUARTER_ROLLUP;
  const keys = table.keys.map((key) => `${isTag ? (TAG_KEYS[key] ?? key) : `c.\`${key}\``} AS k_${key},`);
  const details = [
    ...detailColumns(table).map((column) => `sum(c.${column}) AS s_${column}`),
    ...(table.detailed ? [LEDGER_LATENCY] : []),
  ];
  return {
    table: table.name,
    columns: columnList(table),
    period: table.grain === 'quarter' ? 'toStartOfFifteenMinutes(c.counted_at)' : 'toDate(c.counted_at)',
    keys: keys.join(' '),
    measures: querySql('ledger_measures').trim(),
    details: details.length === 0 ? '' : `,\n        ${details.join(', ')}`,
    // A hostile span may say a tag twice, or thousands of them.
    array_join: isTag ? `ARRAY JOIN arraySlice(arrayDistinct(mapKeys(c.tags)), 1, ${MAX_TAGS}) AS tag` : '',
    group_keys: table.keys.map((key) => `k_${key}`).join(', '),
    settings: SETTINGS,
  };
}

/** What {@link writeRollup} writes. */
export interface LedgerPeriods {
  readonly build: bigint;
  readonly ranges: readonly TimeRange[];
  /** The only partitions of the ledger that can hold calls of the ranges, where that is known. */
  readonly partitions: readonly string[] | undefined;
  /** Calls that were counted earlier and wait for their price are left out. */
  readonly pendingFromMs: number;
}

function periodParameters({ build, partitions, pendingFromMs }: LedgerPeriods) {
  const pending_from = instantText(pendingFromMs);
  return { build, pending_from, ...(partitions === undefined ? {} : { partitions }) };
}

/** Writes the rows of a build for whole periods, from the ledger as it is now. */
export async function writeRollup(db: Database, table: RollupTable, periods: LedgerPeriods): Promise<void> {
  const { ranges, partitions } = periods;
  const condition = rangeCondition('c.counted_at', 'DateTime64', ranges, 'l');
  const sql = querySql('build_rollup', {
    ...ledgerFragments(table),
    ranges: condition.sql,
    hours: hoursOf(condition.sql, 'llm_calls', partitions === undefined ? undefined : 'partitions'),
  });
  await db.command(sql, { ...condition.parameters, ...periodParameters(periods) });
}

/** The columns of `llm_cost_build`, through which one read of the ledger fills {@link QUARTER_ROLLUPS}, and what they are. */
const CALL_COLUMNS: Readonly<Record<string, string>> = {
  tenant: 'c.tenant',
  quarter: 'toStartOfFifteenMinutes(c.counted_at)',
  ...Object.fromEntries(WIDE_QUARTER_ROLLUP.keys.map((key) => [key, `c.\`${key}\``])),
  tags: 'c.tags',
  calls: 'c.counted',
  unpriced_calls:
    "c.counted AND c.cost_usd IS NULL AND (c.cost_status IN ('unpriced', 'pending') OR c.cost_reason = 'usage_missing')",
  estimated_calls: "c.counted AND c.usage_quality = 'estimated'",
  error_calls: "c.counted AND c.error_type != ''",
  input_tokens: 'c.input_tokens',
  output_tokens: 'c.output_tokens',
  cost_usd: 'ifNull(c.cost_usd, toDecimal128(0, 12))',
  ...Object.fromEntries(USAGE_COLUMNS.map((column) => [column, `c.${column}`])),
  latency_bucket: latencyBucketSql('c.duration_ns'),
  latency_calls: IS_MEASURED,
};

/** What {@link writeQuarters} writes. */
export interface QuarterHours extends LedgerPeriods {
  /** Whether it may take all cores: what readers wait for is built so, and the open quarter hours, again and again, are not. */
  readonly isUrgent: boolean;
}

/** Writes the rows of a build for quarter hours into every rollup of quarter hours, in one read of the ledger. */
export async function writeQuarters(db: Database, periods: QuarterHours): Promise<void> {
  const { ranges, partitions, isUrgent } = periods;
  const condition = rangeCondition('c.counted_at', 'DateTime64', ranges, 'l');
  const sql = querySql('build_quarters', {
    columns: Object.keys(CALL_COLUMNS)
      .map((column) => `\`${column}\``)
      .join(', '),
    values: Object.entries(CALL_COLUMNS)
      .map(([column, value]) => `${value} AS \`r_${column}\``)
      .join(',\n    '),
    ranges: condition.sql,
    hours: hoursOf(condition.sql, 'llm_calls', partitions === undefined ? undefined : 'partitions'),
    settings: `${SETTINGS}, ${isUrgent ? 'parallel_view_processing = 1' : BACKGROUND_SETTINGS}`,
  });
  await db.command(sql, { ...condition.parameters, ...periodParameters(periods) });
}

/** Which days {@link sumDays} sums. */
export interface DaySums {
  readonly build: bigint;
  /** UTC days, e.g. `2026-11-22`. */
  readonly days: readonly string[];
  /** Where the quarter hours begin that this build holds. */
  readonly quarters: readonly string[];
  /** Where the last of the days ends, or up to where it is summed, e.g. `2026-11-22 18:15:00`. */
  readonly until: string;
}

/** Writes the rows of a build for whole days from quarter hours: what it costs does not depend on the number of calls. */
export async function sumDays(
  db: Database,
  table: DayRollup,
  { build, days, quarters, until }: DaySums,
): Promise<void> {
  const sums = [...MEASURES, ...detailColumns(table)].map((column) => `sum(r.${column}) AS s_${column}`);
  const sql = querySql('sum_days', {
    table: table.name,
    source: table.quarters.name,
    columns: columnList(table),
    keys: table.keys.map((key) => `r.\`${key}\` AS k_${key},`).join(' '),
    sums: [...sums, ...(table.detailed ? ['sumMap(r.latency) AS s_latency'] : [])].join(', '),
    group_keys: table.keys.map((key) => `k_${key}`).join(', '),
  });
  await db.command(sql, { build, days, quarters, until });
}

/** Users of a list: who is not in it costs less than any of them. */
export const TOP_LIST_SIZE = 5000;

/** Lists the dearest users of periods that a build has summed; `table` is that of months, or of the open day. */
export async function listTopUsers(
  db: Database,
  table: RollupTable,
  build: bigint,
  starts: readonly string[],
): Promise<void> {
  const sql = querySql('build_top_users', { table: table.name, time: table.timeColumn });
  await db.command(sql, { build, grain: table.grain, starts, size: TOP_LIST_SIZE });
}

/** A condition over `llm_calls AS c FINAL`: the calls of frozen ranges that no published build has counted. */
function newlyAdjusted(ranges: readonly TimeRange[], readBlocks: ReadonlyMap<string, bigint>) {
  const ledger = rangeCondition('c.counted_at', 'DateTime64', ranges, 'l');
  return {
    sql: querySql('newly_adjusted', { ranges: ledger.sql, hours: hoursOf(ledger.sql) }).trim(),
    parameters: {
      ...ledger.parameters,
      partitions: [...readBlocks.keys()],
      blocks: [...readBlocks.values()],
      originals_below: ORIGINALS_BELOW,
    },
  };
}

/** Writes down which calls a build adds to frozen ranges; see {@link adjustRollup}. Before the build is published. */
export async function recordAdjustedCalls(
  db: Database,
  build: bigint,
  ranges: readonly TimeRange[],
  readBlocks: ReadonlyMap<string, bigint>,
): Promise<void> {
  const { sql, parameters } = newlyAdjusted(ranges, readBlocks);
  await db.command(querySql('adjusted_calls', { newly_adjusted: sql, settings: SETTINGS }), { ...parameters, build });
}

/** Writes the rows of a build for periods whose calls have left the ledger: what is published plus what is new. */
export async function adjustRollup(
  db: Database,
  table: RollupTable,
  build: bigint,
  ranges: readonly TimeRange[],
  readBlocks: ReadonlyMap<string, bigint>,
): Promise<void> {
  const adjusted = newlyAdjusted(ranges, readBlocks);
  const isQuarter = table.grain === 'quarter';
  const published = rangeCondition(`r.${table.timeColumn}`, isQuarter ? 'DateTime' : 'Date', ranges, 'p');
  const sums = [...MEASURES, ...detailColumns(table).map((column) => `s_${column}`)];
  const asInteger = (column: string) => (column === 'cost_usd' ? `r.${column}` : `toInt64(r.${column})`);
  const measures = [
    ...MEASURES.map((column) => `${asInteger(column)} AS ${column}`),
    ...detailColumns(table).map((column) => `r.${column} AS s_${column}`),
    ...(table.detailed ? ['r.latency AS latency'] : []),
  ];
  const sql = querySql('adjust_rollup', {
    ...ledgerFragments(table),
    time: table.timeColumn,
    start: isQuarter ? 'start' : 'toDate(start)',
    grain: table.grain,
    sums: [...sums.map((column) => `sum(${column})`), ...(table.detailed ? ['sumMap(latency)'] : [])].join(', '),
    rollup_keys: table.keys.map((key) => `r.\`${key}\` AS k_${key},`).join(' '),
    rollup_measures: measures.join(', '),
    newly_adjusted: adjusted.sql,
    rollup_ranges: published.sql,
  });
  await db.command(sql, { ...adjusted.parameters, ...published.parameters, build });
}
