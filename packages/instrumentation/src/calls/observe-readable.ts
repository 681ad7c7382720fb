import { guarded, reportTrouble } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { observeIterator } from './observe-iterator.js';
import { watchStream } from './open-calls.js';

type Stream = ReadableStream<unknown>;
type Reader = ReadableStreamDefaultReader<unknown>;
type ReadResult = { readonly done: boolean; readonly value?: unknown };

/** What is known of a stream beside its chunks. */
export interface StreamContext {
  /** True for the chunk after which the answer is complete; absent: the stream's end is the answer's. */
  readonly isEnd?: (chunk: unknown) => boolean;
  /** Tells that the request was aborted from outside. */
  readonly signal?: AbortSignal | undefined;
}

/** Who listens to a stream. */
class StreamListener {
  readonly call: LlmCall;
  readonly #context: StreamContext;

  constructor(call: LlmCall, context: StreamContext) {
    this.call = call;
    this.#context = context;
  }

  onResult({ done, value }: ReadResult): void {
    try {
      if (!done) this.call.onChunk(value);
      if (done || this.#context.isEnd?.(value) === true) this.call.onStreamEnd();
    } catch (error) {
      reportTrouble('stream', error);
    }
  }

  onError(error: unknown): void {
    guarded('stream', () => {
      this.call.onError(error, error instanceof Error && error.name === 'AbortError' ? 'aborted' : undefined);
    });
  }

  onCancel(): void {
    guarded('stream', () => {
      this.call.onStreamEnd(this.#context.signal?.aborted === true ? 'aborted' : 'broken_off');
    });
  }
}

/**
 * A stream in the place of a built-in one that nobody has seen yet: it reads the other chunk by chunk as it is read
 * itself, holds nothing back and reads nothing ahead, so that back-pressure and cancelling go through.
 */
export function listenedStream(stream: Stream, call: LlmCall, context: StreamContext = {}): Stream {
  const listened = readThrough(stream, new StreamListener(call, context));
  // The other is taken by now, so whatever happens here, the caller gets this one.
  guarded('stream', () => watchStream(listened, call));
  return listened;
}

function readThrough(stream: Stream, listener: StreamListener): Stream {
  const reader = ReadableStream.prototype.getReader.call(stream) as Reader;
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        try {
          const result = await reader.read();
          listener.onResult(result);
          if (result.done) controller.close();
          else controller.enqueue(result.value);
        } catch (error) {
          listener.onError(error);
          controller.error(error);
        }
      },
      cancel(reason) {
        listener.onCancel();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

const listeners = new WeakMap<object, StreamListener>();
const listenedPrototypes = new WeakSet<object>();

/**
 * Listens to a stream of a class of the SDK's own without reading it. The class's ways of reading are stood in for, once,
 * so that the stream stays the object that it is and looks as it did.
 */
export function observeStreamOfClass(stream: Stream, call: LlmCall): void {
  listeners.set(stream, new StreamListener(call, {}));
  const prototype = Object.getPrototypeOf(stream) as Stream;
  if (!listenedPrototypes.has(prototype)) {
    listenedPrototypes.add(prototype);
    standInForReader(prototype);
    for (const name of [Symbol.asyncIterator, 'values'] as const) standInForIterators(prototype, name);
    for (const name of ['tee', 'pipeTo', 'pipeThrough'] as const) standInForPipe(prototype, name);
    standInForCancel(prototype);
  }
  watchStream(stream, call);
}

type Method = (this: Stream, ...args: unknown[]) => unknown;

/** Replaces a method of a class, or gives the class one in front of the inherited one. */
function standIn(owner: object, name: string | symbol, make: (original: Method) => Method): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') return;
  const value = make(original as Method);
  for (const property of ['name', 'length'] as const)
    Object.defineProperty(value, property, { value: original[property], configurable: true });
  const { enumerable = false } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
  Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable });
}

function standInForReader(prototype: Stream): void {
  standIn(prototype, 'getReader', (original) => {
    return function (...args) {
      const reader = Reflect.apply(original, this, args) as Reader;
      const listener = listeners.get(this);
      if (listener !== undefined) guarded('stream', () => observeReader(reader, listener));
      return reader;
    };
  });
}

function observeReader(reader: Reader, listener: StreamListener): void {
  standIn(reader, 'read', (original) => {
    return function (...args) {
      const result = Reflect.apply(original, this, args) as Promise<ReadResult>;
      result.then(
        (read) => listener.onResult(read),
        (error: unknown) => listener.onError(error),
      );
      return result;
    };
  });
  standIn(reader, 'cancel', (original) => {
    return function (...args) {
      listener.onCancel();
      return Reflect.apply(original, this, args);
    };
  });
}

/** An iterator keeps its stream, so that a stream that is still read does not count as dropped. */
const streamOfIterator = new WeakMap<object, object>();

function standInForIterators(prototype: Stream, name: symbol | string): void {
  standIn(prototype, name, (original) => {
    return function (...args) {
      const source = Reflect.apply(original, this, args) as AsyncIterator<unknown>;
      guarded('stream', () => {
        const listener = listeners.get(this);
        if (listener === undefined || streamOfIterator.has(source)) return;
        streamOfIterator.set(source, this);
        observeIterator(source, listener.call, {});
      });
      return source;
    };
  });
}

/** These take the chunks out inside the runtime: they get the stream read through in its place. */
function standInForPipe(prototype: Stream, name: string): void {
  standIn(prototype, name, (original) => {
    return function (...args) {
      const listener = listeners.get(this);
      // A stream that is being read already answers for itself.
      const source = listener === undefined || this.locked ? this : readThrough(this, listener);
      return Reflect.apply(original, source, args);
    };
  });
}

function standInForCancel(prototype: Stream): void {
  standIn(prototype, 'cancel', (original) => {
    return function (...args) {
      if (!this.locked) listeners.get(this)?.onCancel();
      return Reflect.apply(original, this, args);
    };
  });
}
