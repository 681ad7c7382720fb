import type { DecodeJob } from '../decode/decode-request.js';
import type { Ingest, IngestOutcome } from '../ingest.js';
import type { ReceiverLimits } from '../limits.js';
import type { ReceiverCounters } from '../stats.js';
import { type ByteBudget, type IncomingBody, readBody } from './read-body.js';
import { Refusal } from './refusal.js';

/** What requests are taken in with, whatever they came over. */
export interface ExportIntakeOptions {
  readonly ingest: Ingest;
  readonly limits: ReceiverLimits;
  readonly counters: ReceiverCounters;
}

/** Takes exports in: HTTP and gRPC share one queue and its bounds. */
export interface ExportIntake {
  /**
   * Reads a body within the bounds of the queue, makes a job of it, and resolves once its rows are committed.
   * @throws Refusal where it was not stored.
   */
  take(incoming: IncomingBody, toJob: (body: Uint8Array) => DecodeJob): Promise<IngestOutcome & { kind: 'stored' }>;
}

/** Makes an intake. Whatever waits counts against `queuedRequests` and `queuedBytes`, from its first byte on. */
export function createExportIntake({ counters, ingest, limits }: ExportIntakeOptions): ExportIntake {
  const budget = queueBudget(counters, limits);
  return {
    async take(incoming, toJob) {
      if (counters.queue.requests >= limits.queuedRequests) throw queueFull(limits);
      counters.queue.requests++;
      let taken = 0;
      try {
        const read = await readBody(incoming, limits.requestBytes, budget);
        if (read.kind === 'queue_full') throw queueFull(limits);
        if (read.kind === 'too_large') {
          throw new Refusal('body_too_large', `the body has more than ${limits.requestBytes} bytes`);
        }
        if (read.kind !== 'read') throw new Refusal(read.kind, 'the body broke off');
        taken = read.bytes.length;
        counters.countReceived(taken);
        const outcome = await ingest.ingest(toJob(read.bytes));
        if (outcome.kind === 'refused') throw new Refusal(outcome.reason, outcome.message);
        return outcome;
      } finally {
        budget.give(taken);
        counters.queue.requests--;
      }
    },
  };
}

function queueBudget({ queue }: ReceiverCounters, { queuedBytes }: ReceiverLimits): ByteBudget {
  return {
    take(bytes) {
      if (queue.bytes + bytes > queuedBytes) return false;
      queue.bytes += bytes;
      return true;
    },
    give(bytes) {
      queue.bytes -= bytes;
    },
  };
}

const queueFull = (limits: ReceiverLimits): Refusal =>
  new Refusal('queue_full', `more than ${limits.queuedRequests} requests or ${limits.queuedBytes} bytes are waiting`);
