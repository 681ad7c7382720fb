import { DAY_MS, floorTo, utcMonth } from '../query/time-range.js';
import type { PublishedState, StalePeriod } from './published-state.js';

/** What a build holds, and what it publishes. */
export interface BuildPlan {
  readonly build: bigint;
  readonly state: PublishedState;
  /** Where the quarter hours begin that are built from the ledger; ascending. */
  readonly quarters: readonly number[];
  /** Days that are summed from quarter hours, or built from the ledger where there are no more quarter hours. */
  readonly days: readonly number[];
  /** Months that are summed from days. */
  readonly months: readonly number[];
  /** The open day, where its users are summed up to the seal; undefined where they are not. */
  readonly soFarDay: number | undefined;
  readonly sealedUntilMs: number;
  /** From where on the `recent` rollups hold every sealed quarter hour. */
  readonly detailFromMs: number;
  /** Whether this build is the first one that writes them. */
  readonly isFirstDetail: boolean;
  /** Earlier periods are added to, not built again. */
  readonly frozenUntilMs: number;
  /** Whether it holds the open quarter hours too. */
  readonly isOpen: boolean;
  /** Whether queries wait until it is published. */
  readonly isAwaited: boolean;
  /** Whether the hold that stands ends with this build. */
  readonly isRelease: boolean;
  readonly nowMs: number;
}

/** Quarter hours are frozen this long before their calls leave the ledger (half of the retention where that is less). */
export const FREEZE_MARGIN_MS = 2 * DAY_MS;
/**
 * A day or month that is older than a finer period in it is read in finer ones; it is summed again this long after the first
 * change, or at once after so many, so that many changes cost one sum.
 */
const SUM_AGAIN_AFTER_MS = 600_000;
const SUM_AGAIN_AFTER_CHANGES = 24;
/** Days that one build sums again, so that none of them takes long. */
const MAX_DAYS_SUMMED_AGAIN = 2;

/** What decides about days and months: the parts of a {@link BuildPlan} that are known before. */
export type DayNeeds = Pick<BuildPlan, 'state' | 'quarters' | 'sealedUntilMs' | 'detailFromMs' | 'nowMs'>;

/**
 * The days of a build: those that it seals; those without quarter hours of their own that changed; and some that are stale
 * for long. All other days that changed become stale, and are read in quarter hours until they are summed again.
 */
export function daysToBuild({ state, quarters, sealedUntilMs, detailFromMs, nowMs }: DayNeeds): readonly number[] {
  const days = new Set<number>();
  const lastDay = floorTo(sealedUntilMs, DAY_MS);
  for (const quarter of quarters) {
    const day = floorTo(quarter, DAY_MS);
    const wasSealed = day + DAY_MS <= state.sealedUntilMs;
    if (day < lastDay && (!wasSealed || day < detailFromMs)) days.add(day);
  }
  if (state.sealedUntilMs > 0) {
    for (let day = floorTo(state.sealedUntilMs, DAY_MS); day < lastDay; day += DAY_MS) days.add(day);
  }
  for (const day of duePeriods(state.staleDays, nowMs).slice(0, MAX_DAYS_SUMMED_AGAIN)) days.add(day);
  return [...days].toSorted((left, right) => left - right);
}

/**
 * The months of a build: those of its days, so that no month waits for days that were summed again, stale ones, and the
 * newest where a version before this one summed it and did not list its dearest users.
 */
export function monthsToBuild(days: readonly number[], state: PublishedState, nowMs: number): readonly number[] {
  const newest = Math.max(...state.monthsUntilMs.keys());
  const unlisted = Number.isFinite(newest) && !state.listedMonths.has(newest) ? [newest] : [];
  return [
    ...new Set([...days.map((day) => utcMonth(day).fromMs), ...duePeriods(state.staleMonths, nowMs), ...unlisted]),
  ];
}

/** The open day, where its users are to be summed: each time that the seal moves within it. */
export function soFarDayToBuild({ state, sealedUntilMs, detailFromMs }: DayNeeds): number | undefined {
  const day = floorTo(sealedUntilMs, DAY_MS);
  const isMoved = sealedUntilMs > state.sealedUntilMs && sealedUntilMs > day;
  return isMoved && day >= detailFromMs ? day : undefined;
}

function duePeriods(stale: ReadonlyMap<number, StalePeriod>, nowMs: number): readonly number[] {
  return [...stale]
    .filter(([, { changes, sinceMs }]) => changes >= SUM_AGAIN_AFTER_CHANGES || nowMs - sinceMs >= SUM_AGAIN_AFTER_MS)
    .toSorted(([, left], [, right]) => left.sinceMs - right.sinceMs)
    .map(([startMs]) => startMs);
}
