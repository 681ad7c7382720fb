import { guarded, reportTrouble } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { unwatchStream, watchStream } from './open-calls.js';
import type { SdkStream } from './sdk-shapes.js';

type Next = (...args: unknown[]) => Promise<IteratorResult<unknown>>;

/**
 * Listens to a stream without reading it. `tee`, `toReadableStream`, `for await` and the helpers all start from
 * `iterator`, so that is the one thing replaced; the iterator it returns is the SDK's own, with its own methods
 * listened to. Chunks are seen by a side reaction on the very promise that the SDK returned: it costs the caller no
 * extra turn of the microtask queue.
 */
export function observeStream(stream: SdkStream, call: LlmCall): void {
  const { iterator, controller } = stream;
  const { signal } = controller;
  const onAbort = abortListener(call);
  let isRead = false;
  stream.iterator = function (this: unknown) {
    const source = iterator.call(this);
    if (isRead) return source;
    isRead = true;
    guarded('stream', () => {
      observeIterator(source, call, signal);
    });
    guarded('stream', () => {
      signal.removeEventListener('abort', onAbort);
      unwatchStream(stream);
      watchStream(source, call);
    });
    return source;
  };
  // Until somebody reads, only the signal tells of an abort; afterwards the iterator does, and errors are told apart.
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  watchStream(stream, call);
}

/** Made here and not inline, so that its closure holds the call alone: the signal would keep a dropped stream alive. */
function abortListener(call: LlmCall): () => void {
  return () => {
    guarded('stream', () => {
      call.onStreamEnd('aborted');
    });
  };
}

function observeIterator(source: AsyncIterator<unknown>, call: LlmCall, signal: AbortSignal): void {
  const next = source.next.bind(source) as Next;
  const onResult = (result: IteratorResult<unknown>) => {
    try {
      if (result.done !== true) call.onChunk(result.value);
      else call.onStreamEnd(signal.aborted ? 'aborted' : undefined);
    } catch (error) {
      reportTrouble('stream', error);
    }
  };
  const onError = (error: unknown) => {
    guarded('stream', () => {
      call.onError(error);
    });
  };
  const observed: Next = (...args) => {
    const result = next(...args);
    result.then(onResult, onError);
    return result;
  };
  replace(source, 'next', call.hidesUsageChunk ? hidingUsageChunk(observed) : observed);
  for (const name of ['return', 'throw'] as const) {
    const method = source[name];
    if (method === undefined) continue;
    replace(source, name, (...args: unknown[]) => {
      guarded('stream', () => {
        call.onStreamEnd(signal.aborted ? 'aborted' : 'broken_off');
      });
      return Reflect.apply(method, source, args);
    });
  }
}

function replace(source: object, name: string, value: unknown): void {
  Object.defineProperty(source, name, { value, writable: true, configurable: true, enumerable: false });
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
