import { ANTHROPIC } from './anthropic.js';
import { GROQ } from './groq.js';
import { OPENAI } from './openai.js';
import type { SdkDefinition } from './sdk-definition.js';
import { TOGETHER } from './together.js';

/** Every SDK that is patched; a new one is a file beside this and a row here. */
export const SDKS: readonly SdkDefinition[] = [OPENAI, ANTHROPIC, GROQ, TOGETHER];
