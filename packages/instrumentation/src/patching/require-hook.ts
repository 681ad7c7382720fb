import type { AnyFunction } from '../calls/sdk-shapes.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { SdkDefinition } from '../sdks/sdk-definition.js';
import { guarded } from '../telemetry/trouble.js';

/*
 * OpenTelemetry's hook of `require` gives up on a package that has neither a main module nor an index (MCP's, LangChain's
 * first 0.3). Such a package is required by its subpaths, of which the ones that matter are known, so a look at what is
 * asked for does.
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

/** What the package says of itself, above the file that was resolved. */
interface Described {
  readonly version: string | undefined;
  /** True where OpenTelemetry's own hook sees what is required of the package. */
  readonly hasMain: boolean;
}

function describedPackage(
  request: string,
  parent: unknown,
  sdk: SdkDefinition,
  { _resolveFilename }: Loader,
): Described | undefined {
  const file = asText(_resolveFilename(request, parent))?.replaceAll('\\', '/') ?? '';
  const inside = `/node_modules/${sdk.moduleName}/`;
  const end = file.lastIndexOf(inside);
  if (end < 0) return undefined;
  const folder = file.slice(0, end + inside.length);
  const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');
  const described = asRecord(JSON.parse(readFileSync(`${folder}package.json`, 'utf8')));
  const mains = [asText(described?.['main']) ?? 'index.js', 'index.js'];
  return { version: asText(described?.['version']), hasMain: mains.some((main) => existsSync(folder + main)) };
}

/**
 * Runs `onRequired` once for each module that one of the SDK's `requirePaths` loads, after it was loaded, of a package that
 * OpenTelemetry's own hook does not see.
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
        const described = describedPackage(request, this, sdk, node);
        if (described?.hasMain !== true) onRequired(moduleExports, described?.version);
      });
    return moduleExports;
  };
  node.prototype.require = hooked;
  return () => {
    isOn = false;
    if (node.prototype.require === hooked) node.prototype.require = original;
  };
}
