import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const COPIES = fileURLToPath(new URL('../', import.meta.url));

/** The folder of a copy, e.g. `groq-1`; an SDK resolves from there by its real name. */
export function copyFolder(copy: string): string {
  return `${COPIES}${copy}/`;
}

/**
 * Loads a module as it resolves in that copy. The SDKs are not installed where the types are checked, so the caller says
 * what it uses of the module. `fresh` gives a copy of its own, so that one can be patched and another not.
 */
export function loadSdk(copy: string, moduleName: string, fresh = false): unknown {
  const require = createRequire(`${copyFolder(copy)}package.json`);
  if (fresh) {
    for (const file of Object.keys(require.cache)) {
      if (file.includes(`/node_modules/${moduleName}/`)) delete require.cache[file];
    }
  }
  return require(moduleName);
}

/** Lets packages be loaded anew, with what they load of each other. */
export function forgetPackages(packages: readonly string[]): void {
  const { cache } = createRequire(import.meta.url);
  for (const file of Object.keys(cache)) {
    if (packages.some((name) => file.includes(`/node_modules/${name}/`))) delete cache[file];
  }
}
