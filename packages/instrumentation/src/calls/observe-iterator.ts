import { guarded, reportTrouble } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';

type Next = (this: unknown, ...args: unknown[]) => Promise<IteratorResult<unknown>>;

/** What is known of a stream beside its chunks. */
export interface IteratorContext {
  /** Tells that the request was aborted from outside. */
  readonly signal?: AbortSignal | undefined;
  /** Runs before each chunk that is asked for. */
  readonly onRead?: () => void;
}

/**
 * Listens to an iterator by standing in for its methods. Chunks are seen by a side reaction on the very promise that the
 * SDK returned: it costs the caller no extra turn of the microtask queue.
 */
export function observeIterator(source: AsyncIterator<unknown>, call: LlmCall, context: IteratorContext): void {
  const { signal, onRead } = context;
  const next = Reflect.get(source, 'next') as Next;
  const onResult = (result: IteratorResult<unknown>) => {
    try {
      if (result.done !== true) call.onChunk(result.value);
      else call.onStreamEnd(signal?.aborted === true ? 'aborted' : undefined);
    } catch (error) {
      reportTrouble('stream', error);
    }
  };
  const onError = (error: unknown) => {
    guarded('stream', () => {
      call.onError(error, isAbort(error) ? 'aborted' : undefined);
    });
  };
  const observed: Next = (...args) => {
    if (onRead !== undefined) guarded('stream', onRead);
    // Nearly always there are none, and passing on an array of them costs as much as the rest.
    const result = args.length === 0 ? next.call(source) : Reflect.apply(next, source, args);
    if (result instanceof Promise) result.then(onResult, onError);
    return result;
  };
  replace(source, 'next', call.hidesUsageChunk ? hidingUsageChunk(observed) : observed);
  for (const name of ['return', 'throw'] as const) {
    const method = source[name];
    if (method === undefined) continue;
    replace(source, name, (...args: unknown[]) => {
      guarded('stream', () => {
        call.onStreamEnd(signal?.aborted === true ? 'aborted' : 'broken_off');
      });
      return Reflect.apply(method, source, args);
    });
  }
}

/** True for the error that `fetch` and Node's streams give for an aborted request. */
function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** As visible as it was: some SDKs' generators have their methods as enumerable properties of their own. */
function replace(source: object, name: string, value: unknown): void {
  const enumerable = Object.getOwnPropertyDescriptor(source, name)?.enumerable ?? false;
  Object.defineProperty(source, name, { value, writable: true, configurable: true, enumerable });
}

/**
 * Passes over the chunk that only carries the usage we asked for, and takes the empty `usage` off the others, so that
 * the caller sees the stream that it asked for.
 */
function hidingUsageChunk(next: Next): Next {
  const hiding: Next = async (...args) => {
    const result = await next(...args);
    if (result.done === true) return result;
    const chunk = result.value as { choices?: unknown; usage?: unknown } | null;
    if (typeof chunk !== 'object' || chunk === null || !('usage' in chunk)) return result;
    if (chunk.usage === null) delete chunk.usage;
    else if (Array.isArray(chunk.choices) && chunk.choices.length === 0) return hiding(...args);
    return result;
  };
  return hiding;
}
