import type { ApiFamily, StreamFold } from './api-family.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readServiceTier } from './service-tier.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** `usage_metadata` of a message: totals with their parts, under one set of names for every provider. */
function countMetadata(usage: JsonObject): CountedUsage {
  const input = asObject(usage['input_token_details']);
  const output = asObject(usage['output_token_details']);
  return countUsage({
    input: usage['input_tokens'],
    output: usage['output_tokens'],
    inputParts: {
      cache_read: input?.['cache_read'],
      cache_write_5m: input?.['cache_creation'],
      input_audio: input?.['audio'],
    },
    outputParts: { reasoning: output?.['reasoning'], output_audio: output?.['audio'] },
  });
}

/** `llmOutput` of older model classes. */
function countTokenUsage(usage: JsonObject | undefined): CountedUsage {
  return countUsage({
    input: usage?.['promptTokens'] ?? usage?.['prompt_tokens'],
    output: usage?.['completionTokens'] ?? usage?.['completion_tokens'],
  });
}

/** LangChain names answers without an id of the provider after its own run. */
function responseIdOf(message: JsonObject | undefined): string | undefined {
  const id = asText(at(message, 'response_metadata', 'id')) ?? asText(message?.['id']);
  return id === undefined || id.startsWith('run-') ? undefined : id;
}

/**
 * Whether a message shows tools that the provider ran: LangChain counts tokens alone. They are among its outputs (OpenAI), in
 * its content (Anthropic) or in what it is grounded in (Google).
 */
function showsTools(message: JsonObject | undefined): boolean {
  if (message === undefined) return false;
  const grounding = at(message, 'response_metadata', 'groundingMetadata', 'webSearchQueries');
  if (asList(at(message, 'additional_kwargs', 'tool_outputs')).length > 0 || asList(grounding).length > 0) return true;
  const isSearch = (block: unknown): boolean =>
    at(block, 'type') === 'server_tool_use' && at(block, 'name') === 'web_search';
  return asList(message['content']).some(isSearch);
}

function reading(
  message: JsonObject | undefined,
  counted: CountedUsage,
  finishReason: unknown,
  ranTool: boolean = showsTools(message),
): UsageReading {
  const metadata = asObject(message?.['response_metadata']);
  const reason = asText(finishReason) ?? asText(metadata?.['finish_reason']) ?? asText(metadata?.['stop_reason']);
  return usageReading({
    usage: counted.usage,
    quality: counted.quality,
    responseModel: asText(metadata?.['model_name']) ?? asText(metadata?.['model']) ?? asText(metadata?.['modelId']),
    responseId: responseIdOf(message),
    serviceTier: readServiceTier(metadata?.['service_tier']),
    finishReasons: reason === undefined ? [] : [reason],
    notCounted: ranTool ? ['server_tools'] : [],
  });
}

/**
 * Reads a chat model's result. Of several generations the message's counts are those of one, so the result's own total
 * goes before them.
 */
function readResult(result: JsonObject): UsageReading {
  const generations = asList(result['generations']);
  const [first] = generations;
  const message = asObject(at(first, 'message'));
  const metadata = asObject(message?.['usage_metadata']);
  const total = countTokenUsage(
    asObject(at(result, 'llmOutput', 'tokenUsage')) ?? asObject(at(result, 'llmOutput', 'usage')),
  );
  const isOne = generations.length <= 1 || total.quality === 'missing';
  const counted = isOne && metadata !== undefined ? countMetadata(metadata) : total;
  return reading(message, counted, at(first, 'generationInfo', 'finish_reason'));
}

/** Folds chunks of a chat model: their counts add up, as they do when LangChain joins the chunks. */
function foldChunks(): StreamFold {
  let last: JsonObject | undefined;
  let metadata: JsonObject = {};
  let id: unknown;
  let finishReason: unknown;
  let usage: JsonObject | undefined;
  let characters = 0;
  let ranTool = false;
  return {
    push(chunk) {
      const message = asObject(chunk['message']);
      if (message === undefined) return;
      last = message;
      ranTool ||= showsTools(message);
      id ??= message['id'];
      metadata = { ...metadata, ...asObject(message['response_metadata']) };
      finishReason = at(chunk, 'generationInfo', 'finish_reason') ?? finishReason;
      characters += asText(chunk['text'])?.length ?? 0;
      usage = sumOf(usage, asObject(message['usage_metadata']));
    },
    finish: () =>
      last === undefined
        ? undefined
        : reading({ id, response_metadata: metadata }, countMetadata(usage ?? {}), finishReason, ranTool),
    outputCharacters: () => characters,
    isComplete: () => usage !== undefined,
  };
}

/** Adds every count of two usages, those inside their details too. */
function sumOf(left: JsonObject | undefined, right: JsonObject | undefined): JsonObject | undefined {
  if (left === undefined || right === undefined) return right ?? left;
  const sum: Record<string, unknown> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const before = sum[name];
    if (typeof value === 'number') sum[name] = value + (typeof before === 'number' ? before : 0);
    else sum[name] = sumOf(asObject(before), asObject(value)) ?? before;
  }
  return sum;
}

/** Results and chunks of LangChain's chat models. */
export const LANGCHAIN: ApiFamily = { apis: ['langchain'], read: readResult, fold: foldChunks };
