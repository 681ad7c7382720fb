import type { PicoUsd } from '../pico-usd.js';
import type { Usage, UsageQuality } from '../usage.js';

/**
 * What a call was billed for besides what its answer counts, so that no cost holds it:
 *
 * | code | of | why |
 * |---|---|---|
 * | `container_hours` | Anthropic's containers that ran code | billed by the hour beyond an account's free ones; answers name a container and no time |
 * | `container_memory` | OpenAI's containers of more than 1 GB | lists have the price of 1 GB alone; that is what is counted |
 * | `image_generation` | images that a model of OpenAI had made by a tool | billed by the tokens of an image model that this answer does not count (`tool_usage`) |
 * | `server_tools` | tools that the provider ran: searches and the like | no list has their price, or answers do not count what is billed of them |
 * | `cache_extension` | caches of Gemini whose life was changed | answers state the new end alone; what they cost as created is counted there |
 */
export type NotCounted =
  | 'container_hours'
  | 'container_memory'
  | 'image_generation'
  | 'server_tools'
  | 'cache_extension';

/** What a provider's answer says about its own cost: everything that a price depends on, and nothing of its content. */
export interface UsageReading {
  readonly usage: Usage;
  readonly quality: UsageQuality;
  readonly responseModel?: string;
  /** The model that was asked for, where it is not the call's own (a part by another model); `''`: nobody says which. */
  readonly requestModel?: string;
  readonly responseId?: string;
  /** As stated by the response: `''` (standard or not stated), `batch`, `flex`, `priority`, `fast`, … */
  readonly serviceTier: string;
  /** Region where it changes the price (e.g. `us` from Anthropic's `inference_geo`), else `''`. */
  readonly region: string;
  readonly finishReasons: readonly string[];
  /** The cost as the provider itself reported it, in pico-dollars. */
  readonly reportedCostPicoUsd?: PicoUsd;
  /**
   * The calls of the model that `usage` adds up, where the price depends on the context of each; their tokens are those of
   * `usage`, fees apart. Absent: one call, or a sum that costs the same.
   */
  readonly iterations?: readonly Usage[];
  /** Parts of the call that are billed beside these counts, each at the price of its own model; absent: none. */
  readonly beside?: readonly UsageReading[];
  /** What was billed and is not in the counts; absent: nothing that is known of. */
  readonly notCounted?: readonly NotCounted[];
}

/** The parts of a reading that a family fills in; the rest has the values of an answer that states nothing. */
export function usageReading(parts: Partial<{ [K in keyof UsageReading]: UsageReading[K] | undefined }>): UsageReading {
  const { usage, quality, responseModel, requestModel, responseId, serviceTier, region, finishReasons } = parts;
  const { reportedCostPicoUsd, iterations, beside, notCounted } = parts;
  const reading: { -readonly [K in keyof UsageReading]: UsageReading[K] } = {
    usage: usage ?? {},
    quality: quality ?? 'missing',
    serviceTier: serviceTier ?? '',
    region: region ?? '',
    finishReasons: finishReasons ?? [],
  };
  if (responseModel !== undefined) reading.responseModel = responseModel;
  if (requestModel !== undefined) reading.requestModel = requestModel;
  if (responseId !== undefined) reading.responseId = responseId;
  if (reportedCostPicoUsd !== undefined) reading.reportedCostPicoUsd = reportedCostPicoUsd;
  if (iterations !== undefined) reading.iterations = iterations;
  if (beside !== undefined && beside.length > 0) reading.beside = beside;
  if (notCounted !== undefined && notCounted.length > 0) reading.notCounted = notCounted;
  return reading;
}
