import type { ApiFamily } from './api-family.js';
import { readOpenAiShape } from './chat-completions.js';
import { asObject, type JsonObject } from './json.js';

/** An embedding has no output: a `completion_tokens` of an intermediary is part of the total, not of a price. */
function inputOnly(usage: JsonObject | undefined): JsonObject | undefined {
  if (usage === undefined) return undefined;
  const input = usage['prompt_tokens'] ?? usage['input_tokens'] ?? usage['total_tokens'];
  return { ...usage, prompt_tokens: input, completion_tokens: undefined, total_tokens: undefined };
}

/** OpenAI embeddings and the providers that speak its shape. */
export const EMBEDDINGS: ApiFamily = {
  apis: ['embeddings'],
  read: (body) => readOpenAiShape(body, inputOnly(asObject(body['usage'])), []),
};
