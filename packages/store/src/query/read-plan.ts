import {
  CONVERSATION_DAY_ROLLUP,
  CUSTOMER_DAY_ROLLUP,
  DAY_ROLLUP,
  LOW_CARDINALITY_DIMENSIONS,
  QUARTER_ROLLUP,
  TAG_DAY_ROLLUP,
  TAG_QUARTER_ROLLUP,
  USER_DAY_ROLLUP,
  USER_MONTH_ROLLUP,
  USER_SO_FAR_ROLLUP,
  WIDE_QUARTER_ROLLUP,
  type RollupTable,
} from '../rollup/rollup-tables.js';
import type { PublishedState } from '../rollup/published-state.js';
import { tagOf, type Dimension } from './dimensions.js';
import { ceilTo, DAY_MS, floorTo, QUARTER_MS, subtractRanges, type TimeRange } from './time-range.js';

/** Which rows answer a query: every instant of its range is in exactly one of these. */
export interface ReadPlan {
  readonly rollups: readonly PlannedRollup[];
  /** Read from the ledger with FINAL. */
  readonly ledger: readonly TimeRange[];
}

/** What a plan reads of one rollup. */
export interface PlannedRollup {
  readonly table: RollupTable;
  readonly ranges: readonly TimeRange[];
  /**
   * Taken off: days that a month holds as they were, or quarter hours that the sums of the open day do, and that are read in
   * finer rows, or newer ones, besides.
   */
  readonly isSubtracted?: true;
  /** Read as it was with this build; default the newest. */
  readonly asOf?: bigint;
}

/** What a plan depends on besides time. */
export interface PlanNeeds {
  readonly dimensions: readonly Dimension[];
  /** The finest step of time that the answer tells apart: 0 for none, a quarter hour, or a whole UTC day. */
  readonly stepMs: 0 | typeof QUARTER_MS | typeof DAY_MS;
  readonly latency: boolean;
}

const LOW: ReadonlySet<string> = new Set(LOW_CARDINALITY_DIMENSIONS);
const DAY_TABLES: Readonly<Record<string, RollupTable>> = {
  user: USER_DAY_ROLLUP,
  customer: CUSTOMER_DAY_ROLLUP,
  conversation: CONVERSATION_DAY_ROLLUP,
};

/** The rollups that know all dimensions of a query, coarsest first; none when only the ledger does. */
function ladderFor({ dimensions, stepMs, latency }: PlanNeeds): readonly RollupTable[] {
  const stepsInDay = stepMs === QUARTER_MS;
  const days = (...tables: readonly RollupTable[]) => (stepsInDay ? [] : tables);
  if (dimensions.every((dimension) => LOW.has(dimension))) return [...days(DAY_ROLLUP), QUARTER_ROLLUP];
  if (latency) return [];
  const [only, ...others] = dimensions;
  if (only !== undefined && others.length === 0) {
    if (tagOf(only) !== undefined) return [...days(TAG_DAY_ROLLUP), TAG_QUARTER_ROLLUP];
    const table = DAY_TABLES[only];
    if (table !== undefined) {
      const [months, soFar] = table === USER_DAY_ROLLUP ? [[USER_MONTH_ROLLUP], days(USER_SO_FAR_ROLLUP)] : [[], []];
      return [...(stepMs === 0 ? months : []), ...days(table), ...soFar, WIDE_QUARTER_ROLLUP];
    }
  }
  return dimensions.some((dimension) => tagOf(dimension) !== undefined) ? [] : [WIDE_QUARTER_ROLLUP];
}

/**
 * Splits a range: whole sealed periods without newer rows are read from the coarsest rollup that knows the dimensions,
 * everything else (edges, open and dirty quarter hours) from the ledger. A day or month that is older than a finer period
 * in it is read in those. Where a build stands for the open quarter hours, a range that ends after it began ("until now")
 * has the whole of its last quarter hour as that build knows it.
 */
export function planRead(
  needs: PlanNeeds,
  range: TimeRange,
  state: PublishedState,
  dirtyQuartersMs: readonly number[],
): ReadPlan {
  const dirty = dirtyQuartersMs.map((fromMs) => ({ fromMs, toMs: fromMs + QUARTER_MS }));
  const endsOpen = state.quartersUntilMs > state.sealedUntilMs && range.toMs >= state.openAtMs;
  const whole = endsOpen ? { ...range, toMs: ceilTo(range.toMs, QUARTER_MS) } : range;
  let left: readonly TimeRange[] = range.toMs > range.fromMs ? [whole] : [];
  const rollups: PlannedRollup[] = [];
  for (const table of ladderFor(needs)) {
    if (table.grain === 'month') {
      const { months, changedDays } = left
        .flatMap((part) => monthsCovered(part, state, dirty))
        .reduce(joinMonths, NO_MONTHS);
      if (months.length === 0) continue;
      rollups.push({ table, ranges: months });
      if (changedDays.length > 0) rollups.push({ table: USER_DAY_ROLLUP, ranges: changedDays, isSubtracted: true });
      left = [...subtractRanges(left, months), ...changedDays];
      continue;
    }
    if (table.grain === 'so_far') {
      const soFar = left.flatMap((part) => coveredSoFar(part, state, dirty))[0];
      if (soFar === undefined) continue;
      rollups.push(...soFar.rollups);
      left = [...subtractRanges(left, [soFar.range]), ...soFar.changed];
      continue;
    }
    const ranges = left.flatMap((part) => coveredBy(table, part, state, dirty));
    if (ranges.length === 0) continue;
    rollups.push({ table, ranges });
    left = subtractRanges(left, ranges);
  }
  return { rollups, ledger: left };
}

/** The periods of a rollup that lie whole inside a range, sealed and without a dirty quarter hour; adjacent ones joined. */
function coveredBy(
  table: RollupTable,
  range: TimeRange,
  state: PublishedState,
  dirty: readonly TimeRange[],
): readonly TimeRange[] {
  const grainMs = table.grain === 'day' ? DAY_MS : QUARTER_MS;
  const whole = {
    fromMs: ceilTo(Math.max(range.fromMs, table.recent ? state.detailFromMs : 0), grainMs),
    toMs: floorTo(Math.min(range.toMs, table.grain === 'day' ? state.sealedUntilMs : state.quartersUntilMs), grainMs),
  };
  if (!(whole.toMs > whole.fromMs)) return [];
  const dirtyPeriods = dirty.map(({ fromMs }) => {
    const startMs = floorTo(fromMs, grainMs);
    return { fromMs: startMs, toMs: startMs + grainMs };
  });
  const staleDays = table.grain === 'day' ? [...state.staleDays.keys()] : [];
  const stalePeriods = staleDays.map((fromMs) => ({ fromMs, toMs: fromMs + DAY_MS }));
  return subtractRanges([whole], [...dirtyPeriods, ...stalePeriods]);
}

/** The open day as far as it is summed, and what in it has changed since. */
interface CoveredSoFar {
  readonly range: TimeRange;
  readonly changed: readonly TimeRange[];
  readonly rollups: readonly PlannedRollup[];
}

/** With more changed quarter hours the open day is read in quarter hours. Calls that end late change the last one or two. */
const MAX_CHANGED_QUARTERS = 6;

/**
 * The open day as far as it is summed, where all of that lies inside a range. Quarter hours that changed since (built again,
 * or dirty) are in the sums as they were: what the build of then says is taken off, and they are read again.
 */
function coveredSoFar(
  range: TimeRange,
  { soFar }: PublishedState,
  dirty: readonly TimeRange[],
): readonly CoveredSoFar[] {
  if (soFar === undefined) return [];
  const { dayMs: fromMs, untilMs: toMs } = soFar;
  const isWhole = range.fromMs <= fromMs && range.toMs >= toMs && toMs > fromMs;
  const quarters = new Set([...soFar.changedQuartersMs, ...dirty.map((quarter) => quarter.fromMs)]);
  const changed = [...quarters]
    .filter((quarter) => quarter >= fromMs && quarter < toMs)
    .toSorted((left, right) => left - right)
    .map((quarter) => ({ fromMs: quarter, toMs: quarter + QUARTER_MS }));
  if (!isWhole || changed.length > MAX_CHANGED_QUARTERS) return [];
  const then: PlannedRollup = { table: WIDE_QUARTER_ROLLUP, ranges: changed, isSubtracted: true, asOf: soFar.build };
  return [
    {
      range: { fromMs, toMs },
      changed,
      rollups: [{ table: USER_SO_FAR_ROLLUP, ranges: [{ fromMs, toMs }] }, ...(changed.length > 0 ? [then] : [])],
    },
  ];
}

/** Months that a rollup answers, and the days in them that changed since. */
interface CoveredMonths {
  readonly months: readonly TimeRange[];
  readonly changedDays: readonly TimeRange[];
}

const NO_MONTHS: CoveredMonths = { months: [], changedDays: [] };
/** A month with more changed days is read in days until it is summed again. */
const MAX_CHANGED_DAYS = 3;

function joinMonths(left: CoveredMonths, right: CoveredMonths): CoveredMonths {
  return { months: [...left.months, ...right.months], changedDays: [...left.changedDays, ...right.changedDays] };
}

/**
 * The summed months of a range. The days of one that changed since they were summed (stale, or with a dirty quarter hour)
 * are in the month as the day rollup still has them: what it says is taken off, and they are read again in finer rows.
 */
function monthsCovered(range: TimeRange, state: PublishedState, dirty: readonly TimeRange[]): readonly CoveredMonths[] {
  const changed = new Set([...state.staleDays.keys(), ...dirty.map(({ fromMs }) => floorTo(fromMs, DAY_MS))]);
  const days = [...changed]
    .toSorted((left, right) => left - right)
    .map((fromMs) => ({ fromMs, toMs: fromMs + DAY_MS }));
  return [...state.monthsUntilMs]
    .filter(([fromMs]) => !state.staleMonths.has(fromMs))
    .map(([fromMs, toMs]) => ({ fromMs, toMs }))
    .filter(({ fromMs, toMs }) => fromMs >= range.fromMs && toMs <= range.toMs && toMs > fromMs)
    .toSorted((left, right) => left.fromMs - right.fromMs)
    .map((month) => ({
      months: [month],
      changedDays: days.filter(({ fromMs }) => fromMs >= month.fromMs && fromMs < month.toMs),
    }))
    .filter(({ changedDays }) => changedDays.length <= MAX_CHANGED_DAYS);
}

/** Ranges joined where they touch or overlap; ascending. */
export function joinRanges(ranges: readonly TimeRange[]): readonly TimeRange[] {
  const joined: TimeRange[] = [];
  for (const range of ranges.toSorted((left, right) => left.fromMs - right.fromMs)) {
    const last = joined.at(-1);
    if (last !== undefined && range.fromMs <= last.toMs) {
      joined[joined.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, range.toMs) };
    } else joined.push(range);
  }
  return joined;
}
