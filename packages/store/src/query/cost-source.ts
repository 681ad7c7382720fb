import type { Database, QueryParameters } from '../database.js';
import type { PublishedState } from '../rollup/published-state.js';
import { planAndRead, readLive, readView, readViewAhead } from '../rollup/read-view.js';
import {
  DAY_ROLLUP,
  QUARTER_ROLLUP,
  TAG_DAY_ROLLUP,
  TAG_QUARTER_ROLLUP,
  type RollupTable,
} from '../rollup/rollup-tables.js';
import { querySql } from '../sql-files.js';
import {
  aliases,
  dimensionsOf,
  ledgerExpression,
  scopeFragments,
  scopeParameters,
  type CostScope,
  type DimensionExpression,
} from './cost-scope.js';
import { tagOf } from './dimensions.js';
import { latencyBucketSql } from './latency-buckets.js';
import { keptRows, noteAsked } from './kept-answers.js';
import { splitByHold } from './ledger-hold.js';
import { rangeCondition } from './range-condition.js';
import { planRead, type PlanNeeds, type ReadPlan } from './read-plan.js';
import { DAY_MS, instantText, QUARTER_MS, type TimeRange } from './time-range.js';

/**
 * Settings of every read with FINAL. Skip indexes stay exact under FINAL only in exact mode (a resend was counted in two
 * hours without it); rows of one key never lie in two partitions, for the partition is part of the key.
 */
export const FINAL_SETTINGS =
  'SETTINGS use_skip_indexes_if_final = 1, use_skip_indexes_if_final_exact_mode = 1, do_not_merge_across_partitions_select_final = 1';

/**
 * Limits a read of `llm_calls AS c` with FINAL to the days and hours of the key that can hold rows of a condition. A skip
 * index alone does not: under FINAL every part whose keys overlap is opened again, and keys begin with the tenant, so with
 * five tenants that is every part (60 of 60 measured, 2 with this). The hours are found without FINAL, by the index, and
 * are a superset; all versions of a row are in one of them. `partitions` names the parameter with the only partitions that
 * can hold such rows, where that is known.
 */
export function hoursOf(condition: string, ledger: LedgerTable = 'llm_calls', partitions?: string): string {
  const within = partitions === undefined ? '' : ` AND _partition_id IN {${partitions}:Array(String)}`;
  return `(toDate(c.started), toStartOfHour(c.started)) IN (
            SELECT DISTINCT toDate(c.started), toStartOfHour(c.started) FROM ${ledger} AS c WHERE (${condition})${within}
        )`;
}

/** The ledger, or the copy of those days of it that are being priced again. */
export type LedgerTable = 'llm_calls' | 'llm_calls_held';

/** Rows of `d0…, calls, …, cost_usd` for a scope and a range: what every cost query aggregates. */
export interface CostSource {
  readonly sql: string;
  readonly parameters: QueryParameters;
}

/** What a source adds to its dimensions. */
export interface SourceShape {
  /** A column `step`: where the step of time of a row begins. */
  readonly step?: StepShape | undefined;
  /** A column `latency`: calls by bucket. */
  readonly latency?: boolean;
}

/** The steps of a series. */
export interface StepShape {
  readonly grain: Grain;
  /** IANA name; where a day begins. */
  readonly timeZone: string;
}

/** `15m` and `hour` are steps of UTC, a `day` is one of the time zone. */
export type Grain = '15m' | 'hour' | 'day';

/**
 * The one function through which budgets, API and dashboards read costs: published builds for sealed periods, the ledger
 * with FINAL for edges, open and dirty quarter hours. Builds published while the query runs stay invisible to it.
 */
export async function costSource(
  db: Database,
  scope: CostScope,
  range: TimeRange,
  shape: SourceShape = {},
  view = readView(db),
): Promise<PlannedSource> {
  const { state, dirty } = await view;
  const plan = planRead(needsOf(scope, shape), range, state, dirty);
  const isLive = plan.ledger.length > 0 && state.quartersUntilMs === state.sealedUntilMs;
  const isBuilt = plan.ledger.length === 0 && plan.rollups.length > 0;
  return { ...sourceOfPlan(scope, plan, shape, state), isLive, isBuilt, endsOpen: range.toMs >= state.openAtMs };
}

/** A source, and what it goes by. */
interface PlannedSource extends CostSource {
  /** Whether it reads the ledger's newest calls. */
  readonly isLive: boolean;
  /** Whether it reads rollups alone: what it answers is that of one build, for ever. */
  readonly isBuilt: boolean;
  /** Whether its range ends after the build of the open quarter hours began. */
  readonly endsOpen: boolean;
}

/** A query over {@link costSource}. */
export interface SourceQuery {
  readonly scope: CostScope;
  readonly range: TimeRange;
  readonly shape?: SourceShape;
  /** Makes the statement out of its source. */
  readonly statement: (source: string) => string;
  /** Bound beside the parameters of the source. */
  readonly parameters?: QueryParameters;
}

/**
 * The rows of a query over {@link costSource}; what one has seen of the ledger, later ones see too. Those of rollups alone
 * are kept as long as their build is the newest, and what is asked again and again is answered ahead for each new build.
 */
export async function queryCostSource<Row extends object>(db: Database, query: SourceQuery): Promise<readonly Row[]> {
  const { rows, isBuilt, endsOpen } = await planAndRead(db, async () => {
    const { isLive, ...source } = await costSource(db, query.scope, query.range, query.shape);
    const sql = query.statement(source.sql);
    const parameters = { ...source.parameters, ...query.parameters };
    const read = async () => (source.isBuilt ? keptRows<Row>(db, sql, parameters) : db.query<Row>(sql, parameters));
    return { ...source, rows: await (isLive ? readLive(db, read) : read()) };
  });
  if (isBuilt)
    noteAsked(db, questionOf(query, endsOpen), async (nowMs) => answerAhead(db, query, endsOpen ? nowMs : 0));
  return rows;
}

/** What tells questions apart; of ranges that end now or later only where they begin. */
function questionOf({ scope, range, shape, statement, parameters }: SourceQuery, endsOpen: boolean): string {
  return JSON.stringify([scope, range.fromMs, endsOpen ? '' : range.toMs, shape, statement(''), parameters]);
}

/** Has the answer of a query ready that reads rollups alone, of its range until `untilMs` or its end. */
async function answerAhead(db: Database, query: SourceQuery, untilMs: number): Promise<void> {
  const range = { ...query.range, toMs: Math.max(query.range.toMs, untilMs) };
  await planAndRead(db, async () => {
    const { isBuilt, sql, parameters } = await costSource(db, query.scope, range, query.shape, readViewAhead(db));
    if (isBuilt) await keptRows(db, query.statement(sql), { ...parameters, ...query.parameters });
  });
}

function needsOf(scope: CostScope, { step, latency }: SourceShape): PlanNeeds {
  const stepMs = step === undefined ? 0 : step.grain === 'day' && step.timeZone === 'UTC' ? DAY_MS : QUARTER_MS;
  return { dimensions: dimensionsOf(scope), stepMs, latency: latency === true };
}

/** The statement of a plan: its parts side by side, each instant in one of them. */
export function sourceOfPlan(
  scope: CostScope,
  plan: ReadPlan,
  shape: SourceShape,
  state: Pick<PublishedState, 'snapshot' | 'hold' | 'partitionsWithin'>,
): CostSource {
  const { snapshot, hold } = state;
  const parts = plan.rollups.flatMap(({ table, ranges, isSubtracted, asOf }, index) => {
    const part: RollupPart = { table, ranges, shape, prefix: `r${index}` };
    return table === TAG_DAY_ROLLUP || table === TAG_QUARTER_ROLLUP
      ? tagSources(scope, part)
      : [rollupSource(scope, { ...part, sign: isSubtracted === true ? '-' : '', asOf })];
  });
  const { open, held } = splitByHold(plan.ledger, hold);
  if (held.length > 0) parts.push(ledgerSource(scope, { ranges: held, shape, ledger: 'llm_calls_held' }));
  if (open.length > 0 || parts.length === 0) {
    const partitions = state.partitionsWithin(open);
    parts.push(ledgerSource(scope, { ranges: open, shape, ledger: 'llm_calls', partitions }));
  }
  const zone = shape.step === undefined ? {} : { time_zone: shape.step.timeZone };
  const common: QueryParameters = { ...scopeParameters(scope), ...zone, snapshot };
  return {
    sql: parts.map((part) => part.sql).join('    UNION ALL\n'),
    parameters: Object.assign({}, common, ...parts.map((part) => part.parameters)) as QueryParameters,
  };
}

/** SQL: where the step begins that an instant lies in. The zone is bound as `time_zone`. */
function stepSql(instant: string, grain: Grain): string {
  if (grain === '15m') return `toStartOfFifteenMinutes(${instant})`;
  return grain === 'hour' ? `toStartOfHour(${instant})` : `toStartOfDay(${instant}, {time_zone:String})`;
}

/** `dimensions`, `filters` and `group_by` of one part, with the step of time among the dimensions. */
function partFragments(
  scope: CostScope,
  { step }: SourceShape,
  expression: DimensionExpression,
  instant: string,
): Readonly<Record<string, string>> {
  const { dimensions, filters } = scopeFragments(scope, expression);
  const groupColumns = [...aliases(scope), ...(step === undefined ? [] : ['step'])];
  return {
    dimensions: step === undefined ? dimensions : `${dimensions}${stepSql(instant, step.grain)} AS step,`,
    filters,
    group_by: groupColumns.length === 0 ? '' : `GROUP BY ${groupColumns.join(', ')}`,
  };
}

/** SQL: whether the latency of a call is measured: it counts, is a call and did not fail. */
export const IS_MEASURED = "c.counted AND c.error_type = '' AND c.cost_kind = '' AND c.duration_ns > 0";

/** Calls by bucket of latency: those that count, items that are no calls aside, and did not fail. */
export const LEDGER_LATENCY = `sumMapIf(map(${latencyBucketSql('c.duration_ns')}, toUInt64(1)), ${IS_MEASURED}) AS latency`;

interface LedgerPart {
  readonly ranges: readonly TimeRange[];
  readonly shape: SourceShape;
  readonly ledger: LedgerTable;
  readonly partitions?: readonly string[] | undefined;
}

function ledgerSource(scope: CostScope, { ranges, shape, ledger, partitions }: LedgerPart): CostSource {
  const condition = rangeCondition('c.counted_at', 'DateTime64', ranges, ledger === 'llm_calls' ? 'l' : 'h');
  const sql = querySql('source_ledger', {
    ledger,
    hours: hoursOf(condition.sql, ledger, partitions === undefined ? undefined : 'partitions'),
    ...partFragments(scope, shape, ledgerExpression, 'c.counted_at'),
    measures: querySql('ledger_measures').trim(),
    latency: shape.latency === true ? `,\n        ${LEDGER_LATENCY}` : '',
    ranges: condition.sql,
  });
  return { sql, parameters: { ...condition.parameters, ...(partitions === undefined ? {} : { partitions }) } };
}

interface RollupPart {
  readonly table: RollupTable;
  readonly ranges: readonly TimeRange[];
  readonly shape: SourceShape;
  readonly prefix: string;
  readonly expression?: DimensionExpression;
  readonly sign?: '' | '-';
  readonly asOf?: bigint | undefined;
  readonly tag?: string;
}

function rollupSource(scope: CostScope, part: RollupPart): CostSource {
  const { table, shape, prefix } = part;
  const isQuarter = table.grain === 'quarter';
  const time = `r.${table.timeColumn}`;
  const expression = part.expression ?? ((dimension) => `r.\`${dimension}\``);
  // What is summed of the open day ends within it, and its rows say the day.
  const ranges =
    table.grain === 'so_far' ? part.ranges.map(({ fromMs }) => ({ fromMs, toMs: fromMs + DAY_MS })) : part.ranges;
  const condition = rangeCondition(time, isQuarter ? 'DateTime' : 'Date', ranges, prefix);
  const fragments = partFragments(scope, shape, expression, isQuarter ? time : `toDateTime(${time}, 'UTC')`);
  const tagFilter = part.tag === undefined ? '' : `\n        AND r.tag_name = {${prefix}_tag:String}`;
  const sql = querySql('source_rollup', {
    ...fragments,
    filters: `${fragments['filters'] ?? ''}${tagFilter}`,
    sign: part.sign ?? '',
    latency: shape.latency === true ? ',\n        sumMap(r.latency) AS latency' : '',
    table: table.name,
    time,
    start: isQuarter ? 'start' : 'toDate(start)',
    grain: table.grain,
    // Of the builds of two years only those of the range.
    snapshot: part.asOf === undefined ? '{snapshot:UInt64}' : `{${prefix}_as_of:UInt64}`,
    published_from: ` AND start >= {${prefix}_first:DateTime('UTC')}`,
    ranges: condition.sql,
  });
  const first = instantText(Math.min(...part.ranges.map((range) => range.fromMs))).slice(0, 19);
  return {
    sql,
    parameters: {
      ...condition.parameters,
      [`${prefix}_first`]: first,
      ...(part.asOf === undefined ? {} : { [`${prefix}_as_of`]: part.asOf }),
      ...(part.tag === undefined ? {} : { [`${prefix}_tag`]: part.tag }),
    },
  };
}

/**
 * The rollup by tag has rows only of calls that have the tag. The others, whose tag is `''`, are all calls of the day
 * less those: the same sums, once added and once subtracted.
 */
function tagSources(scope: CostScope, { table, ranges, shape, prefix }: RollupPart): CostSource[] {
  const [dimension] = dimensionsOf(scope);
  const tag = (dimension === undefined ? undefined : tagOf(dimension)) ?? '';
  const none: DimensionExpression = () => "''";
  const all = table === TAG_DAY_ROLLUP ? DAY_ROLLUP : QUARTER_ROLLUP;
  return [
    rollupSource(scope, { table, ranges, shape, prefix: `${prefix}v`, tag, expression: () => 'r.tag_value' }),
    rollupSource(scope, { table: all, ranges, shape, prefix: `${prefix}a`, expression: none }),
    rollupSource(scope, { table, ranges, shape, prefix: `${prefix}t`, tag, expression: none, sign: '-' }),
  ];
}
