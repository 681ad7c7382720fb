import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { unframeBlocks } from './block-framing.js';
import { InterfaceError } from './interface-error.js';

/** What the worker is asked. */
export interface UnframeRequest {
  readonly id: number;
  readonly framed: Uint8Array;
  readonly maxBytes: number;
}

/** What it answers. */
export type UnframeAnswer =
  | { readonly id: number; readonly content: Uint8Array }
  | { readonly id: number; readonly error: { number: number; type: string; message: string; status: number } };

/** Smaller bodies are unpacked where they are: 64 KiB take about 2 ms at the worst. */
const MIN_WORKER_BYTES = 64 * 1024;

/** A worker cannot load TypeScript on Node 20: also tests, which run from source, use the built file of this package. */
const workerUrl = (): URL =>
  new URL('interface/unframe-worker.js', pathToFileURL(createRequire(import.meta.url).resolve('@costel/store')));

interface Waiting {
  readonly resolve: (content: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Undoes ClickHouse's block framing: large bodies in one worker thread, started for the first of them, so that decoding
 * lz4 (about 110 MB/s) does not hold up the process.
 */
export class BlockUnframer {
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #nextId = 0;

  /** @throws InterfaceError as {@link unframeBlocks} does. The body is no longer usable. */
  async unframe(framed: Buffer, maxBytes: number): Promise<Buffer> {
    if (framed.length < MIN_WORKER_BYTES && claimedBytes(framed) < MIN_WORKER_BYTES * 16)
      return unframeBlocks(framed, maxBytes);
    const worker = (this.#worker ??= this.#start());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      const isWhole = framed.byteOffset === 0 && framed.byteLength === framed.buffer.byteLength;
      const message: UnframeRequest = { id, framed, maxBytes };
      worker.postMessage(message, isWhole && framed.buffer instanceof ArrayBuffer ? [framed.buffer] : []);
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#fail(new InterfaceError(236, 'ABORTED', 'the server is stopping', 503));
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(workerUrl(), { name: 'costel-unframe' });
    worker.unref();
    worker.on('message', (answer: UnframeAnswer) => this.#settle(answer));
    worker.on('error', (error) => {
      if (worker === this.#worker) this.#worker = undefined;
      this.#fail(new InterfaceError(1001, 'STD_EXCEPTION', `the body could not be unpacked: ${error.message}`));
    });
    return worker;
  }

  #settle(answer: UnframeAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (waiting === undefined) return;
    if ('content' in answer) {
      const { content } = answer;
      waiting.resolve(Buffer.from(content.buffer, content.byteOffset, content.byteLength));
      return;
    }
    const { number, type, message, status } = answer.error;
    waiting.reject(new InterfaceError(number, type, message, status));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** What the first block says that it unpacks to. */
function claimedBytes(framed: Buffer): number {
  const SIZE_AT = 21;
  return framed.length < SIZE_AT + 4 ? 0 : framed.readUInt32LE(SIZE_AT);
}
