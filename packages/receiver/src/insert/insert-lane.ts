import type { Database } from '@costel/store';
import type { Clock } from '../clock.js';
import type { TableRows } from '../decode/row-output.js';
import type { ReceiverLimits } from '../limits.js';
import type { ReceiverCounters } from '../stats.js';
import { READ_TYPES, TABLE_COLUMNS, type TableName } from '../tables.js';
import { type InsertPiece, insertSalvaging } from './salvage.js';
import type { RowsDirectory, RowsFile } from './rows-directory.js';

/** What became of the rows of one request in one table. */
export type LaneOutcome =
  | { readonly kind: 'stored'; readonly refusedRows: number; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** What a lane works with. */
export interface LaneOptions {
  readonly database: Database;
  /** Where rows files go; a directory that cannot be made fails every insert. */
  readonly directory: Promise<RowsDirectory>;
  readonly limits: ReceiverLimits;
  readonly counters: ReceiverCounters;
  readonly clock: Clock;
}

interface Pending {
  readonly rows: TableRows;
  readonly arrivedMs: number;
  readonly resolve: (outcome: LaneOutcome) => void;
}

/**
 * Indexes of the exporter's tables that dashboards search attributes by. Merges build them; a part that no merge has seen is
 * small and is read as a whole. Building them in every insert cost about 1 µs a span. The index of trace ids is built at once.
 */
const BUILT_BY_MERGES = ['idx_res_attr_key', 'idx_res_attr_value', 'idx_span_attr_key', 'idx_span_attr_value'];

/**
 * Every insert names what a server or a profile could set otherwise: synchronous, however many days its rows span, and
 * never quietly past a view that fails. Copies within one insert are left to merges and to FINAL, as those of two inserts
 * are anyhow: looking for them in every insert cost 0.9 µs a span.
 */
const INSERT_SETTINGS = {
  async_insert: 0,
  max_partitions_per_insert_block: 0,
  materialized_views_ignore_errors: 0,
  optimize_on_insert: 0,
  exclude_materialize_skip_indexes_on_insert: BUILT_BY_MERGES.join(', '),
} as const;

/** Of `batchDelayMs`, what a batch waits even where inserts take no time. */
const LEAST_DELAY_SHARE = 0.25;

/** Inserts of one table at a time: an insert uses one core, and waits for the disk at its end. */
const MAX_RUNNING = 2;

/**
 * Inserts into one table: while one runs, the rows of the next gather (group commit). A batch waits for more rows as long as
 * the last insert took, at least a quarter of `batchDelayMs` and at most all of it: planning the views costs as much for one
 * row as for 50,000, so inserts that take long should be few. A full batch leaves at once, also beside a running insert.
 */
export class InsertLane {
  readonly #table: TableName;
  readonly #options: LaneOptions;
  readonly #pending: Pending[] = [];
  #pendingRows = 0;
  #pendingBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  readonly #running = new Set<Promise<void>>();
  #lastInsertMs = 0;
  /** Whether the last batch was stored, at least in part. */
  #isHealthy = false;

  constructor(table: TableName, options: LaneOptions) {
    this.#table = table;
    this.#options = options;
  }

  /** Resolves once the rows are committed, or cannot be. Never rejects. */
  add(rows: TableRows): Promise<LaneOutcome> {
    return new Promise((resolve) => {
      this.#pending.push({ rows, arrivedMs: this.#options.clock.monotonicMs(), resolve });
      this.#pendingRows += rows.rowEnds.length;
      this.#pendingBytes += rows.rows.length;
      this.#schedule();
    });
  }

  /** Resolves when nothing waits or runs any more. */
  async drain(): Promise<void> {
    while (this.#pending.length > 0 || this.#running.size > 0) {
      this.#start();
      await Promise.race(this.#running);
    }
  }

  #schedule(): void {
    if (this.#running.size >= MAX_RUNNING || this.#pending.length === 0) return;
    const { batchRows, batchBytes, batchDelayMs } = this.#options.limits;
    const isFull = this.#pendingRows >= batchRows || this.#pendingBytes >= batchBytes;
    if (isFull) this.#start();
    if (isFull || this.#running.size > 0) return;
    const delayMs = Math.min(batchDelayMs, Math.max(batchDelayMs * LEAST_DELAY_SHARE, this.#lastInsertMs));
    const waitedMs = this.#options.clock.monotonicMs() - (this.#pending[0]?.arrivedMs ?? 0);
    if (waitedMs >= delayMs) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), delayMs - waitedMs);
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running.size >= MAX_RUNNING || this.#pending.length === 0) return;
    const running = this.#insert(this.#takeBatch()).finally(() => {
      this.#running.delete(running);
      this.#schedule();
    });
    this.#running.add(running);
  }

  #takeBatch(): Pending[] {
    const { batchRows, batchBytes, batchDays } = this.#options.limits;
    const total = { rows: 0, bytes: 0, days: 0 };
    let count = 0;
    for (const { rows: next } of this.#pending) {
      const rows = total.rows + next.rowEnds.length;
      const bytes = total.bytes + next.rows.length;
      const days = total.days + next.days;
      if (count > 0 && (rows > batchRows || bytes > batchBytes || days > batchDays)) break;
      Object.assign(total, { rows, bytes, days });
      count++;
    }
    this.#pendingRows -= total.rows;
    this.#pendingBytes -= total.bytes;
    return this.#pending.splice(0, count);
  }

  async #insert(batch: readonly Pending[]): Promise<void> {
    const pieces = batch.map((pending): InsertPiece => ({ rows: pending.rows.rows, rowEnds: pending.rows.rowEnds }));
    const salvage = await insertSalvaging(
      pieces,
      (part, rowCount) => this.#insertPieces(part, rowCount),
      this.#isHealthy,
    );
    this.#isHealthy = salvage.some(({ kind }) => kind === 'stored');
    for (const [index, { resolve }] of batch.entries()) {
      const verdict = salvage[index];
      if (verdict === undefined || verdict.kind === 'failed') {
        resolve({ kind: 'failed', message: verdict?.message ?? 'the insert failed' });
      } else resolve({ kind: 'stored', refusedRows: verdict.refusedRows, message: verdict.message });
    }
  }

  async #insertPieces(pieces: readonly Uint8Array[], rowCount: number): Promise<void> {
    const { clock, counters, database, directory } = this.#options;
    const startedMs = clock.monotonicMs();
    let file: RowsFile | undefined;
    try {
      file = await (await directory).write(pieces);
      const columns = TABLE_COLUMNS[this.#table];
      const readAs = READ_TYPES[this.#table];
      await database.insertFile({
        table: this.#table,
        columns,
        format: 'RowBinary',
        path: file.path,
        settings: INSERT_SETTINGS,
        ...(readAs === undefined ? {} : { readAs }),
      });
      this.#lastInsertMs = clock.monotonicMs() - startedMs;
      counters.countInsert(this.#table, rowCount, this.#lastInsertMs);
    } catch (error) {
      counters.countFailedInsert(this.#table);
      throw error;
    } finally {
      await file?.remove();
    }
  }
}
