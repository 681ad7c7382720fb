import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { SdkDefinition } from '../sdks/sdk-definition.js';
import { guarded } from '../telemetry/trouble.js';

/*
 * OpenTelemetry's hook of `require` gives up on a package that has neither a main module nor an index (MCP's). Such a
 * package is required by its subpaths, of which the ones that matter are known, so a look at what is asked for does.
 */

/** The parts of Node's module loader that are used. */
interface Loader {
  readonly prototype: { require: AnyFunction };
  readonly _resolveFilename: (request: string, parent: unknown) => unknown;
}

/** What is done with a module when it is first required. */
export type OnRequired = (moduleExports: unknown, version: string | undefined) => void;

function loader(): Loader | undefined {
  const found: unknown = process.getBuiltinModule?.('node:module');
  const { prototype, _resolveFilename } = (found ?? {}) as Partial<Loader>;
  return typeof prototype?.require === 'function' && typeof _resolveFilename === 'function'
    ? (found as Loader)
    : undefined;
}

/** The version in the package's own description, above the file that was resolved. */
function versionOf(
  request: string,
  parent: unknown,
  sdk: SdkDefinition,
  { _resolveFilename }: Loader,
): string | undefined {
  const file = asText(_resolveFilename(request, parent))?.replaceAll('\\', '/') ?? '';
  const folder = `/node_modules/${sdk.moduleName}/`;
  const end = file.lastIndexOf(folder);
  if (end < 0) return undefined;
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const described: unknown = JSON.parse(readFileSync(`${file.slice(0, end + folder.length)}package.json`, 'utf8'));
  return asText(asRecord(described)?.['version']);
}

/**
 * Runs `onRequired` once for each module that one of the SDK's `requirePaths` loads, after it was loaded.
 * @returns what puts `require` back, unless somebody stands in front of it by then: it then only does nothing.
 */
export function hookRequire(sdk: SdkDefinition, onRequired: OnRequired): () => void {
  const node = loader();
  const paths = new Set(sdk.requirePaths);
  if (node === undefined || paths.size === 0) return () => undefined;
  const { require: original } = node.prototype;
  const seen = new WeakSet<object>();
  let isOn = true;
  const hooked: AnyFunction = function (...args) {
    const moduleExports = Reflect.apply(original, this, args);
    const [request] = args;
    if (isOn && typeof request === 'string' && paths.has(request))
      guarded('patch', () => {
        if (typeof moduleExports !== 'object' || moduleExports === null || seen.has(moduleExports)) return;
        seen.add(moduleExports);
        onRequired(moduleExports, versionOf(request, this, sdk, node));
      });
    return moduleExports;
  };
  node.prototype.require = hooked;
  return () => {
    isOn = false;
    if (node.prototype.require === hooked) node.prototype.require = original;
  };
}
