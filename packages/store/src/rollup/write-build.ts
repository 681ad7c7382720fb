import type { Database } from '../database.js';
import { joinRanges } from '../query/read-plan.js';
import { DAY_MS, floorTo, instantText, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { querySql } from '../sql-files.js';
import { FREEZE_MARGIN_MS, type BuildPlan } from './build-plan.js';
import { changedPartitions } from './published-state.js';
import {
  DAY_ROLLUPS,
  QUARTER_ROLLUP,
  QUARTER_ROLLUPS,
  USER_DAY_ROLLUP,
  USER_MONTH_ROLLUP,
  USER_SO_FAR_ROLLUP,
  type RollupTable,
} from './rollup-tables.js';
import { twoAtATime } from './two-at-a-time.js';
import {
  adjustRollup,
  listTopUsers,
  recordAdjustedCalls,
  sumDays,
  writeQuarters,
  writeRollup,
} from './write-rollup.js';

/** Quarter hours that one statement builds, so that its memory does not grow with what has changed. */
const MAX_QUARTERS_AT_ONCE = 384;

/** Writes every row of a build; none is visible before it is published. */
export async function writeBuild(db: Database, plan: BuildPlan): Promise<void> {
  const { build, quarters, days, detailFromMs } = plan;
  const withDetail = quarters.filter((quarter) => quarter >= detailFromMs);
  const older = quarters.filter((quarter) => quarter < detailFromMs);
  await writeLiveQuarters(db, plan, withDetail);
  await writePeriods(db, plan, QUARTER_ROLLUP, older);
  await twoAtATime(QUARTER_ROLLUPS, async (table) => addToFrozen(db, plan, table, withDetail));
  const frozen = quarters.filter((quarter) => isFrozen(plan, quarter));
  if (frozen.length > 0) {
    await recordAdjustedCalls(db, build, rangesOf(frozen, QUARTER_MS), changedPartitions(plan.state));
  }
  const fromQuarters = days.filter((day) => day >= detailFromMs);
  const fromLedger = days.filter((day) => day < detailFromMs);
  await twoAtATime(DAY_ROLLUPS, async (table) => {
    if (fromLedger.length > 0) await writePeriods(db, plan, table, fromLedger);
    if (fromQuarters.length === 0) return;
    const until = fromQuarters.at(-1) ?? 0;
    await sumDays(db, table, {
      build,
      days: fromQuarters.map(dateText),
      quarters: quarters.map(secondText),
      until: secondText(until + DAY_MS),
    });
  });
  await writeUserSums(db, plan);
}

/** The users of whole months, and of the open day up to the seal, with the dearest of each listed. */
async function writeUserSums(
  db: Database,
  { build, quarters, days, months, soFarDay, sealedUntilMs }: BuildPlan,
): Promise<void> {
  if (months.length > 0) {
    await db.command(querySql('build_user_months'), {
      build,
      months: months.map(dateText),
      until: dateText(floorTo(sealedUntilMs, DAY_MS)),
      days: days.map(dateText),
    });
    await listTopUsers(db, USER_MONTH_ROLLUP, build, months.map(dateText));
  }
  if (soFarDay === undefined) return;
  const sealed = quarters.filter((quarter) => quarter < sealedUntilMs);
  await sumDays(db, USER_DAY_ROLLUP, {
    build,
    days: [dateText(soFarDay)],
    quarters: sealed.map(secondText),
    until: secondText(sealedUntilMs),
  });
  await listTopUsers(db, USER_SO_FAR_ROLLUP, build, [dateText(soFarDay)]);
}

/** Builds quarter hours of every rollup of them from the ledger, but for those whose calls may have left it. */
async function writeLiveQuarters(db: Database, plan: BuildPlan, quarters: readonly number[]): Promise<void> {
  const live = quarters.filter((quarter) => !isFrozen(plan, quarter));
  for (let index = 0; index < live.length; index += MAX_QUARTERS_AT_ONCE) {
    const ranges = rangesOf(live.slice(index, index + MAX_QUARTERS_AT_ONCE), QUARTER_MS);
    const partitions = plan.state.partitionsWithin(ranges);
    const isUrgent = !plan.isOpen || plan.isAwaited;
    await writeQuarters(db, { build: plan.build, ranges, partitions, pendingFromMs: pendingFrom(plan), isUrgent });
  }
}

/** Builds periods of one rollup from the ledger; to those whose calls may have left it, what is new is added. */
async function writePeriods(
  db: Database,
  plan: BuildPlan,
  table: RollupTable,
  starts: readonly number[],
): Promise<void> {
  const { build, state } = plan;
  const lengthMs = table.grain === 'day' ? DAY_MS : QUARTER_MS;
  const atOnce = MAX_QUARTERS_AT_ONCE / (lengthMs / QUARTER_MS);
  const live = starts.filter((start) => !isFrozen(plan, start));
  for (let index = 0; index < live.length; index += atOnce) {
    const ranges = rangesOf(live.slice(index, index + atOnce), lengthMs);
    const partitions = state.partitionsWithin(ranges);
    await writeRollup(db, table, { build, ranges, partitions, pendingFromMs: pendingFrom(plan) });
  }
  await addToFrozen(db, plan, table, starts);
}

/** Adds what is new to periods of one rollup whose calls may have left the ledger. */
async function addToFrozen(
  db: Database,
  plan: BuildPlan,
  table: RollupTable,
  starts: readonly number[],
): Promise<void> {
  const lengthMs = table.grain === 'day' ? DAY_MS : QUARTER_MS;
  const frozen = starts.filter((start) => isFrozen(plan, start));
  if (frozen.length === 0) return;
  await adjustRollup(db, table, plan.build, rangesOf(frozen, lengthMs), changedPartitions(plan.state));
}

/** Whether a period is added to. On the first build nothing is published that could be. */
function isFrozen({ state, frozenUntilMs }: BuildPlan, start: number): boolean {
  return start < frozenUntilMs && start < state.sealedUntilMs;
}

/** Within seconds a call has its price, or is known to have none: one of a period that is not frozen then is built again. */
function pendingFrom({ frozenUntilMs }: BuildPlan): number {
  return frozenUntilMs + FREEZE_MARGIN_MS;
}

function rangesOf(starts: readonly number[], lengthMs: number): readonly TimeRange[] {
  return joinRanges(starts.map((fromMs) => ({ fromMs, toMs: fromMs + lengthMs })));
}

const dateText = (ms: number): string => instantText(ms).slice(0, 10);

const secondText = (ms: number): string => instantText(ms).slice(0, 19);
