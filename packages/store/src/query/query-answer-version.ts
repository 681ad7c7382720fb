import { createHash } from 'node:crypto';
import type { Database } from '../database.js';
import { answeringState } from '../rollup/read-view.js';

/**
 * A text that changes whenever the ledger does, and whenever queries begin to answer by another build that stands for its
 * open quarter hours, or go by hours as they were because those are being priced again; cheap beside a query of costs.
 * Block numbers grow with every insert and survive merges.
 */
export async function queryAnswerVersion(db: Database): Promise<string> {
  const { state, isBuilt } = await answeringState(db);
  const blocks = [...state.ledgerBlocks].map(([partition, block]) => `${partition} ${block}`).toSorted();
  const build = isBuilt ? state.snapshot.toString() : '';
  return createHash('sha256')
    .update(JSON.stringify([build, state.hold?.build.toString() ?? '', blocks]))
    .digest('base64');
}
