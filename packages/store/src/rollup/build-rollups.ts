import type { Database } from '../database.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { askAgain } from '../query/kept-answers.js';
import { ceilTo, QUARTER_MS } from '../query/time-range.js';
import type { BuildPlan } from './build-plan.js';
import { learnCountedBounds } from './counted-bounds.js';
import { noteOpenBuild } from './open-build-rest.js';
import { planBuild, type PlanOptions } from './plan-build.js';
import { publishBuild } from './publish-build.js';
import { readPublishedState } from './published-state.js';
import { handOver, holdReads, isReadLive, MAX_OPEN_AGE_MS } from './read-view.js';
import { writeBuild } from './write-build.js';

/** Points at which a test can hold a build still; each is awaited. */
export interface BuildHooks {
  /** The ledger's newest blocks are known, no row has been read. */
  readonly afterBlocksRead?: () => Promise<void>;
  /** All rows of the build are written, none is visible. */
  readonly beforePublish?: () => Promise<void>;
}

/** How {@link buildRollups} works. */
export interface BuildOptions extends PlanOptions {
  /** The hold that ends with this build; while another stands nothing is built. */
  readonly releaseHold?: bigint;
  readonly hooks?: BuildHooks;
}

/** What one {@link buildRollups} did. */
export interface BuildResult {
  /** The build that was published; undefined when nothing was new. */
  readonly build: bigint | undefined;
  readonly quarters: number;
  readonly days: number;
  readonly sealedUntil: Date;
}

/**
 * Rebuilds what changed and seals what has ended: quarter hours with rows newer than the last build, from FINAL, under a
 * new build number, made visible together by one block in `published`. Run by one process at a time.
 */
export async function buildRollups(db: Database, options: BuildOptions): Promise<BuildResult> {
  const calledMs = performance.now();
  const built = await runExclusively(db, 'build', async () => {
    let result = await buildOnce(db, options);
    while (result.more) result = { ...(await buildOnce(db, options)) };
    return result;
  });
  const { changeOver, more: _more, ...result } = built;
  if (result.build === undefined) return result;
  const nowMs = options.nowMs + Math.ceil(performance.now() - calledMs);
  await askAgain(db, nowMs).finally(changeOver);
  // Who asks until now asks for a quarter hour more once it has begun.
  const laterMs = nowMs + MAX_OPEN_AGE_MS;
  if (ceilTo(laterMs, QUARTER_MS) > ceilTo(nowMs, QUARTER_MS)) await askAgain(db, laterMs);
  return result;
}

interface BuildStep extends BuildResult {
  readonly more: boolean;
  /** Has readers go by this build, where {@link handOver} keeps them from it. */
  readonly changeOver: () => void;
}

async function buildOnce(db: Database, options: BuildOptions): Promise<BuildStep> {
  const calledMs = performance.now();
  // The blocks are read before any row: what commits after this is above them, and therefore new to the next build.
  const found = await readPublishedState(db);
  await learnCountedBounds(db, found.ledgerBlocks);
  const { hold } = found;
  if (hold !== undefined && hold.build !== options.releaseHold) return nothingBuilt(found.sealedUntilMs);
  await options.hooks?.afterBlocksRead?.();
  const { plan, more } = await planBuild(db, found, options);
  if (plan === undefined) return nothingBuilt(found.sealedUntilMs);
  if (!plan.isOpen || plan.isRelease || !isReadLive(db, found)) return carryOut(db, plan, options, more);
  const letRead = await holdReads(db);
  try {
    // Planned again, as of now: what the reads that have ended saw must be in it.
    const nowMs = options.nowMs + Math.ceil(performance.now() - calledMs);
    const again = await planBuild(db, await readPublishedState(db), { ...options, nowMs });
    if (again.plan === undefined) return nothingBuilt(found.sealedUntilMs);
    return await carryOut(db, { ...again.plan, isAwaited: true }, options, again.more);
  } finally {
    letRead();
  }
}

async function carryOut(db: Database, plan: BuildPlan, options: BuildOptions, more: boolean): Promise<BuildStep> {
  const startedMs = performance.now();
  await writeBuild(db, plan);
  await options.hooks?.beforePublish?.();
  const changeOver = plan.isOpen && !plan.isRelease ? handOver(db, plan.build, plan.state) : () => undefined;
  await publishBuild(db, plan);
  const endedMs = performance.now();
  if (plan.isOpen) noteOpenBuild(db, { endedMs, tookMs: endedMs - startedMs });
  const sealedUntil = new Date(plan.sealedUntilMs);
  return { build: plan.build, quarters: plan.quarters.length, days: plan.days.length, sealedUntil, more, changeOver };
}

function nothingBuilt(sealedUntilMs: number): BuildStep {
  const changeOver = () => undefined;
  return { build: undefined, quarters: 0, days: 0, sealedUntil: new Date(sealedUntilMs), more: false, changeOver };
}
