import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { ReceiverLimits } from '../limits.js';
import type { DecodeJob, DecodeOutcome, RefusalReason } from './decode-request.js';
import {
  type DecodeRequestMessage,
  type DecodeResponseMessage,
  type DecodeWorkerData,
  WORKER_READY,
} from './worker-messages.js';

/** Requests that the worker holds at a time: one that it decodes and one that waits, so that it never idles. */
const IN_WORKER = 2;

interface Waiting {
  readonly job: DecodeJob;
  readonly resolve: (outcome: DecodeOutcome) => void;
}

/** Decodes requests one after the other in a worker thread. */
export interface Decoder {
  /** Resolves with the rows of the request or with why there are none; never rejects. The body is no longer usable. */
  decode(job: DecodeJob): Promise<DecodeOutcome>;
  /** Looks whether waiting requests may go to the worker; to be called when `mayDecode` may have changed its answer. */
  resume(): void;
  close(): Promise<void>;
}

/**
 * The worker is compiled JavaScript also when this file runs from its TypeScript source (tests): a worker cannot load
 * TypeScript on Node 20. The package finds its own built files by its name.
 */
const workerUrl = (): URL =>
  new URL('decode/decode-worker.js', pathToFileURL(createRequire(import.meta.url).resolve('@costel/receiver')));

/** Starts the worker. `mayDecode` says whether there is room for more rows; while it is false, requests wait. */
export function createDecoder(limits: ReceiverLimits, tenant: string, mayDecode: () => boolean): Decoder {
  return new WorkerDecoder(limits, tenant, mayDecode);
}

class WorkerDecoder implements Decoder {
  readonly #limits: ReceiverLimits;
  readonly #tenant: string;
  readonly #mayDecode: () => boolean;
  readonly #waiting: Waiting[] = [];
  readonly #inWorker = new Map<number, Waiting>();
  /** Undefined where the last one did not even load; the next request tries again. */
  #worker: Worker | undefined;
  #isReady = false;
  #timer: NodeJS.Timeout | undefined;
  #nextId = 0;
  #isClosed = false;

  constructor(limits: ReceiverLimits, tenant: string, mayDecode: () => boolean) {
    this.#limits = limits;
    this.#tenant = tenant;
    this.#mayDecode = mayDecode;
    this.#worker = this.#start();
  }

  decode(job: DecodeJob): Promise<DecodeOutcome> {
    if (this.#isClosed) return Promise.resolve(refusal('decoder_restarted', CLOSED));
    return new Promise((resolve) => {
      this.#waiting.push({ job, resolve });
      this.#worker ??= this.#start();
      this.resume();
    });
  }

  resume(): void {
    while (this.#isReady && this.#waiting.length > 0 && this.#inWorker.size < IN_WORKER && this.#mayDecode()) {
      const next = this.#waiting.shift();
      if (next !== undefined) this.#send(next);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isReady = false;
    this.#failWaiting(CLOSED);
    this.#failInWorker('decoder_restarted', CLOSED);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerUrl(), {
      name: 'costel-otlp-decoder',
      workerData: { limits: this.#limits, tenant: this.#tenant } satisfies DecodeWorkerData,
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.decoderHeapMebibytes },
    });
    worker.unref();
    worker.on('message', (message: DecodeResponseMessage | typeof WORKER_READY) => {
      if (message !== WORKER_READY) return this.#settle(message);
      this.#isReady = true;
      return this.resume();
    });
    worker.on('error', (error) => this.#replace(worker, `decoding failed: ${error.message}`));
    return worker;
  }

  #send(waiting: Waiting): void {
    const id = this.#nextId++;
    this.#inWorker.set(id, waiting);
    const message: DecodeRequestMessage = { id, job: waiting.job };
    const { buffer } = waiting.job.body;
    this.#worker?.postMessage(message, buffer instanceof ArrayBuffer ? [buffer] : []);
    if (this.#timer === undefined) this.#watch();
  }

  #settle({ id, outcome }: DecodeResponseMessage): void {
    const waiting = this.#inWorker.get(id);
    // A worker that was replaced may have had one more answer on its way.
    if (waiting === undefined) return;
    this.#inWorker.delete(id);
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#inWorker.size > 0) this.#watch();
    waiting.resolve(outcome);
    this.resume();
  }

  #watch(): void {
    const { decodeMs } = this.#limits;
    this.#timer = setTimeout(() => {
      const worker = this.#worker;
      if (worker === undefined) return;
      this.#replace(worker, `decoding took longer than ${decodeMs} ms`);
      void worker.terminate();
    }, decodeMs);
    this.#timer.unref();
  }

  /** Replaces a worker that crashed or hangs. Its oldest request is to blame; the others may be sent again. */
  #replace(worker: Worker, message: string): void {
    if (worker !== this.#worker) return;
    const hadLoaded = this.#isReady;
    this.#isReady = false;
    this.#failInWorker('decoder_failed', message);
    this.#worker = hadLoaded ? this.#start() : undefined;
    if (!hadLoaded) this.#failWaiting(message);
  }

  #failWaiting(message: string): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(refusal('decoder_restarted', message));
  }

  #failInWorker(oldestReason: RefusalReason, message: string): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    let reason = oldestReason;
    for (const { resolve } of this.#inWorker.values()) {
      resolve(refusal(reason, message));
      reason = 'decoder_restarted';
    }
    this.#inWorker.clear();
  }
}

const CLOSED = 'the receiver is closed';

const refusal = (reason: RefusalReason, message: string): DecodeOutcome => ({ kind: 'refused', reason, message });
