import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { observeIterator } from './observe-iterator.js';
import { watchReading } from './open-calls.js';
import type { SdkStream } from './sdk-shapes.js';

/**
 * Listens to a stream without reading it. `tee`, `toReadableStream`, `for await` and the helpers all start from
 * `iterator`, so that is the one thing replaced; the iterator it returns is the SDK's own, with its own methods
 * listened to.
 */
export function observeStream(stream: SdkStream, call: LlmCall): void {
  const { iterator: original, controller } = stream;
  const { signal } = controller;
  const onAbort = abortListener(call);
  let isRead = false;
  // Declared and then assigned: V8 makes a function literal that is assigned to a property in the old generation, where
  // it would keep stream and call until the next full collection.
  function iterator(this: unknown): AsyncIterator<unknown> {
    const source = original.call(this);
    if (isRead) return source;
    isRead = true;
    guarded('stream', () => {
      observeIterator(source, call, { signal });
    });
    guarded('stream', () => {
      signal.removeEventListener('abort', onAbort);
      watchReading(source, call, stream);
    });
    return source;
  }
  stream.iterator = iterator;
  // Until somebody reads, only the signal tells of an abort; afterwards the iterator does, and errors are told apart.
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  watchReading(stream, call);
}

/** Made here and not inline, so that its closure holds the call alone: the signal would keep a dropped stream alive. */
export function abortListener(call: LlmCall): () => void {
  return () => {
    guarded('stream', () => {
      call.onStreamEnd('aborted');
    });
  };
}
