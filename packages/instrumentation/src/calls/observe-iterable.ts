import { asRecord } from '../sdks/read-unknown.js';
import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { observeIterator, type IteratorContext } from './observe-iterator.js';
import { abortListener } from './observe-stream.js';
import { watchStream } from './open-calls.js';

type MakeIterator = (this: unknown, ...args: unknown[]) => AsyncIterator<unknown>;

/** True for what `for await` can read asynchronously. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return (
    asRecord(value) !== undefined &&
    typeof (value as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
  );
}

/**
 * Listens to an async iterable without reading it. One that is its own iterator (a generator) is listened to itself, any
 * other through the iterators that it makes.
 * @param signal The signal by which the SDK's own objects abort this stream, where there is one.
 */
export function observeIterable(stream: AsyncIterable<unknown>, call: LlmCall, signal?: AbortSignal): void {
  const onAbort = abortListener(call);
  let isRead = false;
  const onRead = () => {
    if (isRead) return;
    isRead = true;
    signal?.removeEventListener('abort', onAbort);
  };
  const context: IteratorContext = signal === undefined ? {} : { signal, onRead };
  if (isIterator(stream)) observeIterator(stream, call, context);
  else {
    listenToIterators(stream, (source) => {
      observeIterator(source, call, context);
    });
  }
  // Until somebody reads, only the signal tells of an abort; afterwards the iterator does, and errors are told apart.
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  watchStream(stream, call);
}

function isIterator(value: object): value is AsyncIterator<unknown> {
  return typeof (value as Partial<AsyncIterator<unknown>>).next === 'function';
}

/** What listens to the iterators of a stream whose class makes them. */
const listeners = new WeakMap<object, (source: AsyncIterator<unknown>) => void>();

/** An iterator keeps its stream, so that a stream that is still read does not count as dropped. */
const streamOfIterator = new WeakMap<object, object>();

const listenedPrototypes = new WeakSet<object>();

/**
 * Runs `onIterator` for every iterator that a stream makes. A class's method is stood in for on the class, so that no
 * stream looks different; a built-in class is left alone and the stream gets a hidden method of its own.
 */
function listenToIterators(stream: AsyncIterable<unknown>, onIterator: (source: AsyncIterator<unknown>) => void): void {
  listeners.set(stream, onIterator);
  const holder = holderOf(stream);
  if (holder === undefined || holder === stream || isBuiltIn(holder)) {
    standIn(stream, Object.getOwnPropertyDescriptor(stream, Symbol.asyncIterator)?.enumerable ?? false);
  } else if (!listenedPrototypes.has(holder)) {
    listenedPrototypes.add(holder);
    standIn(holder as AsyncIterable<unknown>, false);
  }
}

/** The object in the chain that has the method. */
function holderOf(stream: object): object | undefined {
  let at: unknown = stream;
  while (typeof at === 'object' && at !== null) {
    if (Object.hasOwn(at, Symbol.asyncIterator)) return at;
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}

function isBuiltIn(prototype: object): boolean {
  const { constructor } = prototype;
  // A generator's prototypes have objects for constructors.
  return (
    typeof constructor !== 'function' ||
    /\{\s*\[native code\]\s*\}$/.test(Function.prototype.toString.call(constructor))
  );
}

function standIn(owner: AsyncIterable<unknown>, enumerable: boolean): void {
  const make = owner[Symbol.asyncIterator] as MakeIterator;
  function asyncIterator(this: object, ...args: unknown[]): AsyncIterator<unknown> {
    const source = Reflect.apply(make, this, args);
    guarded('stream', () => {
      const onIterator = listeners.get(this);
      if (onIterator === undefined) return;
      streamOfIterator.set(source, this);
      onIterator(source);
    });
    return source;
  }
  Object.defineProperty(asyncIterator, 'name', { value: make.name, configurable: true });
  Object.defineProperty(owner, Symbol.asyncIterator, {
    value: asyncIterator,
    writable: true,
    configurable: true,
    enumerable,
  });
}
