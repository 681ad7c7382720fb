import type { Database } from '../database.js';
import { DAY_MS, instantText, type TimeRange } from '../query/time-range.js';
import { hasProgress, newBlocks, type NewBlocks } from '../rollup/tick-progress.js';

/** How `judgeTraces` works. */
export interface JudgeOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** Calls that started earlier are not judged again. Default 8 days: edges are kept for 7. */
  readonly lookBackMs?: number;
}

const DEFAULT_LOOK_BACK_MS = 8 * DAY_MS;
const HOUR_MS = 3_600_000;
/** Hours around a new span in which every judging looks for the other calls of its trace. */
export const HOURS_AROUND = 1;
/** Hours around it in which one a minute looks: agents run for long, and late spans come. */
export const WIDE_HOURS_AROUND = 24;
/** A day of more rows that was never judged (an import) is judged hour by hour. */
const MAX_ROWS_AT_ONCE = 1_000_000;
const END_OF_TIME_MS = Date.UTC(2100, 0, 1);

/** New rows of the ledger and new edges. */
export interface News {
  readonly calls: NewBlocks;
  readonly edges: NewBlocks;
}

/** What is new since the last judging of any kind. */
export async function newsOfLook(db: Database): Promise<News> {
  return {
    calls: await newBlocks(db, 'judge_calls', 'llm_calls'),
    edges: await newBlocks(db, 'judge_edges', 'span_edges'),
  };
}

/**
 * What is new since the last wide judging. A partition that none has read is new as a whole: calls of a new day, or of one
 * long past, may have been compared with their hour only.
 * @param isFirst whether this process has not judged before. Where no process of a version with wide judgings has, what
 * others have judged stays so: a ledger of months is not read again.
 */
export async function newsOfMinute(db: Database, narrow: News, isFirst: boolean): Promise<News> {
  const calls = await newBlocks(db, 'judge_wide_calls', 'llm_calls');
  const edges = await newBlocks(db, 'judge_wide_edges', 'span_edges');
  if (!isFirst || (await hasProgress(db, calls.task))) return { calls, edges };
  return { calls: notBefore(calls, narrow.calls), edges: notBefore(edges, narrow.edges) };
}

function notBefore(wide: NewBlocks, narrow: NewBlocks): NewBlocks {
  const read = new Map(narrow.partitions.map((partition, index) => [partition, narrow.blocks[index] ?? 0n]));
  const blocks = wide.partitions.map((partition, index) => read.get(partition) ?? wide.newest[index] ?? 0n);
  return { ...wide, blocks };
}

/** The parameters of a statement over news: which blocks. */
export const blockParameters = ({ calls, edges }: News) => ({
  call_partitions: calls.partitions,
  call_blocks: calls.blocks,
  edge_partitions: edges.partitions,
  edge_blocks: edges.blocks,
});

/** The parameters of a statement over news: when its calls started. */
export const startParameters = ({ fromMs, toMs }: TimeRange) => ({
  new_from: instantText(fromMs),
  new_to: instantText(toMs),
});

/** The starts of new calls, in as many ranges as memory asks for: one, but for days that were never judged. */
export async function slicesOf(
  db: Database,
  calls: NewBlocks,
  { nowMs, lookBackMs = DEFAULT_LOOK_BACK_MS }: JudgeOptions,
): Promise<readonly TimeRange[]> {
  const fromMs = Math.max(0, nowMs - lookBackMs);
  const unread = calls.partitions.filter((_partition, index) => calls.blocks[index] === 0n);
  const whole = [{ fromMs, toMs: END_OF_TIME_MS }];
  if (unread.length === 0) return whole;
  const [row] = await db.query<{ rows: string }>(
    `SELECT sum(rows) AS rows FROM system.parts
WHERE database = currentDatabase() AND table = 'llm_calls' AND active AND partition_id IN {unread:Array(String)}`,
    { unread },
  );
  if (Number(row?.rows ?? 0) <= MAX_ROWS_AT_ONCE) return whole;
  const ranges: TimeRange[] = [];
  const endMs = fromMs + DEFAULT_LOOK_BACK_MS + DAY_MS;
  for (let hourMs = fromMs; hourMs < endMs; hourMs += HOUR_MS) ranges.push({ fromMs: hourMs, toMs: hourMs + HOUR_MS });
  return [...ranges, { fromMs: endMs, toMs: END_OF_TIME_MS }];
}
