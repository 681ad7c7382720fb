import type { ApiFamily, StreamFold } from './api-family.js';
import type { UsageBucket } from '../usage.js';
import { catalogueIdsOf } from '../providers.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readMedia } from './media-usage.js';
import { readReportedCost } from './reported-cost.js';
import { readServiceTier } from './service-tier.js';
import { countUsage } from './token-totals.js';
import { responseCountsUnknown } from './unknown-counts.js';
import { usageReading, type NotCounted, type UsageReading } from './usage-reading.js';
import { countXaiTools, type XaiTools } from './xai-tools.js';

/** Tool calls of a response that are billed by the call, by the type of the output item. */
const FEE_OF_ITEM: ReadonlyMap<string, 'web_search' | 'file_search'> = new Map([
  ['web_search_call', 'web_search'],
  ['file_search_call', 'file_search'],
]);

/** Web search bills the search itself; opening a page or finding text in it is part of it. */
function isBilledItem(item: JsonObject): boolean {
  const action = asText(at(item, 'action', 'type'));
  return action === undefined || action === 'search';
}

/** The container of the provider's that a call ran code or commands in; undefined: none, or one's own machine. */
function containerOf(item: JsonObject): string | undefined {
  if (item['type'] === 'code_interpreter_call') return asText(item['container_id']) ?? '';
  return item['type'] === 'shell_call' ? asText(at(item, 'environment', 'container_id')) : undefined;
}

/** A container is billed once, however many calls ran in it. */
function countContainers(items: readonly JsonObject[]): number {
  return new Set(items.map(containerOf).filter((id) => id !== undefined)).size;
}

function itemsOf(body: JsonObject): readonly JsonObject[] {
  return asList(body['output'])
    .map(asObject)
    .filter((item) => item !== undefined);
}

function countFees(
  body: JsonObject,
  provider: string,
  items: readonly JsonObject[],
): Partial<Record<UsageBucket, unknown>> {
  const counted = { web_search: 0, file_search: 0, code_execution: countContainers(items) };
  for (const item of items) {
    const fee = FEE_OF_ITEM.get(asText(item['type']) ?? '');
    if (fee !== undefined && isBilledItem(item)) counted[fee] += 1;
  }
  // Newer answers count the searches that are billed themselves.
  const { web_search: found, ...others } = counted;
  const searches = at(body, 'tool_usage', 'web_search', 'num_requests') ?? found;
  return { ...others, [searchesByPreview(body, provider) ? 'request' : 'web_search']: searches };
}

/**
 * Whether searches of the web are those of the tool's preview, which have a price of their own by the model: the tools of an
 * answer or a request name it (`web_search_preview`, `web_search_preview_2025_03_11`) and not the one that followed. Azure's
 * search by either is Bing's.
 */
function searchesByPreview(body: JsonObject, provider: string): boolean {
  const types = asList(body['tools']).map((tool) => asText(asObject(tool)?.['type']) ?? '');
  const isPreview = (type: string): boolean => type.startsWith('web_search_preview');
  if (!types.some(isPreview) || !catalogueIdsOf(provider).includes('openai')) return false;
  return !types.some((type) => type.startsWith('web_search') && !isPreview(type));
}

/** Counts searches as those of the preview where only the request says that they are. */
export function withRequestTools(
  reading: UsageReading,
  provider: string,
  request: JsonObject | undefined,
): UsageReading {
  const { web_search: searches, ...usage } = reading.usage;
  if (searches === undefined || request === undefined || !searchesByPreview(request, provider)) return reading;
  return { ...reading, usage: { ...usage, request: searches } };
}

/** The tool of a type as the answer repeats it from the request. */
function toolOf(body: JsonObject, type: string): JsonObject | undefined {
  return asList(body['tools'])
    .map(asObject)
    .find((tool) => tool?.['type'] === type);
}

/** Images that a tool made, billed by the tokens of the tool's own model; `''` where the answer does not name it. */
function readMadeImages(body: JsonObject): UsageReading[] {
  const usage = asObject(at(body, 'tool_usage', 'image_gen'));
  if (usage === undefined) return [];
  const model = asText(toolOf(body, 'image_generation')?.['model']);
  const reading = readMedia({ usage, model }, true);
  const isEmpty = reading.quality === 'reported' && Object.keys(reading.usage).length === 0;
  return isEmpty || reading.quality === 'missing' ? [] : [{ ...reading, requestModel: model ?? '' }];
}

/** What was billed and the answer does not count; a reported cost has all in it. */
function notCountedOf(body: JsonObject, items: readonly JsonObject[], xai: XaiTools | undefined): NotCounted[] {
  const isMade =
    Number(at(body, 'usage', 'server_side_tool_usage_details', 'image_generation_calls')) > 0 ||
    items.some((item) => item['type'] === 'image_generation_call' && item['status'] !== 'failed');
  const memory = asText(at(toolOf(body, 'code_interpreter'), 'container', 'memory_limit')) ?? '1g';
  const hasUnpriced = xai?.hasUnpriced ?? (hasPaidTools(body) || items.some(isUnpricedItem));
  return [
    ...(isMade && at(body, 'tool_usage', 'image_gen') === undefined ? (['image_generation'] as const) : []),
    ...(xai === undefined && memory !== '1g' && countContainers(items) > 0 ? (['container_memory'] as const) : []),
    ...(hasUnpriced ? (['server_tools'] as const) : []),
  ];
}

/** Items of calls that are counted, cost their tokens alone, or that the application answers. */
const PLAIN_CALLS: ReadonlySet<string> = new Set([
  ...FEE_OF_ITEM.keys(),
  'code_interpreter_call',
  'image_generation_call',
  'function_call',
  'custom_tool_call',
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'mcp_call',
  'tool_search_call',
]);

/** What Perplexity's tools leave in the output, where it reports no cost. */
const PERPLEXITY_RESULTS: ReadonlySet<string> = new Set([
  'search_results',
  'fetch_url_results',
  'people_search_results',
  'finance_results',
]);

/** Whether an item is of a tool of the provider's whose price is not known: Bing's and SharePoint's of Azure, a new one. */
function isUnpricedItem(item: JsonObject): boolean {
  const type = asText(item['type']) ?? '';
  if (PERPLEXITY_RESULTS.has(type) || type.startsWith('openrouter:')) return true;
  return type.endsWith('_call') && !PLAIN_CALLS.has(type) && item['status'] !== 'failed';
}

/** Whether the usage itself says that tools ran which have a price: Perplexity's. */
function hasPaidTools(body: JsonObject): boolean {
  const details = asObject(at(body, 'usage', 'tool_calls_details'));
  return details !== undefined && Object.keys(details).length > 0;
}

/** Why the response ended: the reason it is incomplete, else its status. */
function finishReasons(body: JsonObject): readonly string[] {
  const reason = asText(at(body, 'incomplete_details', 'reason')) ?? asText(body['status']);
  return reason === undefined ? [] : [reason];
}

/** Reads a response object, whole or as it came inside a stream event. */
function readResponse(body: JsonObject, provider: string): UsageReading {
  const usage = asObject(body['usage']);
  const items = itemsOf(body);
  const input = asObject(usage?.['input_tokens_details']);
  const output = asObject(usage?.['output_tokens_details']);
  const xai = countXaiTools(body, usage, provider);
  const counted = countUsage({
    input: usage?.['input_tokens'],
    output: usage?.['output_tokens'],
    total: usage?.['total_tokens'],
    inputParts: {
      cache_read: input?.['cached_tokens'],
      cache_write_5m: input?.['cache_write_tokens'],
      input_audio: input?.['audio_tokens'],
      input_image: input?.['image_tokens'],
    },
    outputParts: {
      reasoning: output?.['reasoning_tokens'],
      output_audio: output?.['audio_tokens'],
      output_image: output?.['image_tokens'],
    },
    fees: usage === undefined ? {} : (xai?.fees ?? countFees(body, provider, items)),
    hasUnknown: responseCountsUnknown(usage, [input, output]),
  });
  const reportedCostPicoUsd = readReportedCost(usage, counted.quality);
  const isWhole = reportedCostPicoUsd !== undefined;
  return usageReading({
    ...counted,
    responseModel: asText(body['model']),
    responseId: asText(body['id']),
    serviceTier: readServiceTier(body['service_tier']),
    finishReasons: finishReasons(body),
    reportedCostPicoUsd,
    beside: isWhole ? [] : readMadeImages(body),
    notCounted: isWhole ? [] : notCountedOf(body, items, xai),
  });
}

/** Folds response events: every one that carries the response replaces the one before, deltas only count characters. */
function foldEvents(provider: string): StreamFold {
  let response: JsonObject | undefined;
  let characters = 0;
  return {
    push(event) {
      const delta = event['delta'];
      if (typeof delta === 'string') characters += delta.length;
      else response = asObject(event['response']) ?? response;
    },
    finish: () => (response === undefined ? undefined : readResponse(response, provider)),
    outputCharacters: () => characters,
    isComplete: () => asObject(response?.['usage']) !== undefined,
  };
}

/** OpenAI responses, and their compaction, which is billed as one. */
export const RESPONSES: ApiFamily = {
  apis: ['responses', 'responses.compact'],
  read: readResponse,
  fold: foldEvents,
};
