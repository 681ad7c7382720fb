import { register } from 'node:module';

let isRegistered = false;

/** What an instrumentation patches: a package, or files inside it. */
export interface PatchedModule {
  readonly name: string;
  readonly files?: readonly { readonly name: string }[];
}

/**
 * What the hook looks at, for what it wraps is slower to load: packages by the name that they are imported by, and files
 * inside packages, which import each other by relative paths, by the end of their address.
 */
export function hookedModules(modules: readonly PatchedModule[]): readonly (string | RegExp)[] {
  const files = new Set(modules.flatMap((module) => module.files ?? []).map(({ name }) => name));
  return [...new Set(modules.map(({ name }) => name)), ...[...files].map(endingIn)];
}

function endingIn(file: string): RegExp {
  return new RegExp(`/node_modules/${file.replaceAll(/[.+]/g, String.raw`\$&`)}$`);
}

/**
 * Lets ES modules that are imported from now on be patched. The hook is that of `@opentelemetry/instrumentation`, told
 * to look at what is patched only: wrapping every module of an application is slower and has broken packages.
 */
export function registerLoaderHook(modules: readonly PatchedModule[]): void {
  if (isRegistered) return;
  isRegistered = true;
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: hookedModules(modules) } });
}
