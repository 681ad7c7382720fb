import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { diag } from '@opentelemetry/api';

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

const HOOK = '@opentelemetry/instrumentation/hook.mjs';

/**
 * Lets ES modules that are imported from now on be patched. The hook is that of `@opentelemetry/instrumentation`, told
 * to look at what is patched only: wrapping every module of an application is slower and has broken packages. It is a file
 * of its own, which an application that was bundled need not have beside it: what it took into the bundle is patched by
 * `instrumentModule` there, and everything else goes on without the hook.
 */
export function registerLoaderHook(modules: readonly PatchedModule[]): void {
  if (isRegistered) return;
  isRegistered = true;
  // A bundler that makes CommonJS leaves nothing of `import.meta`: the application's file stands in.
  const url: string | undefined = import.meta.url;
  try {
    register(HOOK, url ?? pathToFileURL(process.argv[1] ?? '.').href, { data: { include: hookedModules(modules) } });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    diag.info(
      `costel: ES modules that are loaded from now on are not patched, for ${HOOK} cannot be loaded: ${reason}`,
    );
  }
}
