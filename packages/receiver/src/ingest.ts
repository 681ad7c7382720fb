import type { Database } from '@costel/store';
import type { Clock } from './clock.js';
import { createDecoder, type Decoder } from './decode/decoder.js';
import type { DecodedRequest, DecodeJob, RefusalReason } from './decode/decode-request.js';
import { InsertLane, type LaneOutcome } from './insert/insert-lane.js';
import { openRowsDirectory, type RowsDirectory } from './insert/rows-directory.js';
import type { ReceiverLimits } from './limits.js';
import type { ReceiverCounters } from './stats.js';
import type { TableName } from './tables.js';

/** What became of a request that was read. */
export type IngestOutcome =
  | { readonly kind: 'stored'; readonly rejected: number; readonly message: string }
  | { readonly kind: 'refused'; readonly reason: RefusalReason | 'insert_failed'; readonly message: string };

/** What ingestion works with. */
export interface IngestOptions {
  readonly database: Database;
  readonly limits: ReceiverLimits;
  readonly tenant: string;
  readonly counters: ReceiverCounters;
  readonly clock: Clock;
}

/** From the body of a request to committed rows: decode in the worker, insert in groups. */
export class Ingest {
  readonly #options: IngestOptions;
  readonly #decoder: Decoder;
  readonly #directory: Promise<RowsDirectory>;
  readonly #lanes = new Map<TableName, InsertLane>();

  constructor(options: IngestOptions) {
    const { counters, limits } = options;
    this.#options = options;
    this.#decoder = createDecoder(limits, options.tenant, () => counters.queue.rowBytes < limits.pendingRowBytes);
    this.#directory = openRowsDirectory();
    // Every insert reports a directory that cannot be made; here it must only not count as unhandled.
    this.#directory.catch(() => undefined);
  }

  /** Resolves once all rows of the request are committed, or with why they are not. Never rejects. */
  async ingest(job: DecodeJob): Promise<IngestOutcome> {
    const { counters } = this.#options;
    const decoded = await this.#decoder.decode(job);
    if (decoded.kind === 'refused') return decoded;
    const rowBytes = decoded.tables.reduce((sum, { rows }) => sum + rows.length, 0);
    counters.queue.rowBytes += rowBytes;
    const outcomes = await Promise.all(decoded.tables.map((rows) => this.#lane(rows.table).add(rows)));
    counters.queue.rowBytes -= rowBytes;
    this.#decoder.resume();
    return this.#conclude(job, decoded, outcomes);
  }

  /** Waits for the inserts that are under way, then stops the worker. */
  async close(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drain()));
    await this.#decoder.close();
    await this.#directory.then(
      (directory) => directory.close(),
      () => undefined,
    );
  }

  #lane(table: TableName): InsertLane {
    let lane = this.#lanes.get(table);
    if (lane === undefined) {
      lane = new InsertLane(table, { ...this.#options, directory: this.#directory });
      this.#lanes.set(table, lane);
    }
    return lane;
  }

  #conclude(job: DecodeJob, decoded: DecodedRequest, outcomes: readonly LaneOutcome[]): IngestOutcome {
    let refusedRows = 0;
    let message = decoded.firstRejection;
    for (const outcome of outcomes) {
      if (outcome.kind === 'failed') return { kind: 'refused', reason: 'insert_failed', message: outcome.message };
      refusedRows += outcome.refusedRows;
      if (outcome.refusedRows > 0 && message === '') message = `refused_by_store: ${outcome.message}`;
    }
    this.#options.counters.countRequest(job.signal, decoded, refusedRows);
    const rejected = [...decoded.rejected.values()].reduce((sum, count) => sum + count, refusedRows);
    return { kind: 'stored', rejected, message };
  }
}
