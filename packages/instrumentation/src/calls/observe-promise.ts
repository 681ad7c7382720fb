import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { observeStream } from './observe-stream.js';
import { awaitResponse, watchUnlessParsed } from './open-calls.js';
import { observeRawResponse, patchAsResponse } from './raw-response.js';
import { isApiPromise, isSdkStream, type ApiPromise, type ResponseProps } from './sdk-shapes.js';

/**
 * Listens to an SDK promise without awaiting it, so that the body is parsed when, and only if, the caller asks for it.
 * The promise itself goes back to the caller. Replaced are three of its fields, none of them public:
 *  - `responsePromise`, by a promise derived from it that passes value and error on. A mere `catch` on the original
 *    would mark a failing call that nobody awaits as handled and swallow its unhandledRejection;
 *  - `parseResponse`, to see the parsed answer by a side reaction on the parser's own promise;
 *  - its own `_thenUnwrap`, where it has one: openai from 7.5 closes over the parser there, and every helper built on
 *    `_thenUnwrap` (`parse`, embeddings) would be missed.
 */
export function observePromise(promise: ApiPromise, call: LlmCall): void {
  const derived = deriveResponse(promise.responsePromise, call);
  awaitResponse(derived, call);
  patchAsResponse(promise);
  rewire(promise, derived, call);
}

function deriveResponse(request: Promise<ResponseProps>, call: LlmCall): Promise<ResponseProps> {
  const derived = request.then(
    (props) => {
      guarded('response', () => {
        call.onResponse(props.response);
        if (call.isTakenRaw) observeRawResponse(props.response, call);
        if (!call.hasParseStarted) watchUnlessParsed(derived, call);
      });
      return props;
    },
    (error: unknown) => {
      guarded('response', () => {
        call.onError(error);
      });
      throw error;
    },
  );
  return derived;
}

function rewire(promise: ApiPromise, derived: Promise<ResponseProps>, call: LlmCall): void {
  promise.responsePromise = derived;
  const parse = promise.parseResponse;
  // Named first: V8 makes a function that is written where a property is assigned in the old generation, and a dead one
  // there keeps the call, its answer and what the SDK holds of it from the young generation's collections.
  const parseAndTell: ApiPromise['parseResponse'] = function (client, props) {
    call.onParseStarted();
    const parsed = parse.call(this, client, props);
    guarded('parse', () => {
      observeParsed(parsed, call);
    });
    return parsed;
  };
  promise.parseResponse = parseAndTell;
  const unwrap = Object.hasOwn(promise, '_thenUnwrap') ? promise._thenUnwrap : undefined;
  if (unwrap === undefined) return;
  const unwrapAndTell: NonNullable<ApiPromise['_thenUnwrap']> = function (transform) {
    const next = unwrap.call(this, (data, props) => {
      onParsed(data, call);
      return transform(data, props);
    });
    guarded('promise', () => {
      if (isApiPromise(next)) rewire(next, derived, call);
    });
    return next;
  };
  promise._thenUnwrap = unwrapAndTell;
}

function observeParsed(parsed: unknown, call: LlmCall): void {
  if (!(parsed instanceof Promise)) {
    onParsed(parsed, call);
    return;
  }
  // Whoever asked for the body follows this promise too, so its rejection stays theirs to handle.
  parsed.then(
    (data) => onParsed(data, call),
    (error: unknown) => {
      guarded('parse', () => {
        call.onError(error);
      });
    },
  );
}

const observedStreams = new WeakSet<object>();

function onParsed(data: unknown, call: LlmCall): void {
  guarded('parse', () => {
    if (!isSdkStream(data)) {
      call.onBody(data);
    } else if (!observedStreams.has(data)) {
      observedStreams.add(data);
      guarded('stream', () => {
        call.onStream();
      });
      observeStream(data, call);
    }
  });
}
