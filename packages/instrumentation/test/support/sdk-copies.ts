import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type * as AnthropicModule from '@anthropic-ai/sdk';
import type * as OpenAiModule from 'openai';

const SDKS_DIRECTORY = fileURLToPath(new URL('../../../../test/sdks/', import.meta.url));

export const OPENAI_COPIES = ['openai-6', 'openai-7'] as const;
export const ANTHROPIC_COPIES = ['anthropic-0-133', 'anthropic-0', 'anthropic-1'] as const;

export type OpenAiCopy = (typeof OPENAI_COPIES)[number];
export type AnthropicCopy = (typeof ANTHROPIC_COPIES)[number];

export const SDK_FOLDER = (copy: string): string => `${SDKS_DIRECTORY}${copy}/`;

function loadFrom(copy: string, moduleName: string, fresh: boolean): unknown {
  const require = createRequire(`${SDK_FOLDER(copy)}package.json`);
  if (fresh) {
    for (const file of Object.keys(require.cache)) {
      if (file.includes(`/node_modules/${moduleName}/`)) delete require.cache[file];
    }
  }
  return require(moduleName);
}

/** Loads `openai` as it resolves in that folder; `fresh` loads a copy of its own. */
export function loadOpenAi(copy: OpenAiCopy, fresh = false): typeof OpenAiModule {
  return loadFrom(copy, 'openai', fresh) as typeof OpenAiModule;
}

/** Loads `@anthropic-ai/sdk` as it resolves in that folder; `fresh` loads a copy of its own. */
export function loadAnthropic(copy: AnthropicCopy, fresh = false): typeof AnthropicModule {
  return loadFrom(copy, '@anthropic-ai/sdk', fresh) as typeof AnthropicModule;
}
