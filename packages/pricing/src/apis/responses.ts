import type { ApiFamily, StreamFold } from './api-family.js';
import type { UsageBucket } from '../usage.js';
import { asList, asObject, asText, at, type JsonObject } from './json.js';
import { readReportedCost } from './reported-cost.js';
import { readServiceTier } from './service-tier.js';
import { countUsage } from './token-totals.js';
import { usageReading, type UsageReading } from './usage-reading.js';

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

/** A container that code ran in is billed once, however many calls ran in it. */
function countContainers(items: readonly (JsonObject | undefined)[]): number {
  const calls = items.filter((item) => item?.['type'] === 'code_interpreter_call');
  return new Set(calls.map((call) => asText(call?.['container_id']) ?? '')).size;
}

function countFees(output: unknown): Partial<Record<UsageBucket, number>> {
  const items = asList(output).map(asObject);
  const fees = { web_search: 0, file_search: 0, code_execution: countContainers(items) };
  for (const item of items) {
    const fee = FEE_OF_ITEM.get(asText(item?.['type']) ?? '');
    if (item !== undefined && fee !== undefined && isBilledItem(item)) fees[fee] += 1;
  }
  return fees;
}

/** Why the response ended: the reason it is incomplete, else its status. */
function finishReasons(body: JsonObject): readonly string[] {
  const reason = asText(at(body, 'incomplete_details', 'reason')) ?? asText(body['status']);
  return reason === undefined ? [] : [reason];
}

/** Reads a response object, whole or as it came inside a stream event. */
function readResponse(body: JsonObject): UsageReading {
  const usage = asObject(body['usage']);
  const input = asObject(usage?.['input_tokens_details']);
  const output = asObject(usage?.['output_tokens_details']);
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
    fees: usage === undefined ? {} : countFees(body['output']),
  });
  return usageReading({
    ...counted,
    responseModel: asText(body['model']),
    responseId: asText(body['id']),
    serviceTier: readServiceTier(body['service_tier']),
    finishReasons: finishReasons(body),
    reportedCostPicoUsd: readReportedCost(usage, counted.quality),
  });
}

/** Folds response events: every one that carries the response replaces the one before, deltas only count characters. */
function foldEvents(): StreamFold {
  let response: JsonObject | undefined;
  let characters = 0;
  return {
    push(event) {
      const delta = event['delta'];
      if (typeof delta === 'string') characters += delta.length;
      else response = asObject(event['response']) ?? response;
    },
    finish: () => (response === undefined ? undefined : readResponse(response)),
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
