import { MAX_BUCKET_COUNT, type Usage } from '../usage.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import {
  bodyCites,
  bodyRanTool,
  choiceCites,
  choiceRanTool,
  countShown,
  hasUncountedTools,
  searchesAsked,
  type ShownTools,
} from './chat-tools.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readReportedCost } from './reported-cost.js';
import { readServiceTier } from './service-tier.js';
import { countUsage, type CountedUsage, type TokenTotals } from './token-totals.js';
import { chatCountsUnknown } from './unknown-counts.js';
import { usageReading, type NotCounted, type UsageReading } from './usage-reading.js';
import { countXaiTools, type XaiTools } from './xai-tools.js';

/** The cached input tokens, wherever a provider of this API puts them; the first count that is stated is taken. */
function cachedTokens(usage: JsonObject, details: JsonObject | undefined): unknown {
  return (
    details?.['cached_tokens'] ??
    asObject(usage['prompt_token_details'])?.['cached_tokens'] ??
    usage['prompt_cache_hit_tokens'] ??
    usage['cached_tokens'] ??
    usage['num_cached_tokens'] ??
    usage['cache_read_input_tokens']
  );
}

/** The input tokens written to a cache, likewise. */
function cacheWriteTokens(usage: JsonObject, details: JsonObject | undefined): unknown {
  return details?.['cache_write_tokens'] ?? details?.['cache_creation_tokens'] ?? usage['cache_creation_input_tokens'];
}

/** How many of the cache writes are for an hour, which cost more: LiteLLM says so of Anthropic's; the rest is for 5 minutes. */
function hourWrites(details: JsonObject | undefined, all: unknown): number {
  if (typeof all !== 'number') return 0;
  const hour = asObject(details?.['cache_creation_token_details'])?.['ephemeral_1h_input_tokens'];
  return typeof hour === 'number' && Number.isInteger(hour) && hour > 0 && hour <= all ? hour : 0;
}

/**
 * All output tokens. Some providers (xAI) leave reasoning out of `completion_tokens`; their own total says so:
 * prompt 10, completion 5, reasoning 20, total 35 is an output of 25.
 */
function outputTokens(usage: JsonObject, reasoning: unknown): unknown {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage;
  if (typeof prompt !== 'number' || typeof completion !== 'number' || typeof total !== 'number')
    return completion ?? undefined;
  if (typeof reasoning !== 'number' || reasoning <= 0) return completion;
  return total === prompt + completion + reasoning ? completion + reasoning : completion;
}

/** Reads the `usage` object of chat completions, completions and embeddings, with fees that are counted beside its tokens. */
export function readChatUsage(usage: JsonObject | undefined, fees: TokenTotals['fees'] = {}): CountedUsage {
  if (usage === undefined) return { usage: {}, quality: 'missing' };
  const input = asObject(usage['prompt_tokens_details']);
  const output = asObject(usage['completion_tokens_details']);
  const reasoning = output?.['reasoning_tokens'] ?? usage['reasoning_tokens'];
  const written = cacheWriteTokens(usage, input);
  const hour = hourWrites(input, written);
  return countUsage({
    input: usage['prompt_tokens'],
    output: outputTokens(usage, reasoning),
    total: usage['total_tokens'],
    inputParts: {
      cache_read: cachedTokens(usage, input),
      cache_write_1h: hour,
      cache_write_5m: typeof written === 'number' ? written - hour : written,
      input_audio: input?.['audio_tokens'],
      input_image: input?.['image_tokens'],
      input_video: input?.['video_tokens'],
    },
    outputParts: {
      reasoning,
      output_audio: output?.['audio_tokens'],
      output_image: output?.['image_tokens'],
    },
    fees,
    hasUnknown: chatCountsUnknown(usage, [input, output]),
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}

/** OpenAI's models that search the web before each answer of a chat; the answers do not count it, and the search is billed. */
const SEARCHING_MODEL = /^(?:openai\/)?gpt-[\w.-]+-search-(?:preview|api)/;

/** What is billed once a request beside its tokens; nothing where the tokens cannot be read, for a fee alone is no price. */
function readFees(
  { usage, quality }: CountedUsage,
  model: string | undefined,
  searchSize: string | undefined,
  sources: unknown,
): Usage {
  if (quality === 'missing' || (quality === 'inconsistent' && Object.keys(usage).length === 0)) return usage;
  if (searchSize !== undefined) return { ...usage, request: 1 };
  // xAI's live search bills each source that it used.
  if (isCount(sources) && sources > 0) return { ...usage, request: Math.min(sources, MAX_BUCKET_COUNT) };
  // Looked for first, for this runs for every call and few models have it.
  const isSearching = model?.includes('-search-') === true && SEARCHING_MODEL.test(model);
  return isSearching ? { ...usage, web_search: 1 } : usage;
}

/** Perplexity's model that searches as often as it needs to. */
const RESEARCH_MODEL = 'sonar-deep-research';

/** What it counts beside prompt and completion: the total that it states holds neither. */
const RESEARCH_COUNTS: readonly string[] = ['citation_tokens', 'reasoning_tokens', 'num_search_queries'];

/**
 * Reads what Perplexity's deep research counts: citations are input, reasoning is output of a price of its own, both beside
 * the totals; each search is billed, and no fee for the request. Prompt 33, completion 7 163, citations 20 016, reasoning
 * 73 997 and 18 searches are `{ input: 20049, output: 7163, reasoning: 73997, web_search: 18 }`.
 */
function readResearchUsage(usage: JsonObject): CountedUsage {
  const stated = RESEARCH_COUNTS.map((name) => usage[name] ?? 0);
  const [citations, reasoning, searches] = stated.map((count) => (isCount(count) ? count : 0));
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total } = usage;
  const isWithin = isCount(prompt) && isCount(completion) && isCount(total) && total !== prompt + completion;
  return countUsage({
    input: isCount(prompt) ? prompt + (citations ?? 0) : prompt,
    output: isCount(completion) ? completion + (reasoning ?? 0) : completion,
    total: isWithin ? total : undefined,
    outputParts: { reasoning },
    fees: { web_search: searches },
    hasUnknown: !stated.every(isCount) || chatCountsUnknown({ ...usage, citation_tokens: 0 }, []),
  });
}

/** Whether a usage is of Perplexity's deep research and its own: gateways add citations to the prompt. */
function countsResearch(model: string | undefined, usage: JsonObject | undefined): usage is JsonObject {
  const stated = usage?.['num_search_queries'] ?? usage?.['citation_tokens'] ?? undefined;
  return stated !== undefined && model?.includes(RESEARCH_MODEL) === true;
}

/** What is known of an OpenAI-shaped answer beside its body. */
interface ShapeContext {
  readonly provider?: string;
  readonly shown?: ShownTools;
}

const NO_TOOLS: ShownTools = { ran: false, searches: 0, cited: false };

/** The reading of an OpenAI-shaped answer from its usage object, wherever that was. */
export function readOpenAiShape(
  body: JsonObject,
  usage: JsonObject | undefined,
  finishReasons: readonly string[],
  { provider = '', shown = NO_TOOLS }: ShapeContext = {},
): UsageReading {
  const responseModel = asText(body['model']);
  const isResearch = countsResearch(responseModel, usage);
  const xai = countXaiTools(body, usage, '');
  const counted = isResearch
    ? readResearchUsage(usage)
    : readChatUsage(usage, xai?.fees ?? countShown(shown, provider));
  const reportedCostPicoUsd = readReportedCost(usage, counted.quality);
  const isWhole = reportedCostPicoUsd !== undefined;
  // Perplexity bills each request beside its tokens, by this size; its reported cost has both.
  const searchSize = isWhole || isResearch ? undefined : asText(usage?.['search_context_size']);
  // Written out and without copies of objects, for this runs for every call.
  return usageReading({
    usage: isWhole ? counted.usage : readFees(counted, responseModel, searchSize, usage?.['num_sources_used']),
    quality: counted.quality,
    responseModel,
    responseId: asText(body['id']),
    serviceTier: searchSize ?? readServiceTier(body['service_tier']),
    finishReasons,
    reportedCostPicoUsd,
    notCounted: isWhole || isResearch || searchSize !== undefined ? NOTHING : notCountedOf(xai, shown, usage, provider),
  });
}

const NOTHING: readonly NotCounted[] = [];
const SERVER_TOOLS: readonly NotCounted[] = ['server_tools'];

/** What was billed for tools that no bucket counts, where the cost is not reported and no search is counted otherwise. */
function notCountedOf(
  xai: XaiTools | undefined,
  shown: ShownTools,
  usage: JsonObject | undefined,
  provider: string,
): readonly NotCounted[] {
  const isUncounted = xai?.hasUnpriced ?? hasUncountedTools(shown, usage, provider);
  return isUncounted ? SERVER_TOOLS : NOTHING;
}

/** The reasons why the choices of an answer or a chunk ended. */
function finishReasonsOf(choices: unknown): string[] {
  const reasons: string[] = [];
  for (const choice of asList(choices)) {
    const reason = asText(asObject(choice)?.['finish_reason']);
    if (reason !== undefined) reasons.push(reason);
  }
  return reasons;
}

/** The usage object of an answer or a chunk; Groq puts that of a stream under `x_groq`. */
function usageOf(body: JsonObject): JsonObject | undefined {
  return asObject(body['usage']) ?? asObject(asObject(body['x_groq'])?.['usage']);
}

function lengthOf(text: unknown): number {
  return typeof text === 'string' ? text.length : 0;
}

/**
 * Characters of the text that one choice of a chunk adds: content, reasoning, refusal, tool arguments, plain text. Each
 * name is written out and nothing is made on the way, for this runs for every chunk.
 */
function choiceCharacters({ text, delta }: JsonObject): number {
  const parts = asObject(delta);
  if (parts === undefined) return lengthOf(text);
  const { content, reasoning_content: thought, reasoning, refusal, tool_calls: calls } = parts;
  let characters = lengthOf(text) + lengthOf(content) + lengthOf(thought) + lengthOf(reasoning) + lengthOf(refusal);
  if (Array.isArray(calls)) for (const call of calls) characters += lengthOf(at(call, 'function', 'arguments'));
  return characters;
}

/** Folds chunks of chat completions and completions: the last usage, model and tier that were stated count. */
function foldChunks(provider: string): StreamFold {
  let first: JsonObject | undefined;
  let usage: JsonObject | undefined;
  let serviceTier: unknown;
  let model: unknown;
  let characters = 0;
  let ran = false;
  let searches = 0;
  let cited = false;
  const finishReasons: string[] = [];
  return {
    push(chunk) {
      const { choices } = chunk;
      const stated = usageOf(chunk);
      if (!Array.isArray(choices) && stated === undefined) return;
      first ??= chunk;
      usage = stated ?? usage;
      serviceTier = chunk['service_tier'] ?? serviceTier;
      model = asText(chunk['model']) ?? model;
      ran ||= bodyRanTool(chunk);
      cited ||= bodyCites(chunk);
      if (!Array.isArray(choices)) return;
      for (const item of choices as readonly unknown[]) {
        const choice = asObject(item);
        if (choice === undefined) continue;
        characters += choiceCharacters(choice);
        ran ||= choiceRanTool(choice);
        searches += searchesAsked(choice);
        cited ||= choiceCites(choice);
        const reason = asText(choice['finish_reason']);
        if (reason !== undefined) finishReasons.push(reason);
      }
    },
    finish() {
      if (first === undefined) return undefined;
      const { id, created } = first;
      const body = { id, created, model, service_tier: serviceTier };
      return readOpenAiShape(body, usage, finishReasons, { provider, shown: { ran, searches, cited } });
    },
    outputCharacters: () => characters,
    isComplete: () => usage !== undefined,
  };
}

function readChat(body: JsonObject, provider: string): UsageReading {
  const { choices } = body;
  const shown = { ran: bodyRanTool(body), searches: 0, cited: bodyCites(body) };
  for (const item of asList(choices)) {
    const choice = asObject(item);
    if (choice === undefined) continue;
    shown.ran ||= choiceRanTool(choice);
    shown.searches += searchesAsked(choice);
    shown.cited ||= choiceCites(choice);
  }
  return readOpenAiShape(body, usageOf(body), finishReasonsOf(choices), { provider, shown });
}

/** OpenAI chat completions and the many providers that speak its shape. */
export const CHAT_COMPLETIONS: ApiFamily = {
  apis: ['chat.completions'],
  read: readChat,
  fold: foldChunks,
};

/** Legacy text completions: the same usage, text instead of messages. */
export const COMPLETIONS: ApiFamily = {
  apis: ['completions'],
  read: CHAT_COMPLETIONS.read,
  fold: foldChunks,
};
