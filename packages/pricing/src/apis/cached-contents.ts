import type { ApiFamily } from './api-family.js';
import { asText, at, type JsonObject } from './json.js';
import { countUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

const MS_PER_HOUR = 3_600_000;

function instantOf(body: JsonObject, name: string): number {
  return Date.parse(asText(body[name]) ?? '');
}

/** Token-hours that a cache is kept as created, begun ones whole: 3 512 tokens for two minutes are 118. */
function tokenHours(body: JsonObject, tokens: unknown): number | undefined {
  const keptMs = instantOf(body, 'expireTime') - instantOf(body, 'createTime');
  return typeof tokens === 'number' && keptMs >= 0 ? Math.ceil((tokens * keptMs) / MS_PER_HOUR) : undefined;
}

/** Vertex AI names caches by their project. */
function isOfVertex(body: JsonObject): boolean {
  return asText(body['name'])?.startsWith('projects/') === true;
}

/**
 * A cache that is created bills the storage of its tokens by the hour until it expires, on Vertex AI also the tokens as
 * input ("billed for the input tokens used to create the cache", its overview of context caching; the Gemini API's page
 * on caching lists storage, and what later prompts read). Of one whose life was changed only the new end is stated, so what
 * that adds to the storage counted at its creation is not known.
 */
function readCache(body: JsonObject): UsageReading {
  const tokens = at(body, 'usageMetadata', 'totalTokenCount');
  const hours = tokenHours(body, tokens);
  const isChanged = instantOf(body, 'updateTime') > instantOf(body, 'createTime');
  const isVertex = isOfVertex(body);
  const counted = countUsage({
    input: isVertex ? tokens : hours === undefined ? undefined : 0,
    output: undefined,
    fees: { cache_storage: hours },
    hasUnknown: isVertex && hours === undefined,
  });
  return usageReading({
    usage: isChanged ? {} : counted.usage,
    quality: counted.quality,
    responseModel: asText(body['model'])?.split('/').at(-1),
    responseId: asText(body['name']),
    notCounted: isChanged ? ['cache_extension'] : [],
  });
}

/** Explicit caches of the Gemini API and of Vertex AI. */
export const CACHED_CONTENTS: ApiFamily = { apis: ['cachedContents'], read: readCache };
