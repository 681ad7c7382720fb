import type { Database } from '../database.js';

/** The rows that a recurring task has not read yet: by partition, those above a block. */
export interface NewBlocks {
  readonly task: string;
  /** Partitions with newer rows, and up to which block each was read. */
  readonly partitions: readonly string[];
  readonly blocks: readonly bigint[];
  /** The newest block of each of these partitions now: what is recorded when the task is done. */
  readonly newest: readonly bigint[];
}

interface BlockRow {
  readonly partition_id: string;
  readonly newest: string;
  readonly read: string;
}

/** What is new in a table for a task. The blocks are read first: what commits later is new the next time. */
export async function newBlocks(db: Database, task: string, table: 'llm_calls' | 'span_edges'): Promise<NewBlocks> {
  const rows = await db.query<BlockRow>(
    `SELECT p.partition_id AS partition_id, toUInt64(max(p.max_block_number)) AS newest, any(t.block) AS read
FROM system.parts AS p
LEFT JOIN (SELECT partition_id, block FROM tick_progress FINAL WHERE task = {task:String}) AS t
    ON p.partition_id = t.partition_id
WHERE p.database = currentDatabase() AND p.table = {table:String} AND p.active
GROUP BY p.partition_id
HAVING newest != read`,
    { task, table },
  );
  return {
    task,
    partitions: rows.map((row) => row.partition_id),
    // Numbers below the recorded one are those of a partition that was dropped and filled again.
    blocks: rows.map((row) => (BigInt(row.newest) < BigInt(row.read) ? 0n : BigInt(row.read))),
    newest: rows.map((row) => BigInt(row.newest)),
  };
}

/** Whether a task has ever recorded what it read. */
export async function hasProgress(db: Database, task: string): Promise<boolean> {
  const [row] = await db.query<{ records: string }>(
    'SELECT count() AS records FROM tick_progress WHERE task = {task:String}',
    { task },
  );
  return row !== undefined && row.records !== '0';
}

/** The number of the last record of {@link recordProgress}, whoever made it; 0 before the first. */
export async function lastSequence(db: Database): Promise<bigint> {
  const [row] = await db.query<{ sequence: string }>('SELECT max(sequence) AS sequence FROM tick_progress');
  return BigInt(row?.sequence ?? 0);
}

/**
 * Remembers that a task has read what {@link newBlocks} said was new.
 * @returns the number of the record
 */
export async function recordProgress(db: Database, { task, partitions, newest }: NewBlocks): Promise<bigint> {
  const sequence = (await lastSequence(db)) + 1n;
  await db.insertRows(
    'tick_progress',
    partitions.map((partition, index) => ({
      task,
      partition_id: partition,
      block: (newest[index] ?? 0n).toString(),
      sequence: sequence.toString(),
    })),
  );
  return sequence;
}
