import type { ApiFamily, StreamFold } from './api-family.js';
import { asObject, asText, at, type JsonObject } from './json.js';
import { countUsage } from './token-totals.js';
import { countsUnknown } from './unknown-counts.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** What Cohere bills: `usage.billed_units` (version 2) or `meta.billed_units` (version 1), not the tokens it counts. */
function billedUnits(body: JsonObject): JsonObject | undefined {
  return asObject(at(body, 'usage', 'billed_units')) ?? asObject(at(body, 'meta', 'billed_units'));
}

const CHAT_UNITS: ReadonlySet<string> = new Set(['input_tokens', 'output_tokens']);
const EMBED_UNITS: ReadonlySet<string> = new Set(['input_tokens', 'image_tokens']);

/** Whether a chat was billed for what is no token: searches, classifications; lists have no price of them in a chat. */
function hasOtherUnits(billed: JsonObject | undefined): boolean {
  return Object.entries(billed ?? {}).some(
    ([name, count]) => !name.endsWith('_tokens') && typeof count === 'number' && count > 0,
  );
}

function readChat(body: JsonObject): UsageReading {
  const billed = billedUnits(body);
  const finishReason = asText(body['finish_reason']);
  return usageReading({
    ...countUsage({
      input: billed?.['input_tokens'],
      output: billed?.['output_tokens'],
      hasUnknown: countsUnknown(billed, CHAT_UNITS),
    }),
    responseId: asText(body['id']) ?? asText(body['generation_id']),
    finishReasons: finishReason === undefined ? [] : [finishReason],
    notCounted: hasOtherUnits(billed) ? ['server_tools'] : [],
  });
}

/** The end of a stream holds the answer: in `delta` (version 2) or `response` (version 1). */
function foldEvents(): StreamFold {
  let end: JsonObject | undefined;
  let id: unknown;
  let characters = 0;
  let hasEvents = false;
  return {
    push(event) {
      hasEvents = true;
      id = event['id'] ?? id;
      characters += (asText(at(event, 'delta', 'message', 'content', 'text')) ?? asText(event['text']))?.length ?? 0;
      const candidate = asObject(event['response']) ?? asObject(event['delta']);
      if (candidate !== undefined && billedUnits(candidate) !== undefined) end = candidate;
    },
    finish: () => (hasEvents ? readChat({ id, ...end }) : undefined),
    outputCharacters: () => characters,
    isComplete: () => end !== undefined,
  };
}

/** Cohere chat of both versions and its older generate. */
export const COHERE_CHAT: ApiFamily = { apis: ['chat', 'generate'], read: readChat, fold: foldEvents };

/** Cohere embeddings: text and image tokens, both input. */
export const COHERE_EMBED: ApiFamily = {
  apis: ['embed'],
  read: (body) => {
    const billed = billedUnits(body);
    const text = billed?.['input_tokens'] ?? 0;
    const image = billed?.['image_tokens'] ?? 0;
    const input = typeof text === 'number' && typeof image === 'number' ? text + image : Number.NaN;
    const isStated = billed?.['input_tokens'] !== undefined || billed?.['image_tokens'] !== undefined;
    return usageReading({
      ...countUsage({
        input: isStated ? input : undefined,
        output: undefined,
        inputParts: { input_image: image },
        hasUnknown: countsUnknown(billed, EMBED_UNITS),
      }),
      responseId: asText(body['id']),
    });
  },
};
