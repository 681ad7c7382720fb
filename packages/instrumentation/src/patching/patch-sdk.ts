import { intercept } from '../calls/intercept.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import type { MethodDefinition, SdkDefinition } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';

/**
 * On a patched method: its original. Tells what is patched already, and what to put back; a registered symbol, because
 * the ES module and the CommonJS build of this package may both be in one process.
 */
const ORIGINAL = Symbol.for('costel.original');

function originalOf(method: unknown): AnyFunction | undefined {
  return typeof method === 'function' ? (method as { [ORIGINAL]?: AnyFunction })[ORIGINAL] : undefined;
}

function isObjectLike(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Follows property names, e.g. from the client class to `Chat.Completions`. */
function follow(from: unknown, path: readonly string[]): unknown {
  let current = from;
  for (const name of path) {
    if (!isObjectLike(current)) return undefined;
    current = current[name];
  }
  return current;
}

function nameOf(method: MethodDefinition): string {
  return [...method.resourcePath, method.method].join('.');
}

/**
 * The client class among a module's exports; with bundlers the class itself may be all there is. An SDK is told by its
 * first method: other paths (`Completions`) exist in more than one.
 */
function clientClassOf(moduleExports: unknown, sdk: SdkDefinition): unknown {
  const [first] = sdk.methods;
  if (first === undefined) return undefined;
  const candidates = sdk.clientExports.map((name) => follow(moduleExports, [name]));
  return [...candidates, moduleExports].find(
    (candidate) => follow(candidate, [...first.classPath, 'prototype']) !== undefined,
  );
}

function patchMethod(owner: object, method: MethodDefinition, sdk: SdkDefinition, recorder: Recorder): boolean {
  const original: unknown = Reflect.get(owner, method.method);
  if (typeof original !== 'function') return false;
  const originalFunction = original as AnyFunction;
  if (originalOf(original) !== undefined) return true;
  const patched = intercept(originalFunction, { recorder, sdk, method });
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(patched, property, { value: originalFunction[property], configurable: true });
  }
  Object.defineProperty(patched, ORIGINAL, { value: originalFunction });
  const own = Object.getOwnPropertyDescriptor(owner, method.method);
  Object.defineProperty(owner, method.method, {
    value: patched,
    writable: true,
    configurable: true,
    enumerable: own?.enumerable ?? false,
  });
  return true;
}

/**
 * Patches the resource classes of an SDK module, each method once however often this is called.
 * @returns the names of the patched methods, e.g. `chat.completions.create`; those the module lacks are left out.
 */
export function patchModule(moduleExports: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  const clientClass = clientClassOf(moduleExports, sdk);
  return sdk.methods.flatMap((method) => {
    const prototype = follow(clientClass, [...method.classPath, 'prototype']);
    if (!isObjectLike(prototype)) return [];
    return guarded('patch', () => patchMethod(prototype, method, sdk, recorder)) === true ? [nameOf(method)] : [];
  });
}

/** Puts the SDK's own methods back. */
export function unpatchModule(moduleExports: unknown, sdk: SdkDefinition): void {
  const clientClass = clientClassOf(moduleExports, sdk);
  for (const method of sdk.methods) {
    const prototype = follow(clientClass, [...method.classPath, 'prototype']);
    if (!isObjectLike(prototype)) continue;
    const original = originalOf(prototype[method.method]);
    if (original === undefined) continue;
    Object.defineProperty(prototype, method.method, {
      value: original,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}

/**
 * Patches the resources of one client only.
 * @returns the names of the patched methods; none when the client is not one of this SDK.
 */
export function patchClient(client: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  const [first] = sdk.methods;
  if (first === undefined || follow(client, first.resourcePath) === undefined) return [];
  return sdk.methods.flatMap((method) => {
    const resource = follow(client, method.resourcePath);
    if (!isObjectLike(resource)) return [];
    return guarded('patch', () => patchMethod(resource, method, sdk, recorder)) === true ? [nameOf(method)] : [];
  });
}
