/** What can be seen of an error by somebody who catches it. */
export function seenError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { thrown: String(error) };
  const {
    status,
    code,
    type,
    requestID,
    request_id: requestId,
    error: body,
  } = error as Error & Record<string, unknown>;
  return {
    class: error.constructor.name,
    bases: prototypeNames(error),
    name: error.name,
    message: withoutPort(error.message),
    keys: Object.keys(error),
    status,
    code,
    type,
    requestID: requestID ?? requestId,
    body,
  };
}

const withoutPort = (text: string): string => text.replaceAll(/127\.0\.0\.1:\d+/g, 'HOST');

/** The classes of an object, innermost first. */
export function prototypeNames(value: object): string[] {
  const names: string[] = [];
  for (let at: unknown = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    names.push((at as object).constructor?.name ?? '?');
  }
  return names;
}

/** What can be seen of any object without using it. */
export function shape(value: object): Record<string, unknown> {
  return {
    classes: prototypeNames(value),
    tag: Object.prototype.toString.call(value),
    keys: Object.keys(value),
    symbols: Object.getOwnPropertySymbols(value).map(String),
    functions: Object.keys(value).filter((key) => typeof (value as Record<string, unknown>)[key] === 'function'),
  };
}

/** The result of something, or the error it ended in. */
export async function outcome(run: () => unknown): Promise<unknown> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: seenError(error) };
  }
}

/** Everything that can be iterated, in order, and how it ended. */
export async function collect(iterable: AsyncIterable<unknown>): Promise<unknown> {
  const items: unknown[] = [];
  try {
    for await (const item of iterable) items.push(item);
  } catch (error) {
    return { items, error: seenError(error) };
  }
  return { items };
}

/** The rejections that nobody handled while `run` ran and for a while after. */
export async function unhandledDuring(run: () => unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  const others = process.listeners('unhandledRejection');
  const listener = (reason: unknown): void => {
    seen.push(seenError(reason));
  };
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', listener);
  try {
    await run();
    // Rejections are reported once the microtasks of a turn are done; the request itself takes several turns.
    for (let turn = 0; turn < 40; turn += 1) await new Promise((resolve) => setTimeout(resolve, 2));
  } finally {
    process.removeListener('unhandledRejection', listener);
    for (const other of others) process.on('unhandledRejection', other);
  }
  return seen;
}

/** Freezes an object and everything in it, so that writing to it throws. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
