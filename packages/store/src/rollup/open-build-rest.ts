import type { Database } from '../database.js';

/** Building the open quarter hours takes one part in so many of the time, more where the next one would come too late. */
const OPEN_BUILD_SHARE = 10;
const MIN_REST_SHARE = 2;
/** From the end of such a build to the end of the next one: what it answers is a minute old at most. */
const MAX_REST_MS = 50_000;

/** A build of the open quarter hours: when it ended, by `performance.now()`, and how many milliseconds it took. */
interface OpenBuild {
  readonly endedMs: number;
  readonly tookMs: number;
}

/** The last one of each database. */
const openBuilds = new WeakMap<Database, OpenBuild>();

/** Remembers that the open quarter hours have been built. */
export function noteOpenBuild(db: Database, build: OpenBuild): void {
  openBuilds.set(db, build);
}

/** Whether it is too early for another build of the open quarter hours. */
export function isResting(db: Database): boolean {
  const last = openBuilds.get(db);
  if (last === undefined) return false;
  const restMs = Math.max(
    MIN_REST_SHARE * last.tookMs,
    Math.min(OPEN_BUILD_SHARE * last.tookMs, MAX_REST_MS - 2 * last.tookMs),
  );
  return performance.now() - last.endedMs < restMs;
}
