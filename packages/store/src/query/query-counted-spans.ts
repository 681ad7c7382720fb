import type { Database } from '../database.js';
import { answeringState, planAndRead, readLive } from '../rollup/read-view.js';
import { querySql } from '../sql-files.js';
import { FINAL_SETTINGS } from './cost-source.js';

/** A span, and about when it began: within a minute, milliseconds since 1970. */
export interface SpanToFind {
  readonly traceId: string;
  readonly spanId: string;
  readonly startedMs: number;
}

const HOUR_MS = 3_600_000;
const TOLERANCE_MS = 60_000;

function hourText(ms: number): string {
  return new Date(Math.floor(ms / HOUR_MS) * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');
}

/** SQL: what a build has read that stands for the ledger's open quarter hours. */
const IS_BUILT =
  '_block_number <= transform(toString(_partition_id), {partitions:Array(String)}, {blocks:Array(UInt64)}, toUInt64(0))';

/**
 * Which of these spans are in whatever is answered from now on, with all that they will add to its sums: in the ledger, and
 * in the build that stands for its open quarter hours where one does. A span that waits for its price is not among them.
 * @returns as many booleans as spans, in their order.
 */
export async function queryCountedSpans(
  db: Database,
  spans: readonly SpanToFind[],
  options: { readonly tenant?: string } = {},
): Promise<readonly boolean[]> {
  if (spans.length === 0) return [];
  const hours = new Set(
    spans.flatMap(({ startedMs }) => [hourText(startedMs - TOLERANCE_MS), hourText(startedMs + TOLERANCE_MS)]),
  );
  const rows = await planAndRead(db, async () => {
    const { state, isBuilt } = await answeringState(db);
    const read = async () =>
      db.query<{ readonly trace_id: string; readonly span_id: string }>(
        querySql('counted_spans', { is_answered: isBuilt ? IS_BUILT : '1', settings: FINAL_SETTINGS }),
        {
          tenant: options.tenant ?? 'default',
          traces: [...new Set(spans.map(({ traceId }) => traceId))],
          spans: spans.map(({ spanId }) => spanId),
          hours: [...hours],
          days: [...new Set([...hours].map((hour) => hour.slice(0, 10)))],
          ...(isBuilt ? { partitions: [...state.readBlocks.keys()], blocks: [...state.readBlocks.values()] } : {}),
        },
      );
    return isBuilt ? read() : readLive(db, read);
  });
  const found = new Set(rows.map((row) => `${row.trace_id} ${row.span_id}`));
  return spans.map(({ traceId, spanId }) => found.has(`${traceId} ${spanId}`));
}
