import type { ApiFamily, StreamFold } from './api-family.js';
import { readChatUsage } from './chat-completions.js';
import { sumOf } from './generate-content.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { foldMessages, readMessagesUsage } from './messages.js';
import { readServiceTier } from './service-tier.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { countsUnknown } from './unknown-counts.js';
import { usageReading, type UsageReading } from './usage-reading.js';

/** Cache writes for an hour, from a list of `{ttl, inputTokens}`. */
function hourWrites(usage: JsonObject): number {
  let tokens = 0;
  for (const entry of asList(usage['cacheDetails'])) {
    const count = at(entry, 'inputTokens');
    if (at(entry, 'ttl') === '1h' && typeof count === 'number') tokens += count;
  }
  return tokens;
}

const CONVERSE_COUNTS: ReadonlySet<string> = new Set([
  'inputTokens',
  'outputTokens',
  'totalTokens',
  'cacheReadInputTokens',
  'cacheReadInputTokenCount',
  'cacheWriteInputTokens',
  'cacheWriteInputTokenCount',
]);

/** Reads Converse usage: `inputTokens` leaves cached tokens out, the total has them. */
function readConverseUsage(usage: JsonObject): CountedUsage {
  const read = usage['cacheReadInputTokens'] ?? usage['cacheReadInputTokenCount'];
  const write = usage['cacheWriteInputTokens'] ?? usage['cacheWriteInputTokenCount'];
  const hour = hourWrites(usage);
  return countUsage({
    input: sumOf(usage['inputTokens'], read, write),
    output: usage['outputTokens'],
    total: usage['totalTokens'],
    inputParts: {
      cache_read: read,
      cache_write_1h: hour,
      cache_write_5m: typeof write === 'number' ? Math.max(write - hour, 0) : write,
    },
    hasUnknown: countsUnknown(usage, CONVERSE_COUNTS),
  });
}

/** Whether a block is a call of a tool that Bedrock runs itself: `nova_grounding`, `nova_code_interpreter`; no list has their price. */
function isServerTool(block: unknown): boolean {
  return at(block, 'toolUse', 'type') === 'server_tool_use';
}

/** The body names no model: the request does, and its inference profile is part of the price. */
function reading(counted: CountedUsage | undefined, body: JsonObject, ranTool: boolean = false): UsageReading {
  const stopReason = asText(body['stopReason']) ?? asText(body['stop_reason']);
  return usageReading({
    ...counted,
    responseId: asText(body['id']),
    serviceTier: readServiceTier(at(body, 'serviceTier', 'type') ?? at(body, 'performanceConfig', 'serviceTier')),
    finishReasons: stopReason === undefined ? [] : [stopReason],
    ...(ranTool ? { notCounted: ['server_tools'] as const } : {}),
  });
}

function readConverse(body: JsonObject): UsageReading {
  const usage = asObject(body['usage']);
  const ranTool = asList(at(body, 'output', 'message', 'content')).some(isServerTool);
  return reading(usage && readConverseUsage(usage), body, ranTool);
}

/** Text, reasoning and tool arguments of one event. */
function deltaCharacters(event: JsonObject): number {
  const delta = at(event, 'contentBlockDelta', 'delta');
  const text =
    asText(at(delta, 'text')) ?? asText(at(delta, 'toolUse', 'input')) ?? asText(at(delta, 'reasoningContent', 'text'));
  return text?.length ?? 0;
}

function foldConverse(): StreamFold {
  let usage: JsonObject | undefined;
  let stopReason: unknown;
  let serviceTier: unknown;
  let characters = 0;
  let hasEvents = false;
  let ranTool = false;
  return {
    push(event) {
      hasEvents = true;
      ranTool ||= isServerTool(at(event, 'contentBlockStart', 'start'));
      characters += deltaCharacters(event);
      stopReason = at(event, 'messageStop', 'stopReason') ?? stopReason;
      usage = asObject(at(event, 'metadata', 'usage')) ?? usage;
      serviceTier = at(event, 'metadata', 'serviceTier') ?? serviceTier;
    },
    finish: () =>
      hasEvents ? reading(usage && readConverseUsage(usage), { stopReason, serviceTier }, ranTool) : undefined,
    outputCharacters: () => characters,
    isComplete: () => usage !== undefined,
  };
}

/** Bedrock Converse, one body and event stream for all models. */
export const CONVERSE: ApiFamily = { apis: ['converse'], read: readConverse, fold: foldConverse };

/** How one family of models writes usage into the body of InvokeModel. */
interface InvokeShape {
  /** The field by which the shape is known. */
  readonly path: readonly string[];
  readonly read: (body: JsonObject) => CountedUsage;
}

function usageObject(body: JsonObject): JsonObject {
  return asObject(body['usage']) ?? {};
}

/** Titan counts the input once and the output by result. */
function readTitan(body: JsonObject): CountedUsage {
  const results = asList(body['results']).map((result) => at(result, 'tokenCount'));
  return countUsage({
    input: body['inputTextTokenCount'],
    output: results.length === 0 ? undefined : sumOf(...results),
  });
}

const INVOKE_SHAPES: readonly InvokeShape[] = [
  { path: ['usage', 'input_tokens'], read: (body) => readMessagesUsage(usageObject(body)) },
  { path: ['usage', 'inputTokens'], read: (body) => readConverseUsage(usageObject(body)) },
  { path: ['usage', 'prompt_tokens'], read: (body) => readChatUsage(usageObject(body)) },
  { path: ['inputTextTokenCount'], read: readTitan },
  {
    path: ['prompt_token_count'],
    read: (body) => countUsage({ input: body['prompt_token_count'], output: body['generation_token_count'] }),
  },
];

/** A header's count, as a number. */
function headerCount(headers: JsonObject | undefined, name: string): number | undefined {
  const text = asText(headers?.[`x-amzn-bedrock-${name}-token-count`]);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Bedrock's own counts in the response headers, for models whose body has none. */
function readHeaders(headers: JsonObject | undefined): CountedUsage {
  const read = headerCount(headers, 'cache-read-input');
  const write = headerCount(headers, 'cache-write-input');
  return countUsage({
    input: sumOf(headerCount(headers, 'input'), read, write),
    output: headerCount(headers, 'output'),
    inputParts: { cache_read: read, cache_write_5m: write },
  });
}

function readInvoke(body: JsonObject, _provider: string, headers?: JsonObject): UsageReading {
  const shape = INVOKE_SHAPES.find(({ path }) => at(body, ...path) !== undefined);
  const ranTool = asList(at(body, 'output', 'message', 'content')).some(isServerTool);
  return reading(shape === undefined ? readHeaders(headers) : shape.read(body), body, ranTool);
}

/** The metrics that Bedrock adds to the last event, whatever the model; they leave cached tokens out. */
function readMetrics(metrics: JsonObject): CountedUsage {
  const { inputTokenCount, outputTokenCount, cacheReadInputTokenCount, cacheWriteInputTokenCount } = metrics;
  return readConverseUsage({
    inputTokens: inputTokenCount,
    outputTokens: outputTokenCount,
    cacheReadInputTokens: cacheReadInputTokenCount,
    cacheWriteInputTokens: cacheWriteInputTokenCount,
  });
}

/** Text of one event where the model is none of Anthropic's: Titan, Llama, Mistral, and Nova, which speaks Converse. */
function invokedCharacters(event: JsonObject): number {
  const [first] = asList(event['outputs']);
  const text = asText(event['outputText']) ?? asText(event['generation']) ?? asText(at(first, 'text'));
  return text?.length ?? deltaCharacters(event);
}

/** Anthropic's own events count what is billed; for other models Bedrock's metrics are all there is. */
function foldInvoke(): StreamFold {
  const messages = foldMessages();
  let metrics: JsonObject | undefined;
  let stopReason: unknown;
  let characters = 0;
  let hasEvents = false;
  let ranTool = false;
  return {
    push(event) {
      hasEvents = true;
      ranTool ||= isServerTool(at(event, 'contentBlockStart', 'start'));
      characters += invokedCharacters(event);
      messages.push(event);
      metrics = asObject(event['amazon-bedrock-invocationMetrics']) ?? metrics;
      stopReason = asText(event['stop_reason']) ?? at(event, 'delta', 'stop_reason') ?? stopReason;
    },
    finish() {
      if (!hasEvents) return undefined;
      const own = messages.isComplete() ? messages.finish() : undefined;
      const answer = { id: own?.responseId, stop_reason: stopReason };
      return reading(own ?? (metrics && readMetrics(metrics)), answer, ranTool);
    },
    outputCharacters: () => messages.outputCharacters() + characters,
    isComplete: () => metrics !== undefined || messages.isComplete(),
  };
}

/** Bedrock InvokeModel: the model's own body, with Bedrock's counts in headers and at the end of streams. */
export const INVOKE_MODEL: ApiFamily = { apis: ['invoke_model'], read: readInvoke, fold: foldInvoke };
