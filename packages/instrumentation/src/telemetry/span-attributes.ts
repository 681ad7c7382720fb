import {
  formatPicoUsd,
  INPUT_BUCKETS,
  OUTPUT_BUCKETS,
  PICO_PER_USD,
  USAGE_BUCKETS,
  type LineItem,
  type PicoUsd,
  type PricedCall,
  type Usage,
  type UsageBucket,
  type UsageReading,
} from '@costel/pricing';
import {
  ATTR_COSTEL_CLOCK_OFFSET_MS,
  ATTR_COSTEL_COST_LINE_ITEMS,
  ATTR_COSTEL_COST_REASON,
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_COST_USD,
  ATTR_COSTEL_PRICE_AS_OF,
  ATTR_COSTEL_REGION,
  ATTR_COSTEL_SERVICE_TIER,
  ATTR_COSTEL_STREAM_END,
  ATTR_COSTEL_USAGE_PREFIX,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_COST_AMOUNT,
  ATTR_GEN_AI_USAGE_COST_CURRENCY,
  ATTR_GEN_AI_USAGE_COST_SOURCE,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  CONVENTIONS,
  type ConventionsVersion,
} from '@costel/semconv';
import type { AttributeValue } from '@opentelemetry/api';
import type { CallOutcome } from './call-outcome.js';

/** Attributes while they are being collected; handed to the span in one call, which costs less than one by one. */
export type AttributeBag = Record<string, AttributeValue>;

/** What decides how a call is written down. */
export interface WritingOptions {
  readonly conventions: ConventionsVersion;
  readonly lineItems: boolean;
}

const ATTRIBUTE_OF_BUCKET: Readonly<Record<UsageBucket, string>> = Object.fromEntries(
  USAGE_BUCKETS.map((bucket) => [bucket, ATTR_COSTEL_USAGE_PREFIX + bucket]),
) as Record<UsageBucket, string>;

const CACHE_READ_BUCKETS: readonly UsageBucket[] = ['cache_read', 'cache_read_audio', 'cache_read_image'];
const CACHE_WRITE_BUCKETS: readonly UsageBucket[] = ['cache_write_5m', 'cache_write_1h'];

/** The sum of some buckets of a usage, e.g. all input tokens. */
export function sumOf(usage: Usage, buckets: readonly UsageBucket[]): number {
  let sum = 0;
  for (const bucket of buckets) sum += usage[bucket] ?? 0;
  return sum;
}

/** Dollars as the double that OpenTelemetry demands; exact to 15 digits, the exact amount is `costel.cost.usd`. */
export function usdEstimate(costPicoUsd: PicoUsd): number {
  return Number(costPicoUsd) / Number(PICO_PER_USD);
}

/** Everything about a call that is known only at its end. */
export function outcomeAttributes(outcome: CallOutcome, writing: WritingOptions): AttributeBag {
  const attributes: AttributeBag = {};
  writeReading(attributes, outcome.reading, writing);
  writePrice(attributes, outcome.price, writing);
  if (outcome.errorType !== undefined) attributes[ATTR_ERROR_TYPE] = outcome.errorType;
  if (outcome.httpStatus !== undefined) attributes[ATTR_HTTP_RESPONSE_STATUS_CODE] = outcome.httpStatus;
  if (outcome.streamEnd !== undefined) attributes[ATTR_COSTEL_STREAM_END] = outcome.streamEnd;
  if (outcome.timeToFirstChunkSeconds !== undefined)
    attributes[ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] = outcome.timeToFirstChunkSeconds;
  if (outcome.clockOffsetMs !== undefined) attributes[ATTR_COSTEL_CLOCK_OFFSET_MS] = outcome.clockOffsetMs;
  return attributes;
}

function writeReading(attributes: AttributeBag, reading: UsageReading, writing: WritingOptions): void {
  const { responseModel, responseId, finishReasons, serviceTier, region } = reading;
  if (responseModel !== undefined) attributes[ATTR_GEN_AI_RESPONSE_MODEL] = responseModel;
  if (responseId !== undefined) attributes[ATTR_GEN_AI_RESPONSE_ID] = responseId;
  if (finishReasons.length > 0) attributes[ATTR_GEN_AI_RESPONSE_FINISH_REASONS] = [...finishReasons];
  if (serviceTier !== '') attributes[ATTR_COSTEL_SERVICE_TIER] = serviceTier;
  if (region !== '') attributes[ATTR_COSTEL_REGION] = region;
  attributes[ATTR_COSTEL_USAGE_QUALITY] = reading.quality;
  if (reading.quality !== 'missing') writeUsage(attributes, reading.usage, writing);
}

/** Token totals under the conventions' names, and each non-zero bucket under ours. */
export function writeUsage(attributes: AttributeBag, usage: Usage, writing: WritingOptions): void {
  attributes[ATTR_GEN_AI_USAGE_INPUT_TOKENS] = sumOf(usage, INPUT_BUCKETS);
  attributes[ATTR_GEN_AI_USAGE_OUTPUT_TOKENS] = sumOf(usage, OUTPUT_BUCKETS);
  const cacheRead = sumOf(usage, CACHE_READ_BUCKETS);
  if (cacheRead > 0) attributes[ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS] = cacheRead;
  const cacheWrite = sumOf(usage, CACHE_WRITE_BUCKETS);
  if (cacheWrite > 0) attributes[CONVENTIONS[writing.conventions].cacheWriteInputTokens] = cacheWrite;
  const reasoning = usage.reasoning ?? 0;
  if (reasoning > 0) attributes[ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS] = reasoning;
  for (const bucket of USAGE_BUCKETS) {
    const count = usage[bucket] ?? 0;
    if (count > 0) attributes[ATTRIBUTE_OF_BUCKET[bucket]] = count;
  }
}

/** Cost or the reason why there is none. */
export function writePrice(attributes: AttributeBag, price: PricedCall, writing: WritingOptions): void {
  attributes[ATTR_COSTEL_COST_STATUS] = price.status;
  if (price.reason !== undefined) attributes[ATTR_COSTEL_COST_REASON] = price.reason;
  if (price.costPicoUsd === undefined) return;
  attributes[ATTR_COSTEL_COST_USD] = formatPicoUsd(price.costPicoUsd);
  attributes[ATTR_GEN_AI_USAGE_COST_AMOUNT] = usdEstimate(price.costPicoUsd);
  attributes[ATTR_GEN_AI_USAGE_COST_CURRENCY] = 'USD';
  attributes[ATTR_GEN_AI_USAGE_COST_SOURCE] = price.priceSource === 'provider' ? 'provider' : 'local';
  if (price.priceAsOf !== undefined) attributes[ATTR_COSTEL_PRICE_AS_OF] = price.priceAsOf;
  if (writing.lineItems && price.lineItems.length > 0) {
    attributes[ATTR_COSTEL_COST_LINE_ITEMS] = `[${price.lineItems.map(lineItemJson).join(',')}]`;
  }
}

/** Put together by hand: names and decimals need no escaping, and this runs for every call. */
function lineItemJson({ bucket, quantity, unitPricePicoUsd, costPicoUsd }: LineItem): string {
  const unitPrice = unitPriceText(unitPricePicoUsd);
  return `{"bucket":"${bucket}","quantity":${quantity},"unit_price_usd":"${unitPrice}","cost_usd":"${formatPicoUsd(costPicoUsd)}"}`;
}

/** Unit prices are few; above this the map is emptied rather than grown. */
const MAX_CACHED_PRICES = 1000;
const textByPrice = new Map<PicoUsd, string>();

function unitPriceText(price: PicoUsd): string {
  let text = textByPrice.get(price);
  if (text === undefined) {
    text = formatPicoUsd(price);
    if (textByPrice.size >= MAX_CACHED_PRICES) textByPrice.clear();
    textByPrice.set(price, text);
  }
  return text;
}
