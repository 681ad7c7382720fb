import { parsePicoUsd, type PicoUsd } from '../pico-usd.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { CONVERSE } from './bedrock.js';
import { CHAT_COMPLETIONS, COMPLETIONS } from './chat-completions.js';
import { COHERE_CHAT, COHERE_EMBED } from './cohere.js';
import { EMBEDDINGS } from './embeddings.js';
import { GENERATE_CONTENT } from './generate-content.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { MESSAGES } from './messages.js';
import { RERANK } from './openai-other.js';
import { RESPONSES } from './responses.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { usageReading, type NotCounted, type UsageReading } from './usage-reading.js';

/*
 * What the models of the AI SDK return to it, in specification versions 2 to 4. The provider's own body or usage object
 * is in most of it and is read before the SDK's counts, which lack lifetimes of caches, modalities, tiers and fees.
 */

/** The family that a provider's body belongs to, by its shape: a model's provider name tells of no API. */
function familyOfBody(body: JsonObject): ApiFamily | undefined {
  if (asObject(body['usageMetadata']) !== undefined) return GENERATE_CONTENT;
  if (body['object'] === 'response') return RESPONSES;
  if (body['type'] === 'message') return MESSAGES;
  if (body['object'] === 'text_completion') return COMPLETIONS;
  if (Array.isArray(body['choices'])) return CHAT_COMPLETIONS;
  if (asObject(at(body, 'output', 'message')) !== undefined) return CONVERSE;
  if (asObject(at(body, 'usage', 'billed_units')) !== undefined) return COHERE_CHAT;
  const meta = asObject(at(body, 'meta', 'billed_units'));
  if (meta !== undefined) return meta['search_units'] === undefined ? COHERE_EMBED : RERANK;
  return body['object'] === 'list' && Array.isArray(body['data']) ? EMBEDDINGS : undefined;
}

/** The body that a provider's usage object is read in, by the names of its counts. */
function bodyOfUsage(usage: JsonObject): readonly [ApiFamily, JsonObject] | undefined {
  if ('promptTokenCount' in usage) return [GENERATE_CONTENT, { usageMetadata: usage }];
  if ('prompt_tokens' in usage) return [CHAT_COMPLETIONS, { usage }];
  if ('input_tokens_details' in usage) return [RESPONSES, { usage }];
  if ('cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage) return [MESSAGES, { usage }];
  return undefined;
}

/** The counts as the SDK states them: numbers (version 2), or a total with its parts (3 and 4). */
function countSdkUsage(usage: JsonObject | undefined): CountedUsage {
  const input = asObject(usage?.['inputTokens']);
  const output = asObject(usage?.['outputTokens']);
  return countUsage({
    input: input === undefined ? (usage?.['inputTokens'] ?? usage?.['tokens']) : input['total'],
    output: output === undefined ? usage?.['outputTokens'] : output['total'],
    inputParts: {
      cache_read: input?.['cacheRead'] ?? usage?.['cachedInputTokens'],
      cache_write_5m: input?.['cacheWrite'],
    },
    outputParts: { reasoning: output?.['reasoning'] ?? usage?.['reasoningTokens'] },
  });
}

/** Vercel's gateway says what it charges, as decimal text. */
function gatewayCost(metadata: JsonObject | undefined): PicoUsd | undefined {
  const text = asText(at(metadata, 'gateway', 'cost'));
  return text === undefined || !/^\d+(\.\d+)?$/.test(text) || Number(text) === 0 ? undefined : parsePicoUsd(text);
}

function finishReasonOf(answer: JsonObject): readonly string[] {
  const reason = asText(answer['finishReason']) ?? asText(at(answer, 'finishReason', 'unified'));
  return reason === undefined ? [] : [reason];
}

/** Tools that cost their tokens alone, by how the SDK names them. */
const FREE_TOOL = /^(?:mcp|tool_search|web_fetch)/;

/** A call of a tool that the provider ran itself, in what a model answered or in a part of a stream. */
function isPaidTool(part: unknown): boolean {
  const isOwn = at(part, 'type') === 'tool-call' && at(part, 'providerExecuted') === true;
  return isOwn && !FREE_TOOL.test(asText(at(part, 'toolName')) ?? '');
}

/** Whether a provider's usage object, or what is kept beside it, counts its tools: Anthropic's, xAI's and Google's do. */
function countsTools(usage: JsonObject | undefined): boolean {
  return (
    usage !== undefined &&
    ('server_tool_use' in usage || 'server_side_tool_usage_details' in usage || 'promptTokenCount' in usage)
  );
}

/** What the provider itself said: its body, else its usage object with the tier and the searches that the SDK keeps beside it. */
function readProviderPart(answer: JsonObject, provider: string): UsageReading | undefined {
  const body = asObject(at(answer, 'response', 'body'));
  const whole = body === undefined ? undefined : familyOfBody(body)?.read(body, provider);
  if (whole !== undefined && whole.quality !== 'missing') return whole;
  const metadata = asObject(answer['providerMetadata']);
  const usage = asObject(at(answer, 'usage', 'raw')) ?? asObject(at(metadata, 'anthropic', 'usage'));
  const match = usage === undefined ? undefined : bodyOfUsage(usage);
  const groundingMetadata = at(metadata, 'google', 'groundingMetadata') ?? at(metadata, 'vertex', 'groundingMetadata');
  const beside = {
    service_tier: at(metadata, 'openai', 'serviceTier'),
    candidates: [{ groundingMetadata }],
    modelVersion: at(answer, 'response', 'modelId'),
  };
  const part = match?.[0].read({ ...beside, ...match[1] }, provider);
  if (part === undefined || part.quality === 'missing') return undefined;
  return countsTools(usage) ? part : withUncountedTools(part, answer);
}

/** Names tools that ran where only what was said of tokens is left of the answer. */
function withUncountedTools<Part extends { readonly notCounted?: readonly NotCounted[] }>(
  part: Part,
  answer: JsonObject,
): Part {
  if (!asList(answer['content']).some(isPaidTool)) return part;
  return { ...part, notCounted: [...new Set([...(part.notCounted ?? []), 'server_tools' as const])] };
}

function readAnswer(answer: JsonObject, provider: string): UsageReading {
  const part = readProviderPart(answer, provider);
  const counted = part ?? countSdkUsage(asObject(answer['usage']));
  const reportedCostPicoUsd = gatewayCost(asObject(answer['providerMetadata'])) ?? part?.reportedCostPicoUsd;
  const { notCounted } = part ?? withUncountedTools<{ notCounted?: readonly NotCounted[] }>({}, answer);
  return usageReading({
    ...part,
    usage: counted.usage,
    quality: counted.quality,
    responseModel: part?.responseModel ?? asText(at(answer, 'response', 'modelId')),
    responseId: part?.responseId ?? asText(at(answer, 'response', 'id')),
    finishReasons: finishReasonOf(answer),
    reportedCostPicoUsd,
    notCounted: reportedCostPicoUsd === undefined ? notCounted : [],
  });
}

/** The parts of a stream that carry text of the answer: text, reasoning, tool arguments. */
const TEXT_PARTS: ReadonlySet<string> = new Set(['text-delta', 'reasoning-delta', 'tool-input-delta']);

/** Folds the parts of a model's stream; `finish` has the usage. */
function foldParts(provider: string): StreamFold {
  let response: JsonObject = {};
  let end: JsonObject | undefined;
  let characters = 0;
  let hasParts = false;
  let paidTool: JsonObject | undefined;
  const read = () => {
    const { id, modelId } = response;
    return readAnswer({ ...end, content: [paidTool], response: { id, modelId } }, provider);
  };
  return {
    push(part) {
      hasParts = true;
      const type = asText(part['type']) ?? '';
      if (TEXT_PARTS.has(type)) characters += asText(part['delta'])?.length ?? 0;
      else if (type === 'response-metadata') response = { ...response, ...part };
      else if (type === 'finish') end = part;
      else if (isPaidTool(part)) paidTool = part;
    },
    finish: () => (hasParts ? read() : undefined),
    outputCharacters: () => characters,
    isComplete: () => end !== undefined && read().quality !== 'missing',
  };
}

/** Pictures: tokens where the provider counts them, else how many there are. */
function readImages(answer: JsonObject): UsageReading {
  const counted = countSdkUsage(asObject(answer['usage']));
  return usageReading({
    usage: counted.usage.output === undefined ? counted.usage : imageOutput(counted.usage),
    quality: counted.quality,
    responseModel: asText(at(answer, 'response', 'modelId')),
    finishReasons: asList(answer['images']).length > 0 ? ['stop'] : [],
  });
}

/** What a picture's model puts out is pictures. */
function imageOutput({ output, ...rest }: CountedUsage['usage']): CountedUsage['usage'] {
  return output === undefined ? rest : { ...rest, output_image: output };
}

/** Results of a language, embedding or reranking model of the AI SDK. */
export const AI_SDK: ApiFamily = { apis: ['ai-sdk'], read: readAnswer, fold: foldParts };

/** Results of an image model of the AI SDK. */
export const AI_SDK_IMAGES: ApiFamily = { apis: ['ai-sdk.images'], read: readImages };
