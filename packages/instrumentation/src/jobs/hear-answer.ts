import { isApiPromise, type ApiPromise } from '../calls/sdk-shapes.js';
import { guarded } from '../telemetry/trouble.js';

/**
 * Listens to what a method that looks at a job returned: to the SDK's promise while it parses, should somebody ask for
 * the body (see `observePromise`), or to a native one by a promise derived from it.
 * @returns what the caller gets.
 */
export function hearAnswer(result: unknown, onAnswer: (answer: unknown) => void): unknown {
  const listener = (answer: unknown): void => {
    guarded('job', () => {
      onAnswer(answer);
    });
  };
  if (isApiPromise(result)) {
    guarded('job', () => {
      hearParsed(result, listener);
    });
    return result;
  }
  if (!(result instanceof Promise) || Object.getPrototypeOf(result) !== Promise.prototype) return result;
  return result.then((answer: unknown) => {
    listener(answer);
    return answer;
  });
}

function hearParsed(promise: ApiPromise, listener: (answer: unknown) => void): void {
  const parse = promise.parseResponse;
  // Named first; see `observe-promise.ts`.
  const parseAndTell: ApiPromise['parseResponse'] = function (client, props) {
    const parsed = parse.call(this, client, props);
    if (parsed instanceof Promise) parsed.then(listener, () => undefined);
    else listener(parsed);
    return parsed;
  };
  promise.parseResponse = parseAndTell;
  const unwrap = Object.hasOwn(promise, '_thenUnwrap') ? promise._thenUnwrap : undefined;
  if (unwrap === undefined) return;
  const unwrapAndTell: NonNullable<ApiPromise['_thenUnwrap']> = function (transform) {
    return unwrap.call(this, (data, props) => {
      listener(data);
      return transform(data, props);
    });
  };
  promise._thenUnwrap = unwrapAndTell;
}
