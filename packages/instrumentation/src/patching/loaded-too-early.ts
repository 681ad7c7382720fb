/**
 * True when a CommonJS copy of the module was loaded already, so that requiring it again gives the unpatched copy in the
 * caller's hands. ES modules leave no such trace.
 */
export function isLoadedInCommonJs(moduleName: string): boolean {
  const cache = commonJsCache();
  const fragment = `/node_modules/${moduleName}/`;
  return Object.keys(cache).some((file) => file.replaceAll('\\', '/').includes(fragment));
}

function commonJsCache(): Readonly<Record<string, unknown>> {
  // `getBuiltinModule` (Node >= 20.16) works in both builds and is invisible to bundlers, unlike `require('module')`.
  const builtin = process.getBuiltinModule?.('node:module') as
    | { readonly _cache?: Readonly<Record<string, unknown>> }
    | undefined;
  return builtin?._cache ?? {};
}
