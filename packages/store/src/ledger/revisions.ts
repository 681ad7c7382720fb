import { REVISION_STEP } from './ledger-select.js';

/** More than any receipt in milliseconds since 1970 (2^43 is the year 2248). */
const MARK = 8_796_093_022_208n;

/**
 * SQL: the version of a row that got the price it waited for. A first revision is marked (it is a little below the others)
 * as one that nobody may have judged: a merge can drop the row that it replaces before anything has seen that one.
 */
export const HEALED_VERSION_SQL = `version + if(version < ${REVISION_STEP}, ${REVISION_STEP - MARK}, ${REVISION_STEP})`;

/** Versions below are those of rows as they came, and of such that got nothing but the price they waited for. */
export const UNJUDGED_BELOW: bigint = 2n * REVISION_STEP - MARK;
