import { guarded } from '../telemetry/trouble.js';
import type { LlmCall } from './llm-call.js';
import { callAwaiting, watchStream } from './open-calls.js';
import type { AnyFunction, ApiPromise } from './sdk-shapes.js';

/*
 * `asResponse()` hands out the Response with its body unread. A clone would buffer what the caller reads slowly, so
 * only `json()` and `text()` of a JSON answer are listened to; of an event stream read by hand nothing is seen, and its
 * usage is estimated from the request.
 */

const patchedPrototypes = new WeakSet<object>();
let lastPrototype: object | undefined;

/**
 * Makes `asResponse` of this promise's class tell its call; on the prototype, so that no promise looks different. Nor does
 * the one that it waits for: with a property of ours on it, V8 has one more kind of promise to tell apart wherever
 * `AsyncLocalStorage` looks at one, in all of the process.
 */
export function patchAsResponse(promise: ApiPromise): void {
  const prototype = Object.getPrototypeOf(promise) as { asResponse?: AnyFunction };
  if (prototype === lastPrototype) return;
  lastPrototype = prototype;
  const original = prototype.asResponse;
  if (patchedPrototypes.has(prototype) || typeof original !== 'function') return;
  patchedPrototypes.add(prototype);
  function asResponse(this: ApiPromise, ...args: unknown[]): unknown {
    guarded('raw_response', () => {
      // `withResponse` asks for both; the body is then parsed and seen as always.
      const owner = this.parsedPromise === undefined ? callAwaiting(this.responsePromise) : undefined;
      if (owner !== undefined) owner.isTakenRaw = true;
    });
    return Reflect.apply(original as AnyFunction, this, args);
  }
  Object.defineProperty(prototype, 'asResponse', {
    value: asResponse,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}

/** Listens to a response that was asked for raw; called once its headers are there. */
export function observeRawResponse(response: Response, call: LlmCall): void {
  if (!(response.headers.get('content-type') ?? '').includes('json')) {
    // Who asks for the response may have asked for the stream too, as OpenInference does: then it is parsed by now.
    setImmediate(() =>
      guarded('raw_response', () => {
        if (!call.hasParseStarted) call.onUnread('raw_response');
      }),
    ).unref();
    return;
  }
  watchStream(response, call);
  listen(response, 'json', (value) => {
    call.onBody(value);
  });
  listen(response, 'text', (value) => {
    call.onBody(JSON.parse(String(value)));
  });
}

function listen(response: Response, name: 'json' | 'text', onValue: (value: unknown) => void): void {
  const read: () => Promise<unknown> = response[name].bind(response);
  const readAndTell = (): Promise<unknown> => {
    const result = read();
    result.then(
      (value) =>
        guarded('raw_response', () => {
          onValue(value);
        }),
      () => undefined,
    );
    return result;
  };
  Object.defineProperty(readAndTell, 'name', { value: name, configurable: true });
  Object.defineProperty(response, name, {
    value: readAndTell,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
