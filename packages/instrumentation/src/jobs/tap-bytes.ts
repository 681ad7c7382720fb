import { guarded } from '../telemetry/trouble.js';

/** Who is told of the bytes of a stream as they are read; `onEnd` once, and not for a stream that was left. */
export interface ByteListener {
  readonly onBytes: (bytes: Uint8Array) => void;
  readonly onEnd: () => void;
}

type Stream = ReadableStream<unknown>;
type Reader = ReadableStreamDefaultReader<unknown>;
type Method = (this: Stream, ...args: unknown[]) => unknown;
interface ReadResult {
  readonly done?: boolean | undefined;
  readonly value?: unknown;
}

/**
 * Listens to a built-in stream of bytes (the body of a response) as somebody reads it: by a reader, which `text()` and the
 * like and Node's own streams take too, by iteration, or by a pipe. Nothing is read that nobody asked for. The stream
 * gets hidden methods of its own in front of the inherited ones.
 */
export function tapBytes(stream: Stream, listener: ByteListener): void {
  if (Object.getPrototypeOf(stream) !== ReadableStream.prototype || stream.locked) return;
  const onResult = ({ done, value }: ReadResult): void => {
    guarded('job', () => {
      if (value instanceof Uint8Array) listener.onBytes(value);
      if (done === true) listener.onEnd();
    });
  };
  standIn(stream, 'getReader', (original) => {
    return function (...args) {
      const reader = Reflect.apply(original, this, args) as object;
      guarded('job', () => hear(reader, 'read', onResult));
      return reader;
    };
  });
  for (const name of [Symbol.asyncIterator, 'values'] as const) {
    standIn(stream, name, (original) => {
      return function (...args) {
        const iterator = Reflect.apply(original, this, args) as object;
        guarded('job', () => hear(iterator, 'next', onResult));
        return iterator;
      };
    });
  }
  // These take the bytes out inside the runtime: they get a stream that reads this one through.
  for (const name of ['tee', 'pipeTo', 'pipeThrough'] as const) {
    standIn(stream, name, (original) => {
      return function (...args) {
        return Reflect.apply(original, this.locked ? this : readThrough(this, onResult), args);
      };
    });
  }
}

/**
 * Listens to a stream of Node's own (the body that `node-fetch` gives): whatever takes a chunk out of one, it tells of the
 * chunk by an event.
 */
export function tapNodeBytes(stream: object, { onBytes, onEnd }: ByteListener): void {
  standIn(stream, 'emit', (original) => {
    return function (...args) {
      guarded('job', () => {
        const [event, chunk] = args;
        if (event === 'data' && chunk instanceof Uint8Array) onBytes(chunk);
        if (event === 'end') onEnd();
      });
      return Reflect.apply(original, stream, args);
    };
  });
}

/** Gives an object a hidden method of its own. */
function standIn(owner: object, name: string | symbol, make: (original: Method) => Method): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') return;
  Object.defineProperty(owner, name, {
    value: make(original as Method),
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

/** Tells of what each call of a method gives; whoever called it follows the same promise, and its failures are theirs. */
function hear(owner: object, name: 'read' | 'next', onResult: (result: ReadResult) => void): void {
  standIn(owner, name, (original) => {
    return function (...args) {
      const result = Reflect.apply(original, owner, args) as Promise<ReadResult>;
      result.then(onResult, () => undefined);
      return result;
    };
  });
}

function readThrough(stream: Stream, onResult: (result: ReadResult) => void): Stream {
  const reader = ReadableStream.prototype.getReader.call(stream) as Reader;
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const result = await reader.read();
        onResult(result);
        if (result.done) controller.close();
        else controller.enqueue(result.value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
