import { register } from 'node:module';

let isRegistered = false;

/** The packages whose ES modules the hook may wrap; all others load as they would without Costel. */
const SDK_MODULES: readonly string[] = ['openai', '@anthropic-ai/sdk'];

/**
 * Lets ES modules that are imported from now on be patched. The hook is that of `@opentelemetry/instrumentation`, told
 * to look at the SDKs only: wrapping every module of an application is slower and has broken packages.
 */
export function registerLoaderHook(furtherModules: readonly string[]): void {
  if (isRegistered) return;
  isRegistered = true;
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, {
    data: { include: [...SDK_MODULES, ...furtherModules] },
  });
}
