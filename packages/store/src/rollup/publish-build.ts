import type { Database } from '../database.js';
import { assertTurn } from '../ledger/work-lease.js';
import { DAY_MS, floorTo, instantText, utcMonth } from '../query/time-range.js';
import type { BuildPlan } from './build-plan.js';
import { changedPartitions } from './published-state.js';

/** One insert of one block: everything of the build becomes visible at once, or nothing does. */
export async function publishBuild(db: Database, plan: BuildPlan): Promise<void> {
  const { build, state, sealedUntilMs, nowMs } = plan;
  const row = (grain: string, startMs: number, partition = '', block = 0n, until = 0) => ({
    build: build.toString(),
    grain,
    start: instantText(startMs).slice(0, 19),
    partition_id: partition,
    block: block.toString(),
    sealed_until: instantText(until),
    published_at: instantText(nowMs),
  });
  const daysUntilMs = floorTo(sealedUntilMs, DAY_MS);
  const monthUntil = (month: number) => Math.min(daysUntilMs, utcMonth(month).toMs);
  const gone = [...state.readBlocks]
    .filter(([partition, block]) => block > 0n && !state.ledgerBlocks.has(partition))
    .map(([partition]) => partition);
  await assertTurn(db, 'build');
  await db.insertRows('published', [
    row('seal', 0, '', 0n, sealedUntilMs),
    row('frozen', 0, '', 0n, plan.frozenUntilMs),
    ...(plan.isFirstDetail ? [row('detail', 0, '', 0n, plan.detailFromMs)] : []),
    ...(plan.isOpen ? [row('open', 0, '', BigInt(state.clockMs), nowMs)] : []),
    ...(plan.isRelease ? [row('hold', 0)] : []),
    ...[...changedPartitions(state).keys()].map((partition) =>
      row('partition', 0, partition, state.ledgerBlocks.get(partition)),
    ),
    // A partition that retention dropped starts again from nothing, for its numbers may be used again.
    ...gone.map((partition) => row('partition', 0, partition, 0n)),
    ...plan.quarters.map((quarter) => row('quarter', quarter)),
    ...plan.days.map((day) => row('day', day)),
    ...plan.months.map((month) => row('month', utcMonth(month).fromMs, '', 1n, monthUntil(month))),
    ...(plan.soFarDay === undefined ? [] : [row('so_far', plan.soFarDay, '', 1n, sealedUntilMs)]),
  ]);
}
