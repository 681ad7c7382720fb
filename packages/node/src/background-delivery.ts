import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { isRefusal, type OutageReport } from './outage-report.js';

/** An exporter of either signal. */
export interface Exporter<Batch> {
  export(batch: Batch, done: (result: ExportResult) => void): void;
  forceFlush?(): Promise<void>;
  shutdown(): Promise<void>;
}

/** How much may wait for a receiver that does not answer. */
export interface WaitingLimit<Batch> {
  readonly sizeOf: (batch: Batch) => number;
  readonly maxWaiting: number;
  /** Told of what was given up: it had to make room, or the receiver refused it. */
  readonly onDropped: (size: number) => void;
  /** Makes one batch of two that wait; absent where they cannot be joined. */
  readonly join?: (first: Batch, second: Batch) => Batch;
}

const FIRST_RETRY_DELAY_MS = 1000;
const LONGEST_RETRY_DELAY_MS = 30_000;

/** Largest batch that is made by joining; as many as the SDK itself puts into one. */
const MAX_JOINED_SIZE = 512;

/**
 * Sends batches one after another, without ever making the SDK or the process wait: what fails waits, up to a limit,
 * and goes out first when the receiver is back. The timers do not keep the process alive, which the exporter's own
 * retries do (up to ten seconds at the end of a script, measured with no receiver listening).
 */
class BackgroundDelivery<Batch> {
  readonly #send: (batch: Batch) => Promise<ExportResult>;
  readonly #report: OutageReport;
  readonly #limit: WaitingLimit<Batch>;
  readonly #waiting: Batch[] = [];
  #waitingSize = 0;
  #pumping: Promise<void> | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #retryDelayMs = FIRST_RETRY_DELAY_MS;

  constructor(send: (batch: Batch) => Promise<ExportResult>, report: OutageReport, limit: WaitingLimit<Batch>) {
    this.#send = send;
    this.#report = report;
    this.#limit = limit;
  }

  /** Takes a batch; sends it at once unless earlier ones are waiting for the receiver. */
  take(batch: Batch): void {
    this.#waiting.push(batch);
    this.#waitingSize += this.#limit.sizeOf(batch);
    while (this.#waitingSize > this.#limit.maxWaiting && this.#waiting.length > 1) {
      const oldest = this.#waiting.shift();
      if (oldest === undefined) break;
      this.#waitingSize -= this.#limit.sizeOf(oldest);
      this.#limit.onDropped(this.#limit.sizeOf(oldest));
    }
    if (this.#retryTimer === undefined) void this.#pump();
  }

  /** Tries everything that waits once more, now. */
  async flush(): Promise<void> {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    await this.#pump();
  }

  #pump(): Promise<void> {
    return (this.#pumping ??= this.#sendWaiting().finally(() => {
      this.#pumping = undefined;
    }));
  }

  async #sendWaiting(): Promise<void> {
    for (let batch = this.#joinWaiting(); batch !== undefined; batch = this.#joinWaiting()) {
      const { code, error } = await this.#send(batch);
      if (code === ExportResultCode.SUCCESS) {
        this.#report.succeeded();
        this.#retryDelayMs = FIRST_RETRY_DELAY_MS;
      } else {
        this.#report.failed(error);
        if (!isRefusal(error)) {
          this.#retryLater();
          return;
        }
        this.#limit.onDropped(this.#limit.sizeOf(batch));
      }
      // Dropping the oldest may have taken it away while it was on its way.
      if (this.#waiting[0] === batch) {
        this.#waiting.shift();
        this.#waitingSize -= this.#limit.sizeOf(batch);
      }
    }
  }

  /**
   * The first batch, with those behind it that fit: a receiver that takes longer than the export interval answers once
   * for all that gathered meanwhile, so that it does not fall further and further behind.
   */
  #joinWaiting(): Batch | undefined {
    const { join, sizeOf } = this.#limit;
    if (join === undefined) return this.#waiting[0];
    for (;;) {
      const [first, second] = this.#waiting;
      if (first === undefined || second === undefined || sizeOf(first) + sizeOf(second) > MAX_JOINED_SIZE) return first;
      this.#waiting.splice(0, 2, join(first, second));
    }
  }

  #retryLater(): void {
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = undefined;
      void this.#pump();
    }, this.#retryDelayMs).unref();
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, LONGEST_RETRY_DELAY_MS);
  }
}

/** Makes an exporter deliver in the background; its `forceFlush` and `shutdown` wait for one try of what is waiting. */
export function deliverInBackground<Batch, Target extends Exporter<Batch>>(
  exporter: Target,
  report: OutageReport,
  limit: WaitingLimit<Batch>,
): Target {
  withoutRetries(exporter);
  const send: Exporter<Batch>['export'] = exporter.export.bind(exporter);
  const shutdown = exporter.shutdown.bind(exporter);
  const delivery = new BackgroundDelivery<Batch>(
    (batch) => new Promise((resolve) => send(batch, resolve)),
    report,
    limit,
  );
  exporter.export = (batch, done) => {
    delivery.take(batch);
    done({ code: ExportResultCode.SUCCESS });
  };
  exporter.forceFlush = () => delivery.flush();
  exporter.shutdown = async () => {
    await delivery.flush();
    await shutdown();
  };
  return exporter;
}

/**
 * Takes the exporter's own retries off, which cannot be configured away and whose timers hold the process. Where a
 * later version is built otherwise, they stay, and only the end of the process is slower.
 */
function withoutRetries(exporter: object): void {
  const delegate = (exporter as { _delegate?: { _transport?: { _transport?: { send?: unknown } } & object } })
    ._delegate;
  const inner = delegate?._transport?._transport;
  if (delegate !== undefined && typeof inner?.send === 'function') delegate._transport = inner;
}
