import { jsonLength } from '../estimate.js';
import { catalogueIdsOf } from '../providers.js';
import type { UsageBucket } from '../usage.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readServiceTier } from './service-tier.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { countsUnknown } from './unknown-counts.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** Tokens by modality, from a list of `{modality, tokenCount}`; text and documents are what is left of the total. */
export function tokensOf(details: unknown, modality: string): number {
  for (const entry of asList(details)) {
    if (asText(at(entry, 'modality'))?.toUpperCase() !== modality) continue;
    const count = at(entry, 'tokenCount') ?? at(entry, 'tokens');
    if (typeof count === 'number' && Number.isFinite(count)) return count;
  }
  return 0;
}

const KNOWN_MODALITIES: ReadonlySet<string> = new Set([
  'MODALITY_UNSPECIFIED',
  'TEXT',
  'DOCUMENT',
  'AUDIO',
  'IMAGE',
  'VIDEO',
]);

/** Whether a list counts tokens of a modality that nothing here knows. */
export function countsUnknownModality(details: unknown): boolean {
  return asList(details).some((entry) => {
    const modality = asText(at(entry, 'modality'))?.toUpperCase();
    if (modality === undefined || KNOWN_MODALITIES.has(modality)) return false;
    return (at(entry, 'tokenCount') ?? at(entry, 'tokens') ?? 0) !== 0;
  });
}

/** A sum of counts of which each may be absent; unreadable when one is no number; undefined when all are absent. */
export function sumOf(...values: readonly unknown[]): unknown {
  let sum: number | undefined;
  for (const value of values) {
    if (value === undefined || value === null) continue;
    if (typeof value !== 'number') return Number.NaN;
    sum = (sum ?? 0) + value;
  }
  return sum;
}

/** Input by modality: what was cached of a modality is no fresh input of it. */
export function inputParts(
  prompt: unknown,
  cached: unknown,
  cachedTokens: unknown,
): Partial<Record<UsageBucket, unknown>> {
  const cachedAudio = tokensOf(cached, 'AUDIO');
  const cachedImage = tokensOf(cached, 'IMAGE');
  const rest = typeof cachedTokens === 'number' ? cachedTokens - cachedAudio - cachedImage : cachedTokens;
  return {
    cache_read: rest,
    cache_read_audio: cachedAudio,
    cache_read_image: cachedImage,
    input_audio: Math.max(tokensOf(prompt, 'AUDIO') - cachedAudio, 0),
    input_image: Math.max(tokensOf(prompt, 'IMAGE') - cachedImage, 0),
    input_video: Math.max(tokensOf(prompt, 'VIDEO') - tokensOf(cached, 'VIDEO'), 0),
  };
}

/** All input. Google counts every prompt: metadata with neither prompt nor total is cut off, and its input unreadable. */
function readPrompt(usage: JsonObject): unknown {
  const { promptTokenCount: prompt, totalTokenCount: total } = usage;
  return prompt === undefined && total === undefined ? Number.NaN : sumOf(prompt, usage['toolUsePromptTokenCount']);
}

const METADATA_COUNTS: ReadonlySet<string> = new Set([
  'promptTokenCount',
  'toolUsePromptTokenCount',
  'cachedContentTokenCount',
  'candidatesTokenCount',
  'responseTokenCount',
  'thoughtsTokenCount',
  'totalTokenCount',
]);

/** Reads `usageMetadata`: thoughts are output beside the candidates, results of tools are input beside the prompt. */
export function readUsageMetadata(
  usage: JsonObject | undefined,
  fees: Partial<Record<UsageBucket, unknown>> = {},
): CountedUsage {
  if (usage === undefined) return { usage: {}, quality: 'missing' };
  const thoughts = usage['thoughtsTokenCount'];
  const candidates = usage['candidatesTokensDetails'] ?? usage['responseTokensDetails'];
  return countUsage({
    input: readPrompt(usage),
    // Live sessions and some models call the candidates' tokens the response's.
    output: sumOf(usage['candidatesTokenCount'] ?? usage['responseTokenCount'], thoughts),
    total: usage['totalTokenCount'],
    inputParts: inputParts(usage['promptTokensDetails'], usage['cacheTokensDetails'], usage['cachedContentTokenCount']),
    outputParts: {
      reasoning: thoughts,
      output_audio: tokensOf(candidates, 'AUDIO'),
      output_image: tokensOf(candidates, 'IMAGE'),
    },
    fees,
    hasUnknown:
      countsUnknown(usage, METADATA_COUNTS) ||
      countsUnknownModality(usage['promptTokensDetails']) ||
      countsUnknownModality(candidates),
  });
}

/**
 * The tier from `serviceTier`, or from Vertex AI's `trafficType` (`ON_DEMAND_PRIORITY`, `ON_DEMAND_FLEX`). Provisioned
 * throughput is paid in advance, not by call: its calls have the list price, which is what the reservation saves.
 */
function tierOf(usage: JsonObject | undefined): string {
  const traffic = asText(usage?.['trafficType'])
    ?.toLowerCase()
    .replace(/^on_demand_|^provisioned_throughput$/, '');
  return readServiceTier(usage?.['serviceTier'] ?? traffic);
}

/** From Gemini 3 on each search is billed; before, each answer that searched, however often. */
export function isBilledBySearch(model: string): boolean {
  return Number(/^(?:models\/)?gemini-(\d+)/.exec(model)?.[1] ?? 0) >= 3;
}

/** What the candidates of an answer are grounded in. */
function groundingsOf(candidates: unknown): readonly JsonObject[] {
  return asList(candidates)
    .map((candidate) => asObject(at(candidate, 'groundingMetadata')))
    .filter((grounding) => grounding !== undefined);
}

/** Searches that grounded an answer of a model: in Google's index and, where an answer cites places, in Maps. */
export function countGrounding(groundings: readonly JsonObject[], model: string): Partial<Record<UsageBucket, number>> {
  let searches = 0;
  let places = 0;
  for (const grounding of groundings) {
    searches += asList(grounding['webSearchQueries']).length;
    if (asList(grounding['groundingChunks']).some((chunk) => asObject(at(chunk, 'maps')) !== undefined)) places += 1;
  }
  return { web_search: isBilledBySearch(model) ? searches : Math.min(searches, 1), maps_search: places };
}

/**
 * Whether an answer is grounded in what no list has a price for: searches for images, and on Vertex AI data of the
 * customer's own, which the Gemini API searches free of charge.
 */
function hasUnpricedGrounding(groundings: readonly JsonObject[], provider: string): boolean {
  const isVertex = catalogueIdsOf(provider).includes('google-vertex');
  return groundings.some((grounding) => {
    const images = asList(grounding['imageSearchQueries']).length > 0;
    const chunks = asList(grounding['groundingChunks']);
    return images || (isVertex && chunks.some((chunk) => asObject(at(chunk, 'retrievedContext')) !== undefined));
  });
}

function readResponse(body: JsonObject, provider: string, candidates: unknown = body['candidates']): UsageReading {
  const usage = asObject(body['usageMetadata']);
  const reasons = asList(body['candidates']).map((candidate) => asText(at(candidate, 'finishReason')));
  const groundings = groundingsOf(candidates);
  return usageReading({
    ...readUsageMetadata(usage, countGrounding(groundings, asText(body['modelVersion']) ?? '')),
    notCounted: hasUnpricedGrounding(groundings, provider) ? ['server_tools'] : [],
    responseModel: asText(body['modelVersion']),
    responseId: asText(body['responseId']),
    serviceTier: tierOf(usage),
    finishReasons: reasons.filter((reason) => reason !== undefined),
  });
}

function partCharacters(body: JsonObject): number {
  let characters = 0;
  for (const candidate of asList(body['candidates'])) {
    for (const part of asList(at(candidate, 'content', 'parts'))) {
      const call = asObject(at(part, 'functionCall', 'args'));
      const text = asText(at(part, 'text')) ?? asText(at(part, 'executableCode', 'code'));
      characters += (text?.length ?? 0) + (call === undefined ? 0 : jsonLength(call));
    }
  }
  return characters;
}

/** Folds stream responses: usage is cumulative, so the last one that states it counts. */
function foldResponses(provider: string): StreamFold {
  let merged: Record<string, unknown> | undefined;
  // Not always those of the last event.
  let grounded: unknown;
  let characters = 0;
  let complete = false;
  return {
    push(event) {
      characters += partCharacters(event);
      merged ??= {};
      for (const name of ['usageMetadata', 'modelVersion', 'responseId', 'candidates']) {
        if (event[name] !== undefined) merged[name] = event[name];
      }
      if (groundingsOf(event['candidates']).length > 0) grounded = event['candidates'];
      complete ||= asList(event['candidates']).some((candidate) => asText(at(candidate, 'finishReason')) !== undefined);
    },
    finish: () => (merged === undefined ? undefined : readResponse(merged, provider, grounded)),
    outputCharacters: () => characters,
    isComplete: () => complete && merged?.['usageMetadata'] !== undefined,
  };
}

/** Gemini content generation, of the Gemini API and of Vertex AI. */
export const GENERATE_CONTENT: ApiFamily = {
  apis: ['generateContent'],
  read: (body, provider) => readResponse(body, provider),
  fold: foldResponses,
};

/** Gemini embeddings: input only. */
export const EMBED_CONTENT: ApiFamily = {
  apis: ['embedContent'],
  read: (body, provider) => readResponse(body, provider),
};
