import type { Database } from '../database.js';
import { answeringState, planAndRead, readLive } from '../rollup/read-view.js';
import { querySql } from '../sql-files.js';
import { FINAL_SETTINGS, type LedgerTable } from './cost-source.js';
import { instantText } from './time-range.js';

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

/** SQL: whether a call is in hours that are being priced again, which answers have as they were. */
const IS_HELD = "(counted_at >= {held_from:DateTime64(3, 'UTC')} AND counted_at < {held_to:DateTime64(3, 'UTC')})";

/**
 * Which of these spans are in whatever is answered from now on, with all that they will add to its sums: in the ledger, and
 * in the build that stands for its open quarter hours where one does; of hours that are being priced again those that were
 * there before. A span that waits for its price is not among them.
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
    const { hold } = state;
    const readOf = async (ledger: LedgerTable, isAnswered: string) =>
      db.query<{ readonly trace_id: string; readonly span_id: string }>(
        querySql('counted_spans', { ledger, is_answered: isAnswered, settings: FINAL_SETTINGS }),
        {
          tenant: options.tenant ?? 'default',
          traces: [...new Set(spans.map(({ traceId }) => traceId))],
          spans: spans.map(({ spanId }) => spanId),
          hours: [...hours],
          days: [...new Set([...hours].map((hour) => hour.slice(0, 10)))],
          ...(isBuilt ? { partitions: [...state.readBlocks.keys()], blocks: [...state.readBlocks.values()] } : {}),
          ...(hold === undefined
            ? {}
            : { held_from: instantText(hold.range.fromMs), held_to: instantText(hold.range.toMs) }),
        },
      );
    if (isBuilt) return readOf('llm_calls', IS_BUILT);
    if (hold === undefined) return readLive(db, async () => readOf('llm_calls', '1'));
    return readLive(db, async () => [
      ...(await readOf('llm_calls', `NOT ${IS_HELD}`)),
      ...(await readOf('llm_calls_held', IS_HELD)),
    ]);
  });
  const found = new Set(rows.map((row) => `${row.trace_id} ${row.span_id}`));
  return spans.map(({ traceId, spanId }) => found.has(`${traceId} ${spanId}`));
}
