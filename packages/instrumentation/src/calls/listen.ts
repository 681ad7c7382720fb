import type { Listen } from '../sdks/sdk-definition.js';
import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { isAsyncIterable, observeIterable } from './observe-iterable.js';
import { observeStreamOfClass } from './observe-readable.js';

/** What a settled promise means for its call. */
export interface Settling {
  /** Takes the value; absent: an async iterable is the stream, anything else the answer. */
  readonly onValue?: (value: unknown, call: LlmCall) => void;
}

/** Tells a call its answer: a stream to listen to, or a body. */
export function settle(value: unknown, call: LlmCall): void {
  if (isStreamOfClass(value)) {
    call.onStream();
    observeStreamOfClass(value, call);
  } else if (isAsyncIterable(value)) {
    call.onStream();
    observeIterable(value, call);
  } else {
    call.onBody(value);
  }
}

/**
 * Listens to a native promise that the caller itself holds. The caller gets a promise derived from it, for a reaction
 * beside the caller's own would mark a failing call that nobody awaits as handled and swallow its unhandledRejection.
 * A promise of another class is passed on unheard: deriving would lose the class.
 */
export function listenToPromise({ onValue = settle }: Settling = {}): Listen {
  return (result, call) => {
    if (!isNativePromise(result)) {
      call.onUnread('raw_response');
      return result;
    }
    return result.then(
      (value) => {
        guarded('response', () => {
          onValue(value, call);
        });
        return value;
      },
      (error: unknown) => {
        guarded('response', () => {
          call.onError(error);
        });
        throw error;
      },
    );
  };
}

/** Listens to a promise that the SDK itself awaits, by a reaction beside the SDK's own: nothing is derived or delayed. */
export function listenInside({ onValue = settle }: Settling = {}): Listen {
  return (result, call) => {
    if (!(result instanceof Promise)) {
      call.onUnread('raw_response');
      return result;
    }
    result.then(
      (value) =>
        guarded('response', () => {
          onValue(value, call);
        }),
      (error: unknown) => {
        guarded('response', () => {
          call.onError(error);
        });
      },
    );
    return result;
  };
}

/** True for a stream of a class that an SDK made of the built-in one; such a stream has more ways of being read. */
function isStreamOfClass(value: unknown): value is ReadableStream<unknown> {
  return value instanceof ReadableStream && Object.getPrototypeOf(value) !== ReadableStream.prototype;
}

function isNativePromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise && Object.getPrototypeOf(value) === Promise.prototype;
}
