import { gzipSync } from 'node:zlib';
import type { Books } from './books.js';
import { encodeCalls, makeCall, type Call, type CallOptions } from './calls.js';
import type { Random } from './random.js';

/** What a sender is made of. */
export interface SenderOptions {
  /** Asked before each request: the receiver may have moved. */
  readonly url: () => string;
  readonly books: Books;
  readonly random: Random;
  readonly calls?: CallOptions;
  /** Share of acknowledged batches that are sent again, whole or cut otherwise. Default 0.25. */
  readonly repeatShare?: number;
  /** Largest batch. Default 40. */
  readonly batchCalls?: number;
  /** Pause between requests, in milliseconds. Default none. */
  readonly pauseMs?: number;
}

/** What a sender has seen. */
export interface SenderCounts {
  requests: number;
  acknowledged: number;
  /** Answers that ask to send again, by status; 0: no answer. */
  readonly failures: Map<number, number>;
  /** Requests sent again though they had been acknowledged. */
  repeats: number;
}

/** How often a request without an answer is tried again. */
const RETRY_MS = 25;

/**
 * Sends calls one batch after the other, as an OTLP exporter without a limit on retries does: what was not acknowledged
 * is sent again until it is; part of what was acknowledged is sent again as well, re-batched.
 */
export class Sender {
  readonly counts: SenderCounts = { requests: 0, acknowledged: 0, failures: new Map(), repeats: 0 };
  readonly #options: SenderOptions;
  readonly #delivered: Call[] = [];
  #isEnding = false;
  #done: Promise<void> = Promise.resolve();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** The last thousands of calls that were acknowledged. */
  get delivered(): readonly Call[] {
    return this.#delivered;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Makes no new calls, and resolves once everything is acknowledged. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    const { books, random, calls: options, batchCalls = 40, repeatShare = 0.25, pauseMs = 0 } = this.#options;
    while (!this.#isEnding) {
      const calls = Array.from({ length: random.between(1, batchCalls) }, () => makeCall(random, Date.now(), options));
      books.noteSent(calls);
      await this.#deliver(calls);
      this.#remember(calls);
      if (random.chance(repeatShare)) await this.#repeat();
      if (pauseMs > 0) await delay(pauseMs);
    }
  }

  #remember(calls: readonly Call[]): void {
    this.#delivered.push(...calls);
    if (this.#delivered.length > 20_000) this.#delivered.splice(0, 10_000);
  }

  /** Sends some of what was delivered once more, cut into another batch, once: its answer does not matter. */
  async #repeat(): Promise<void> {
    const { random } = this.#options;
    const from = random.below(this.#delivered.length);
    await this.#post(this.#delivered.slice(from, from + random.between(1, 60)));
    this.counts.repeats += 1;
  }

  async #deliver(calls: readonly Call[]): Promise<void> {
    for (;;) {
      const status = await this.#post(calls);
      if (status === 200) break;
      this.counts.failures.set(status, (this.counts.failures.get(status) ?? 0) + 1);
      if (status >= 400 && status !== 429 && status !== 503)
        throw new Error(`the receiver refused valid calls for good: HTTP ${status}`);
      await delay(RETRY_MS);
    }
    this.counts.acknowledged += calls.length;
    this.#options.books.noteAcknowledged(calls);
  }

  /** The status of the answer; 0 where none came. */
  async #post(calls: readonly Call[]): Promise<number> {
    const { random, url } = this.#options;
    const format = random.chance(0.7) ? 'protobuf' : 'json';
    const isZipped = random.chance(0.5);
    const body = encodeCalls(calls, format);
    this.counts.requests += 1;
    try {
      const response = await fetch(`${url()}/v1/traces`, {
        method: 'POST',
        headers: {
          'content-type': format === 'protobuf' ? 'application/x-protobuf' : 'application/json',
          ...(isZipped ? { 'content-encoding': 'gzip' } : {}),
        },
        body: new Uint8Array(isZipped ? gzipSync(body) : body),
        signal: AbortSignal.timeout(20_000),
      });
      const answer = await response.text();
      if (response.status === 200 && answer.includes('rejectedSpans'))
        throw new Error(`valid calls were rejected: ${answer}`);
      return response.status;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('valid calls')) throw error;
      return 0;
    }
  }
}

/** Resolves after some time: pauses between requests and moments of kills are part of a schedule, not a wait. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
