import type { ApiFamily } from './api-family.js';
import { asText, at, type JsonObject } from './json.js';
import { countUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

const MS_PER_HOUR = 3_600_000;

/** Token-hours that a cache is kept as created, begun ones whole: 3 512 tokens for two minutes are 118. */
function tokenHours(body: JsonObject, tokens: unknown): number | undefined {
  const keptMs = Date.parse(asText(body['expireTime']) ?? '') - Date.parse(asText(body['createTime']) ?? '');
  return typeof tokens === 'number' && keptMs >= 0 ? Math.ceil((tokens * keptMs) / MS_PER_HOUR) : undefined;
}

/** A cache that is created bills its tokens as input and their storage by the hour until it expires. */
function readCache(body: JsonObject): UsageReading {
  const tokens = at(body, 'usageMetadata', 'totalTokenCount');
  return usageReading({
    ...countUsage({ input: tokens, output: undefined, fees: { cache_storage: tokenHours(body, tokens) } }),
    responseModel: asText(body['model'])?.split('/').at(-1),
    responseId: asText(body['name']),
  });
}

/** Explicit caches of the Gemini API. */
export const CACHED_CONTENTS: ApiFamily = { apis: ['cachedContents'], read: readCache };
