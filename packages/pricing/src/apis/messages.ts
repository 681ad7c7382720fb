import { inputTokensOf } from '../compute-cost.js';
import type { Usage } from '../usage.js';
import { addUsages, SHORT_CONTEXT_TOKENS } from './add-reading.js';
import type { ApiFamily, StreamFold } from './api-family.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readReportedCost } from './reported-cost.js';
import { readServiceTier } from './service-tier.js';
import { countUsage, type CountedUsage } from './token-totals.js';
import { countsUnknown } from './unknown-counts.js';
import { usageReading, type NotCounted, type UsageReading } from './usage-reading.js';

const INPUT_FIELDS = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens'] as const;

/** Anthropic's `input_tokens` leaves cached tokens out, so all input is a sum; unreadable parts make it unreadable. */
function allInputTokens(usage: JsonObject): unknown {
  let sum = 0;
  for (const name of INPUT_FIELDS) {
    const value = usage[name] ?? 0;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) return Number.NaN;
    sum += value;
  }
  return usage['input_tokens'] === undefined && sum === 0 ? undefined : sum;
}

/** Cache writes by lifetime; what the breakdown does not cover, or its absence, is the 5-minute default. */
function cacheWrites(usage: JsonObject): { cache_write_1h: unknown; cache_write_5m: unknown } {
  const all = usage['cache_creation_input_tokens'];
  const hour = at(usage, 'cache_creation', 'ephemeral_1h_input_tokens');
  if (typeof all !== 'number' || typeof hour !== 'number') return { cache_write_1h: undefined, cache_write_5m: all };
  return hour > all || hour < 0 || !Number.isInteger(hour)
    ? { cache_write_1h: undefined, cache_write_5m: all }
    : { cache_write_1h: hour, cache_write_5m: all - hour };
}

const KNOWN_COUNTS: ReadonlySet<string> = new Set([...INPUT_FIELDS, 'output_tokens']);
const KNOWN_WRITES: ReadonlySet<string> = new Set(['ephemeral_5m_input_tokens', 'ephemeral_1h_input_tokens']);
const KNOWN_OUTPUT: ReadonlySet<string> = new Set(['thinking_tokens']);

/** Counts beside the known ones are in none of them here, and lifetimes of the cache have prices of their own. */
function hasUnknown(usage: JsonObject): boolean {
  return (
    countsUnknown(usage, KNOWN_COUNTS) ||
    countsUnknown(asObject(usage['cache_creation']), KNOWN_WRITES) ||
    countsUnknown(asObject(usage['output_tokens_details']), KNOWN_OUTPUT)
  );
}

/** Whether the lifetimes of cache writes cannot be parts of what was written. */
function contradictsWrites(usage: JsonObject): boolean {
  const all = usage['cache_creation_input_tokens'] ?? 0;
  const fiveMinutes = at(usage, 'cache_creation', 'ephemeral_5m_input_tokens') ?? 0;
  const hour = at(usage, 'cache_creation', 'ephemeral_1h_input_tokens') ?? 0;
  if (typeof all !== 'number' || typeof fiveMinutes !== 'number' || typeof hour !== 'number') return true;
  return !(fiveMinutes >= 0 && hour >= 0 && Number.isInteger(hour) && fiveMinutes + hour <= all);
}

/** Reads the `usage` object of a message. */
export function readMessagesUsage(usage: JsonObject | undefined): CountedUsage {
  if (usage === undefined) return { usage: {}, quality: 'missing' };
  return countUsage({
    input: allInputTokens(usage),
    output: usage['output_tokens'],
    inputParts: { cache_read: usage['cache_read_input_tokens'], ...cacheWrites(usage) },
    outputParts: { reasoning: at(usage, 'output_tokens_details', 'thinking_tokens') },
    fees: { web_search: at(usage, 'server_tool_use', 'web_search_requests') },
    hasUnknown: hasUnknown(usage) || contradictsWrites(usage),
  });
}

/** `speed: "fast"` is a price of its own; it stands in for the service tier, which it excludes. */
function tierOf(usage: JsonObject | undefined): string {
  return usage?.['speed'] === 'fast' ? 'fast' : readServiceTier(usage?.['service_tier']);
}

/** Regions that change the price, from `inference_geo`; `global` and `not_available` are the standard price. */
function regionOf(usage: JsonObject | undefined): string {
  const geo = asText(usage?.['inference_geo']) ?? '';
  return geo === 'global' || geo === 'not_available' ? '' : geo;
}

/**
 * Iterations that `usage` counts beside its totals: a compaction of the context (same model), an adviser (its own model).
 * The answer's own iterations are in the totals.
 */
const BILLED_BESIDE: ReadonlySet<string> = new Set(['compaction', 'advisor_message']);

/** One iteration as a part that is billed for itself. */
function readIteration(iteration: JsonObject, body: JsonObject, usage: JsonObject | undefined): UsageReading {
  const counted = readMessagesUsage(iteration);
  const model = asText(iteration['model']);
  return usageReading({
    usage: counted.usage,
    quality: counted.quality,
    responseModel: model ?? asText(body['model']),
    requestModel: model,
    serviceTier: tierOf(usage),
    region: regionOf(usage),
  });
}

function iterationsOf(usage: JsonObject | undefined, isOf: (type: string) => boolean): JsonObject[] {
  return asList(usage?.['iterations'])
    .map(asObject)
    .filter((iteration) => iteration !== undefined)
    .filter((iteration) => isOf(asText(iteration['type']) ?? ''));
}

const ADDED_FIELDS = [...INPUT_FIELDS, 'output_tokens'] as const;

/** Whether counts add up to the totals that they are said to be parts of. */
function addUp(parts: readonly JsonObject[], totals: JsonObject): boolean {
  return ADDED_FIELDS.every((name) => {
    const sum = parts.reduce((before, part) => before + Number(part[name] ?? 0), 0);
    return sum === Number(totals[name] ?? 0);
  });
}

/**
 * The calls of the model behind a message that server-side tools made loop, where only together they are a long context:
 * each has the price of its own. Undefined where the sum costs the same.
 */
function loopOf(usage: JsonObject | undefined, counted: Usage): readonly Usage[] | undefined {
  if (usage === undefined || inputTokensOf(counted) <= SHORT_CONTEXT_TOKENS) return undefined;
  const loop = iterationsOf(usage, (type) => type === 'message');
  return loop.length > 1 && addUp(loop, usage) ? loop.map((part) => readMessagesUsage(part).usage) : undefined;
}

/** A loop's counts by bucket are those of its iterations, which may tell less of thinking than their sum does. */
function withIterations(counted: CountedUsage, iterations: readonly Usage[]): CountedUsage {
  const { web_search: searches } = counted.usage;
  const sum = addUsages(iterations);
  return { usage: searches === undefined ? sum : { ...sum, web_search: searches }, quality: counted.quality };
}

/** Anthropic's own tools whose count is read or that cost their tokens alone; code that runs is billed by its container. */
const KNOWN_TOOLS: ReadonlySet<string> = new Set([
  'web_search_requests',
  'web_fetch_requests',
  'tool_search_requests',
  'code_execution_requests',
]);

/** What was billed beside: containers, and tools that are counted under a name that nothing here knows. */
function notCountedOf(body: JsonObject, usage: JsonObject | undefined): NotCounted[] {
  const tools = Object.entries(asObject(usage?.['server_tool_use']) ?? {});
  const hasUnknownTool = tools.some(
    ([name, count]) => typeof count === 'number' && count > 0 && !KNOWN_TOOLS.has(name),
  );
  return [
    ...(asObject(body['container']) === undefined ? [] : (['container_hours'] as const)),
    ...(hasUnknownTool ? (['server_tools'] as const) : []),
  ];
}

/** Reads a message object, whole or put together from its events. */
function readMessage(body: JsonObject): UsageReading {
  const usage = asObject(body['usage']);
  const stopReason = asText(body['stop_reason']);
  const whole = readMessagesUsage(usage);
  const iterations = loopOf(usage, whole.usage);
  const counted = iterations === undefined ? whole : withIterations(whole, iterations);
  const beside = iterationsOf(usage, (type) => BILLED_BESIDE.has(type));
  return usageReading({
    usage: counted.usage,
    quality: counted.quality,
    responseModel: asText(body['model']),
    responseId: asText(body['id']),
    serviceTier: tierOf(usage),
    region: regionOf(usage),
    finishReasons: stopReason === undefined ? [] : [stopReason],
    reportedCostPicoUsd: readReportedCost(usage, counted.quality),
    iterations,
    beside: beside.map((iteration) => readIteration(iteration, body, usage)),
    notCounted: notCountedOf(body, usage),
  });
}

/** The text that a `content_block_delta` adds: answer, thinking or tool arguments. */
function deltaCharacters(delta: JsonObject): number {
  const text = asText(delta['text']) ?? asText(delta['thinking']) ?? asText(delta['partial_json']);
  return text?.length ?? 0;
}

/** Folds message events: `message_start` has the input, each `message_delta` the cumulative counts so far. */
export function foldMessages(): StreamFold {
  let message: JsonObject | undefined;
  let usage: JsonObject | undefined;
  let stopReason: unknown;
  let container: unknown;
  let characters = 0;
  let complete = false;
  return {
    push(event) {
      if (event['type'] === 'content_block_delta') {
        const delta = asObject(event['delta']);
        if (delta !== undefined) characters += deltaCharacters(delta);
      } else if (event['type'] === 'message_start') {
        message = asObject(event['message']) ?? message;
        usage = asObject(message?.['usage']) ?? usage;
      } else if (event['type'] === 'message_delta') {
        const update = asObject(event['usage']);
        if (update !== undefined) {
          usage = mergeStated(usage, update);
          complete = true;
        }
        stopReason = at(event, 'delta', 'stop_reason') ?? stopReason;
        container = at(event, 'delta', 'container') ?? container;
      }
    },
    finish: () =>
      message === undefined && usage === undefined
        ? undefined
        : readMessage({
            ...message,
            usage,
            stop_reason: stopReason,
            ...(container === undefined ? {} : { container }),
          }),
    outputCharacters: () => characters,
    isComplete: () => complete,
  };
}

/** Later counts replace earlier ones; a field that is absent or null says nothing. */
function mergeStated(before: JsonObject | undefined, update: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(update)) if (value !== null && value !== undefined) merged[name] = value;
  return merged;
}

/** Anthropic messages. */
export const MESSAGES: ApiFamily = { apis: ['messages'], read: readMessage, fold: foldMessages };
