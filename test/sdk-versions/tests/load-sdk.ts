import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const COPIES = fileURLToPath(new URL('../', import.meta.url));

/** The folder of a copy, e.g. `groq-1`; an SDK resolves from there by its real name. */
export function copyFolder(copy: string): string {
  return `${COPIES}${copy}/`;
}

/**
 * Loads a module as it resolves in that copy. The SDKs are not installed where the types are checked, so the caller says
 * what it uses of the module.
 */
export function loadSdk(copy: string, moduleName: string): unknown {
  return createRequire(`${copyFolder(copy)}package.json`)(moduleName);
}
