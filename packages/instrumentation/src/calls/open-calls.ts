import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';

/** Calls without an end so far; they hold neither promises nor streams, so nothing of the caller's is kept alive. */
const openCalls = new Set<LlmCall>();

/** Remembers a call until it ends. */
export function openCall(call: LlmCall): void {
  openCalls.add(call);
}

/** Forgets a call that ended. */
export function closeCall(call: LlmCall): void {
  openCalls.delete(call);
}

/**
 * Ends every call that is still open, before the process or its exporter goes away: what was answered and not read is
 * `estimated`, what was not answered yet is `missing`.
 */
export function finishOpenCalls(): void {
  for (const call of openCalls)
    guarded('finish', () => {
      call.onUnread('abandoned');
    });
}

/**
 * Tells when the caller dropped what would have been read: the provider bills such a call all the same. A promise is
 * only judged before its body is parsed, a stream (or its iterator) until it ends.
 */
const dropped = new FinalizationRegistry<{ readonly call: LlmCall; readonly kind: 'promise' | 'stream' }>(
  ({ call, kind }) => {
    if (kind === 'promise' && call.hasParseStarted) return;
    guarded('finish', () => {
      call.onUnread('abandoned');
    });
  },
);

/**
 * Watches the promise that parsing starts from, unless somebody awaits it already: then parsing starts within this turn
 * of the microtask queue, and the far most common call is spared a cell for the garbage collector to look after. To be
 * called when the response is there, from inside the promise's own reaction.
 */
export function watchUnlessParsed(promise: object, call: LlmCall): void {
  // The first microtask runs before the reactions of the promise, the second after them.
  queueMicrotask(() => {
    queueMicrotask(() => {
      if (!call.hasParseStarted) dropped.register(promise, { call, kind: 'promise' });
    });
  });
}

/** Watches a stream; `unwatchStream` when its iterator takes over. */
export function watchStream(stream: object, call: LlmCall): void {
  dropped.register(stream, { call, kind: 'stream' }, stream);
}

/** Stops to watch a stream. */
export function unwatchStream(stream: object): void {
  dropped.unregister(stream);
}
