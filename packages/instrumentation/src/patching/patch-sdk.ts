import { intercept } from '../calls/intercept.js';
import { observeJob } from '../jobs/observe-job.js';
import type { MethodDefinition, SdkDefinition } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { advise, guarded } from '../telemetry/trouble.js';
import { follow, forgetResources, isObjectLike, reachResources, undoWith } from './reach-resource.js';
import { replaceMethod, restoreMethod } from './replace-method.js';

function nameOf(method: MethodDefinition): string {
  return [...method.resourcePath, method.method].join('.');
}

/** True when an object has all properties by which the SDK's clients are known; no getter is run. */
function hasTraits(owner: unknown, { clientTraits }: SdkDefinition): boolean {
  return clientTraits !== undefined && isObjectLike(owner) && clientTraits.every((name) => name in owner);
}

/**
 * The client class among a module's exports; with bundlers the class itself may be all there is. An SDK is told by its
 * first method: other paths (`Completions`) exist in more than one; or by traits of its clients.
 */
function clientClassOf(moduleExports: unknown, sdk: SdkDefinition): unknown {
  const [first] = sdk.methods;
  if (first === undefined) return undefined;
  const candidates = [...sdk.clientExports.map((name) => follow(moduleExports, [name])), moduleExports];
  return candidates.find((candidate) => {
    if (sdk.clientTraits !== undefined) return hasTraits(follow(candidate, ['prototype']), sdk);
    const { classPath = [] } = first;
    return follow(candidate, [...classPath, 'prototype']) !== undefined && isMarked(candidate, sdk);
  });
}

/** True when the class, or the client (whose resources begin in lower case), has and lacks what this SDK's does. */
function isMarked(owner: unknown, { marks }: SdkDefinition, isClient = false): boolean {
  if (marks === undefined) return true;
  const has = (name: string): boolean =>
    follow(owner, [isClient ? name.charAt(0).toLowerCase() + name.slice(1) : name]) !== undefined;
  return marks.has.every(has) && !marks.lacks.some(has);
}

function patchMethod(owner: object, method: MethodDefinition, sdk: SdkDefinition, recorder: Recorder): boolean {
  const listen = method.observe ?? (method.looksAtJob === true ? observeJob : intercept);
  return replaceMethod(owner, method.method, (original) => listen(original, { recorder, sdk, method }));
}

/** The prototype that has a method, where an export leads to it. */
function exportedOwner(moduleExports: unknown, clientClass: unknown, method: MethodDefinition): unknown {
  const { classExport, classPath } = method;
  if (classExport !== undefined) {
    const exported = follow(moduleExports, [classExport, 'prototype']);
    if (exported !== undefined) return exported;
  }
  if (classPath !== undefined) return follow(clientClass, [...classPath, 'prototype']);
  return method.resourcePath.length === 0 ? follow(clientClass, ['prototype']) : undefined;
}

/** True for a method whose class no export leads to. */
function isBehindClient({ classPath }: MethodDefinition): boolean {
  return classPath === undefined;
}

/**
 * Patches the resource classes of an SDK module, each method once however often this is called.
 * @returns the names of the patched methods, e.g. `chat.completions.create`; those the module lacks are left out.
 */
export function patchModule(moduleExports: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  if (sdk.patcher !== undefined)
    return guarded('patch', () => sdk.patcher?.patchModule(moduleExports, sdk, recorder)) ?? [];
  const clientClass = clientClassOf(moduleExports, sdk);
  const clientPrototype = follow(clientClass, ['prototype']);
  const behindClient: MethodDefinition[] = [];
  const names = sdk.methods.flatMap((method) => {
    const owner = exportedOwner(moduleExports, clientClass, method);
    if (isObjectLike(owner))
      return guarded('patch', () => patchMethod(owner, method, sdk, recorder)) === true ? [nameOf(method)] : [];
    if (!isObjectLike(clientPrototype) || !isBehindClient(method)) return [];
    behindClient.push(method);
    return [nameOf(method)];
  });
  if (isObjectLike(clientPrototype) && behindClient.length > 0)
    guarded('patch', () => {
      patchBehindClient(clientPrototype, behindClient, sdk, recorder);
    });
  return names;
}

/** Patches the methods of classes that are known once a client has been used. */
function patchBehindClient(
  clientPrototype: object,
  methods: readonly MethodDefinition[],
  sdk: SdkDefinition,
  recorder: Recorder,
): void {
  reachResources(
    clientPrototype,
    methods.map((method) => ({
      path: method.resourcePath,
      onPrototype: (owner) => {
        undoWith(clientPrototype, () => {
          restoreMethod(owner, method.method);
        });
        if (patchMethod(owner, method, sdk, recorder) || method.isRecent === true) return;
        advise(`${sdk.moduleName} has no ${nameOf(method)}, so its calls go unseen: update @costel/instrumentation`);
      },
    })),
  );
}

/** The exports to hand out: the module's own, or what stands in for them where they cannot be changed in place. */
export function replaceModule(moduleExports: unknown, sdk: SdkDefinition, recorder: Recorder): unknown {
  return guarded('patch', () => sdk.patcher?.replaceModule?.(moduleExports, sdk, recorder)) ?? moduleExports;
}

/** Puts the SDK's own methods back. */
export function unpatchModule(moduleExports: unknown, sdk: SdkDefinition): void {
  if (sdk.patcher !== undefined) {
    sdk.patcher.unpatchModule(moduleExports, sdk);
    return;
  }
  const clientClass = clientClassOf(moduleExports, sdk);
  const clientPrototype = follow(clientClass, ['prototype']);
  if (isObjectLike(clientPrototype)) forgetResources(clientPrototype);
  for (const method of sdk.methods) {
    const owner = exportedOwner(moduleExports, clientClass, method);
    if (isObjectLike(owner)) restoreMethod(owner, method.method);
  }
}

/**
 * Patches the resources of one client only.
 * @returns the names of the patched methods; none when the client is not one of this SDK.
 */
export function patchClient(client: unknown, sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  if (sdk.patcher !== undefined) return guarded('patch', () => sdk.patcher?.patchClient(client, sdk, recorder)) ?? [];
  if (!isClientOf(client, sdk)) return [];
  return sdk.methods.flatMap((method) => {
    const resource = follow(client, method.resourcePath);
    if (!isObjectLike(resource)) return [];
    return guarded('patch', () => patchMethod(resource, method, sdk, recorder)) === true ? [nameOf(method)] : [];
  });
}

function isClientOf(client: unknown, sdk: SdkDefinition): boolean {
  if (sdk.clientTraits !== undefined) return typeof client === 'object' && hasTraits(client, sdk);
  const [first] = sdk.methods;
  return first !== undefined && follow(client, first.resourcePath) !== undefined && isMarked(client, sdk, true);
}
