import type { Adjustment } from './decode/decode-context.js';
import type { DecodedRequest, RefusalReason } from './decode/decode-request.js';
import type { RejectReason } from './decode/record-error.js';
import type { Signal, TableName } from './tables.js';

/** Why a request was turned away before or instead of decoding; the keys of `stats().refused`. */
export type HttpRefusalReason =
  | RefusalReason
  | 'forbidden_host'
  | 'forbidden_origin'
  | 'not_found'
  | 'method_not_allowed'
  | 'unsupported_content_type'
  | 'unsupported_content_encoding'
  | 'queue_full'
  | 'aborted_by_client'
  | 'insert_failed';

/** Upper bounds of the insert latency histogram, in milliseconds; a last bucket holds what is slower. */
export const INSERT_LATENCY_BOUNDS_MS: readonly number[] = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Inserts into one table since the start. */
export interface InsertStats {
  /** Inserts that were committed. */
  readonly inserts: number;
  /** Inserts that failed; the rows may have been stored by a later one. */
  readonly failedInserts: number;
  readonly rows: number;
  /** Time from writing the rows file to the commit, of committed inserts. */
  readonly latencySumMs: number;
  /** Committed inserts by latency: one count for each of `INSERT_LATENCY_BOUNDS_MS`, not cumulative, and one for the rest. */
  readonly latencyBuckets: readonly number[];
}

/** What the receiver has done since its start, and what it is doing. Counts only grow. */
export interface ReceiverStats {
  /** Requests that were acknowledged, wholly or in part, by signal. */
  readonly requests: Readonly<Record<Signal, number>>;
  /** Records (spans, data points, log records) that were stored, by signal. */
  readonly accepted: Readonly<Record<Signal, number>>;
  /** Records that were not stored though their request was, by reason. */
  readonly rejected: Readonly<Partial<Record<RejectReason, number>>>;
  /** Requests of which nothing was stored, by reason. */
  readonly refused: Readonly<Partial<Record<HttpRefusalReason, number>>>;
  /** Changes made to records that were stored, by kind. */
  readonly adjusted: Readonly<Partial<Record<Adjustment, number>>>;
  /** Bytes of the bodies that were read, as they arrived. */
  readonly receivedBytes: number;
  readonly queue: {
    /** Requests that are read, decoded or inserted now. */
    readonly requests: number;
    /** Bytes of their bodies. */
    readonly bytes: number;
    /** Bytes of rows that wait for their insert or are being inserted. */
    readonly rowBytes: number;
  };
  readonly inserts: Readonly<Partial<Record<TableName, InsertStats>>>;
  /** Milliseconds since 1970 of the last committed insert, undefined before the first. */
  readonly lastInsertAt: number | undefined;
}

interface MutableInsertStats {
  inserts: number;
  failedInserts: number;
  rows: number;
  latencySumMs: number;
  latencyBuckets: number[];
}

const perSignal = (): Record<Signal, number> => ({ traces: 0, metrics: 0, logs: 0 });

function add<Key extends string>(counts: Partial<Record<Key, number>>, key: Key, count: number): void {
  counts[key] = (counts[key] ?? 0) + count;
}

/** Counts what happens; `snapshot` is what `stats()` returns. */
export class ReceiverCounters {
  readonly queue = { requests: 0, bytes: 0, rowBytes: 0 };
  readonly #now: () => number;
  readonly #requests = perSignal();
  readonly #accepted = perSignal();
  readonly #rejected: Partial<Record<RejectReason, number>> = {};
  readonly #refused: Partial<Record<HttpRefusalReason, number>> = {};
  readonly #adjusted: Partial<Record<Adjustment, number>> = {};
  readonly #inserts: Partial<Record<TableName, MutableInsertStats>> = {};
  #receivedBytes = 0;
  #lastInsertAt: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts an acknowledged request; `refusedRows` of its records were refused by the store. */
  countRequest(signal: Signal, decoded: DecodedRequest, refusedRows: number): void {
    this.#requests[signal]++;
    this.#accepted[signal] += decoded.accepted - refusedRows;
    if (refusedRows > 0) add(this.#rejected, 'refused_by_store', refusedRows);
    for (const [reason, count] of decoded.rejected) add(this.#rejected, reason, count);
    for (const [adjustment, count] of decoded.adjusted) add(this.#adjusted, adjustment, count);
  }

  countRefused(reason: HttpRefusalReason): void {
    add(this.#refused, reason, 1);
  }

  countReceived(bytes: number): void {
    this.#receivedBytes += bytes;
  }

  countInsert(table: TableName, rows: number, latencyMs: number): void {
    const stats = this.#insertStats(table);
    const bucket = INSERT_LATENCY_BOUNDS_MS.findIndex((bound) => latencyMs <= bound);
    const index = bucket < 0 ? INSERT_LATENCY_BOUNDS_MS.length : bucket;
    stats.inserts++;
    stats.rows += rows;
    stats.latencySumMs += latencyMs;
    stats.latencyBuckets[index] = (stats.latencyBuckets[index] ?? 0) + 1;
    this.#lastInsertAt = this.#now();
  }

  countFailedInsert(table: TableName): void {
    this.#insertStats(table).failedInserts++;
  }

  snapshot(): ReceiverStats {
    return structuredClone({
      requests: this.#requests,
      accepted: this.#accepted,
      rejected: this.#rejected,
      refused: this.#refused,
      adjusted: this.#adjusted,
      receivedBytes: this.#receivedBytes,
      queue: this.queue,
      inserts: this.#inserts,
      lastInsertAt: this.#lastInsertAt,
    });
  }

  #insertStats(table: TableName): MutableInsertStats {
    return (this.#inserts[table] ??= {
      inserts: 0,
      failedInserts: 0,
      rows: 0,
      latencySumMs: 0,
      latencyBuckets: Array.from({ length: INSERT_LATENCY_BOUNDS_MS.length + 1 }, () => 0),
    });
  }
}
