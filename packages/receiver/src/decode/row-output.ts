import type { ReceiverLimits } from '../limits.js';
import type { TableName } from '../tables.js';
import { RecordError, type RejectReason } from './record-error.js';
import { RowWriter } from './row-writer.js';

/** Rows of one table, as RowBinary, and where each row ends. */
export interface TableRows {
  readonly table: TableName;
  readonly rows: Uint8Array;
  readonly rowEnds: Uint32Array;
  /** Distinct UTC days in the request: at most so many partitions. */
  readonly days: number;
}

const LEAST_ENVELOPES = 1000;
const DAY_NANOSECONDS = 86_400e9;

/** Collects the rows of one request; accepts or rejects each record by itself. */
export class RowOutput {
  /** Records that became rows. */
  accepted = 0;
  /** Records that did not, by reason. */
  readonly rejected = new Map<RejectReason, number>();
  /** What the first rejected record suffered from, for the sender. */
  firstRejection = '';
  readonly #limits: ReceiverLimits;
  readonly #writers: Map<TableName, RowWriter>;
  readonly #days = new Set<number>();
  #rowBytes = 0;
  #seenRecords = 0;
  #seenEnvelopes = 0;

  /** `writers` are kept by the caller, so that their buffers serve the next request too. */
  constructor(limits: ReceiverLimits, writers: Map<TableName, RowWriter>) {
    this.#limits = limits;
    this.#writers = writers;
  }

  /** Writes one record into `table`; a `RecordError` from `write` rejects this record and leaves no trace of it. */
  record(table: TableName, write: (out: RowWriter) => void): void {
    if (++this.#seenRecords > this.#limits.recordsPerRequest) return this.#rejectTooMany();
    const out = this.#writer(table);
    const mark = out.length;
    try {
      write(out);
      this.#rowBytes += out.length - mark;
      if (this.#rowBytes > this.#limits.rowBytesPerRequest) {
        this.#rowBytes -= out.length - mark;
        throw new RecordError(
          'too_many_row_bytes',
          `the rows of a request hold at most ${this.#limits.rowBytesPerRequest} bytes`,
        );
      }
    } catch (error) {
      out.rewind(mark);
      return this.rejectFor(error);
    }
    out.endRow();
    this.accepted++;
    return undefined;
  }

  /** Whether one more resource or scope may be looked at; there may be as many as records, and some in any case. */
  admitEnvelope(): boolean {
    if (++this.#seenEnvelopes <= Math.max(this.#limits.recordsPerRequest, LEAST_ENVELOPES)) return true;
    this.#rejectTooMany();
    return false;
  }

  /** Counts `count` rejected records. */
  reject(reason: RejectReason, message: string, count = 1): void {
    if (this.firstRejection === '') this.firstRejection = `${reason}: ${message}`;
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + count);
  }

  /** Counts `count` records rejected for a `RecordError`; passes every other error on. */
  rejectFor(error: unknown, count = 1): void {
    if (!(error instanceof RecordError)) throw error;
    this.reject(error.reason, error.message, count);
  }

  /** Refuses a record whose day would open one partition too many; `low` and `high` are its signed nanoseconds. */
  admitDay(low: number, high: number): void {
    const day = Math.floor(((high | 0) * 4294967296 + low) / DAY_NANOSECONDS);
    if (this.#days.has(day)) return;
    if (this.#days.size >= this.#limits.daysPerRequest) {
      throw new RecordError('too_many_days', `a request spans at most ${this.#limits.daysPerRequest} UTC days`);
    }
    this.#days.add(day);
  }

  /** Hands out the rows of every table that has any. */
  take(): TableRows[] {
    const tables: TableRows[] = [];
    for (const [table, writer] of this.#writers) {
      if (writer.length > 0) tables.push({ table, ...writer.take(), days: this.#days.size });
    }
    return tables;
  }

  #rejectTooMany(): void {
    this.reject('too_many_records', `a request holds at most ${this.#limits.recordsPerRequest} records`);
  }

  #writer(table: TableName): RowWriter {
    let writer = this.#writers.get(table);
    if (writer === undefined) {
      writer = new RowWriter();
      this.#writers.set(table, writer);
    }
    return writer;
  }
}
