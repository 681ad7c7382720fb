import type { AnyFunction } from '../calls/sdk-shapes.js';

/**
 * On a patched method: its original. Tells what is patched already, and what to put back; a registered symbol, because
 * the ES module and the CommonJS build of this package may both be in one process.
 */
const ORIGINAL = Symbol.for('costel.original');

/** On a patched method that its owner inherited: it is put back by being taken away. */
const INHERITED = Symbol.for('costel.inherited');

interface PatchedMethod {
  readonly [ORIGINAL]?: AnyFunction;
  readonly [INHERITED]?: true;
}

/** The SDK's own method behind a patched one; undefined when it is not patched. */
export function originalOf(method: unknown): AnyFunction | undefined {
  return typeof method === 'function' ? (method as PatchedMethod)[ORIGINAL] : undefined;
}

/**
 * Puts a method in the place of an object's own or inherited one, looking like it from outside.
 * @returns false when there is no such method; true when it is patched, now or before.
 */
export function replaceMethod(
  owner: object,
  name: string,
  makePatched: (original: AnyFunction) => AnyFunction,
): boolean {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') return false;
  if (originalOf(original) !== undefined) return true;
  const originalFunction = original as AnyFunction;
  const patched = makePatched(originalFunction);
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(patched, property, { value: originalFunction[property], configurable: true });
  }
  const own = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(patched, ORIGINAL, { value: originalFunction });
  if (own === undefined) Object.defineProperty(patched, INHERITED, { value: true });
  Object.defineProperty(owner, name, {
    value: patched,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false,
  });
  return true;
}

/** Puts the object's own method back, or gives it back the inherited one. */
export function restoreMethod(owner: object, name: string): void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const original = originalOf(own?.value);
  if (own === undefined || original === undefined) return;
  if ((own.value as PatchedMethod)[INHERITED] === true) Reflect.deleteProperty(owner, name);
  else Object.defineProperty(owner, name, { ...own, value: original });
}
