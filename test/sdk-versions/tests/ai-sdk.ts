import { loadSdk } from './load-sdk.js';
import type { AiContext, AiModule, AiProvider } from './ai-scenarios.js';
import type { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';

/** The majors of Vercel's AI SDK. */
export const AI_COPIES = ['ai-5', 'ai-6', 'ai-7'] as const;

export type AiCopy = (typeof AI_COPIES)[number];

type Create<Provider> = (options: Readonly<Record<string, unknown>>) => Provider;

export const loadAi = (copy: AiCopy): AiModule => {
  Reflect.set(globalThis, 'AI_SDK_LOG_WARNINGS', false);
  return loadSdk(copy, 'ai') as AiModule;
};

/** A use of that version, against the server. */
export function aiContext(copy: AiCopy, ai: AiModule, server: ProviderServer): AiContext {
  const { createOpenAI } = loadSdk(copy, '@ai-sdk/openai') as { createOpenAI: Create<AiProvider> };
  const { createAnthropic } = loadSdk(copy, '@ai-sdk/anthropic') as { createAnthropic: Create<AiContext['anthropic']> };
  const options = { apiKey: 'key', baseURL: `${server.url}/v1` };
  return { ai, openai: createOpenAI(options), anthropic: createAnthropic(options), server };
}
