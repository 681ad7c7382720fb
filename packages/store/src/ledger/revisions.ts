import type { Database } from '../database.js';
import { REVISION_STEP } from './ledger-select.js';

/** More than any receipt in milliseconds since 1970 (2^43 is the year 2248). */
const MARK = 8_796_093_022_208n;

/*
 * A revision that nobody may have judged is marked: a little below the others of its number. A merge can drop the row that
 * it replaces before anything has seen that one, so being new must outlive the row that was new.
 */

/** SQL: whether a row (`version` of it) is a marked revision. */
const isMarked = (version: string) =>
  `(${version} >= ${REVISION_STEP} AND ${version} % ${REVISION_STEP} < ${REVISION_STEP - MARK})`;

/** SQL, over `version`: rows as they came, and revisions that nobody may have judged. */
export const UNJUDGED_SQL = `(version < ${REVISION_STEP} OR ${isMarked('version')})`;

/** SQL: the version of a row that got the price it waited for; a first revision is marked. */
export const HEALED_VERSION_SQL = `version + if(version < ${REVISION_STEP}, ${REVISION_STEP - MARK}, ${REVISION_STEP})`;

/** Versions below are those of rows as they came, and of such that got nothing but the price they waited for. */
export const ORIGINALS_BELOW: bigint = 2n * REVISION_STEP - MARK;

/** SQL: what a judged revision of a row of `llm_calls AS c` is counted from: the next one has no mark. */
export const JUDGED_BASE_SQL = `c.version + if(${isMarked('c.version')}, toUInt64(${MARK}), toUInt64(0))`;

/**
 * SQL: what a revision that prices a row of `llm_calls AS c` again is counted from: the next one is marked where the row came
 * after what the judge has read, and is not where it was judged. Ask with the ledger's lock held.
 */
export async function repricedBaseSql(db: Database): Promise<string> {
  const rows = await db.query<{ partition_id: string; block: string }>(
    `SELECT t.partition_id AS partition_id, t.block AS block
FROM (SELECT partition_id, block FROM tick_progress FINAL WHERE task = 'judge_wide_calls') AS t
INNER JOIN (
    SELECT partition_id, toUInt64(max(max_block_number)) AS newest FROM system.parts
    WHERE database = currentDatabase() AND table = 'llm_calls' AND active GROUP BY partition_id
) AS p ON t.partition_id = p.partition_id
-- Numbers below the recorded one are those of a partition that was dropped and filled again.
WHERE p.newest >= t.block`,
  );
  const partitions = rows.map(({ partition_id }) => `'${partition_id}'`).join(', ');
  const blocks = rows.map(({ block }) => `toUInt64(${block})`).join(', ');
  const judged =
    rows.length === 0
      ? 'toUInt64(0)'
      : `transform(toString(c._partition_id), [${partitions}], [${blocks}], toUInt64(0))`;
  const unread = `if(c.version < ${REVISION_STEP}, toUInt64(c.version - ${MARK}), c.version)`;
  return `if(c._block_number > ${judged}, ${unread}, ${JUDGED_BASE_SQL})`;
}
