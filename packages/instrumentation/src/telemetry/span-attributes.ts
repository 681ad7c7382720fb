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
  ATTR_COSTEL_COST_NOT_COUNTED,
  ATTR_COSTEL_COST_REASON,
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_COST_USD,
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

/** Where attributes go: a span, or what stands for one. Written one by one, for a bag of them would be built anew. */
export interface AttributeTarget {
  setAttribute(name: string, value: AttributeValue): unknown;
}

/** What decides how a call is written down. */
export interface WritingOptions {
  readonly conventions: ConventionsVersion;
  readonly lineItems: boolean;
}

const ATTRIBUTE_OF_BUCKET: Readonly<Record<UsageBucket, string>> = Object.fromEntries(
  USAGE_BUCKETS.map((bucket) => [bucket, ATTR_COSTEL_USAGE_PREFIX + bucket]),
) as Record<UsageBucket, string>;

/** What a bucket adds to, and whether the conventions' own counts tell it. */
interface BucketMeaning {
  readonly side: 'input' | 'output' | 'fee';
  readonly cache: 'read' | 'write' | 'none';
  readonly isConventional: boolean;
}

const CONVENTIONAL_BUCKETS: ReadonlySet<UsageBucket> = new Set([
  'input',
  'cache_read',
  'cache_write_5m',
  'output',
  'reasoning',
]);

const MEANING_OF_BUCKET = Object.fromEntries(
  USAGE_BUCKETS.map((bucket): readonly [UsageBucket, BucketMeaning] => [
    bucket,
    {
      side: INPUT_BUCKETS.includes(bucket) ? 'input' : OUTPUT_BUCKETS.includes(bucket) ? 'output' : 'fee',
      cache: bucket.startsWith('cache_read') ? 'read' : bucket.startsWith('cache_write') ? 'write' : 'none',
      isConventional: CONVENTIONAL_BUCKETS.has(bucket),
    },
  ]),
) as Readonly<Record<UsageBucket, BucketMeaning>>;

/** A usage as the conventions count it. */
export interface TokenSums {
  /** All input tokens, cached ones included. */
  input: number;
  /** All output tokens, reasoning included. */
  output: number;
  cacheRead: number;
  cacheWrite: number;
  /** True when these sums and the reasoning tokens say all there is to say. */
  isConventional: boolean;
}

/** Adds up a usage, e.g. `{ input: 70, cache_read: 30, output: 6, reasoning: 4 }` is an input of 100, an output of 10. */
export function tokenSums(usage: Usage): TokenSums {
  const sums: TokenSums = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, isConventional: true };
  for (const name in usage) {
    const count = usage[name as UsageBucket] ?? 0;
    if (count <= 0) continue;
    const { side, cache, isConventional } = MEANING_OF_BUCKET[name as UsageBucket];
    if (side !== 'fee') sums[side] += count;
    if (cache === 'read') sums.cacheRead += count;
    else if (cache === 'write') sums.cacheWrite += count;
    if (!isConventional) sums.isConventional = false;
  }
  return sums;
}

const PICO_PER_USD_AS_DOUBLE = Number(PICO_PER_USD);

/** Dollars as the double that OpenTelemetry demands; exact to 15 digits, the exact amount is `costel.cost.usd`. */
export function usdEstimate(costPicoUsd: PicoUsd): number {
  return Number(costPicoUsd) / PICO_PER_USD_AS_DOUBLE;
}

/**
 * Whose span it is. On ours the conventions' counts mean what they say; what another emitter counts under these names is
 * a matter of the emitter, so there our buckets always stand beside them.
 */
export type SpanOwner = 'costel' | 'other';

/** Everything about a call that is known only at its end. */
export function writeOutcome(
  span: AttributeTarget,
  outcome: CallOutcome,
  writing: WritingOptions,
  owner: SpanOwner,
): void {
  writeReading(span, outcome.reading, writing, owner);
  writePrice(span, outcome.price, writing);
  if (outcome.errorType !== undefined) span.setAttribute(ATTR_ERROR_TYPE, outcome.errorType);
  if (outcome.httpStatus !== undefined) span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, outcome.httpStatus);
  if (outcome.streamEnd !== undefined) span.setAttribute(ATTR_COSTEL_STREAM_END, outcome.streamEnd);
  if (outcome.timeToFirstChunkSeconds !== undefined)
    span.setAttribute(ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, outcome.timeToFirstChunkSeconds);
  if (outcome.clockOffsetMs !== undefined) span.setAttribute(ATTR_COSTEL_CLOCK_OFFSET_MS, outcome.clockOffsetMs);
}

function writeReading(span: AttributeTarget, reading: UsageReading, writing: WritingOptions, owner: SpanOwner): void {
  const { responseModel, responseId, finishReasons, serviceTier, region } = reading;
  if (responseModel !== undefined) span.setAttribute(ATTR_GEN_AI_RESPONSE_MODEL, responseModel);
  if (responseId !== undefined) span.setAttribute(ATTR_GEN_AI_RESPONSE_ID, responseId);
  if (finishReasons.length > 0) span.setAttribute(ATTR_GEN_AI_RESPONSE_FINISH_REASONS, [...finishReasons]);
  if (serviceTier !== '') span.setAttribute(ATTR_COSTEL_SERVICE_TIER, serviceTier);
  if (region !== '') span.setAttribute(ATTR_COSTEL_REGION, region);
  if (reading.notCounted !== undefined) span.setAttribute(ATTR_COSTEL_COST_NOT_COUNTED, [...reading.notCounted]);
  span.setAttribute(ATTR_COSTEL_USAGE_QUALITY, reading.quality);
  if (reading.quality !== 'missing') writeUsage(span, reading.usage, writing, owner);
}

/**
 * Token totals under the conventions' names, and where these do not tell all (modalities, lifetimes of caches, counted
 * fees) each non-zero bucket under ours. Fewer attributes matter: from 20 on V8 keeps them in a hash table.
 */
function writeUsage(span: AttributeTarget, usage: Usage, writing: WritingOptions, owner: SpanOwner): void {
  const { input, output, cacheRead, cacheWrite, isConventional } = tokenSums(usage);
  span.setAttribute(ATTR_GEN_AI_USAGE_INPUT_TOKENS, input);
  span.setAttribute(ATTR_GEN_AI_USAGE_OUTPUT_TOKENS, output);
  if (cacheRead > 0) span.setAttribute(ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, cacheRead);
  if (cacheWrite > 0) span.setAttribute(CONVENTIONS[writing.conventions].cacheWriteInputTokens, cacheWrite);
  const reasoning = usage.reasoning ?? 0;
  if (reasoning > 0) span.setAttribute(ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, reasoning);
  if (isConventional && owner === 'costel') return;
  for (const bucket of USAGE_BUCKETS) {
    const count = usage[bucket] ?? 0;
    if (count > 0) span.setAttribute(ATTRIBUTE_OF_BUCKET[bucket], count);
  }
}

/** Cost or the reason why there is none. */
export function writePrice(span: AttributeTarget, price: PricedCall, writing: WritingOptions): void {
  span.setAttribute(ATTR_COSTEL_COST_STATUS, price.status);
  if (price.reason !== undefined) span.setAttribute(ATTR_COSTEL_COST_REASON, price.reason);
  if (price.costPicoUsd === undefined) return;
  span.setAttribute(ATTR_COSTEL_COST_USD, formatPicoUsd(price.costPicoUsd));
  span.setAttribute(ATTR_GEN_AI_USAGE_COST_AMOUNT, usdEstimate(price.costPicoUsd));
  span.setAttribute(ATTR_GEN_AI_USAGE_COST_CURRENCY, 'USD');
  span.setAttribute(ATTR_GEN_AI_USAGE_COST_SOURCE, price.priceSource === 'provider' ? 'provider' : 'local');
  if (writing.lineItems && price.lineItems.length > 0)
    span.setAttribute(ATTR_COSTEL_COST_LINE_ITEMS, lineItemsJson(price.lineItems));
}

/** Put together by hand: names and decimals need no escaping, and this runs for every call. */
function lineItemsJson(items: readonly LineItem[]): string {
  let json = '';
  for (const { bucket, quantity, unitPricePicoUsd, costPicoUsd } of items) {
    const { beforeQuantity, beforeCost } = textsOf(bucket, unitPricePicoUsd);
    json += `${json === '' ? '[' : ','}${beforeQuantity}${quantity}${beforeCost}${formatPicoUsd(costPicoUsd)}"}`;
  }
  return `${json}]`;
}

/** What is the same in all line items of a bucket at a price. */
interface LineItemTexts {
  readonly price: PicoUsd;
  readonly beforeQuantity: string;
  readonly beforeCost: string;
}

/** Of each bucket those of the last price: calls of one model follow each other, and this halves the 0.6 µs of the text. */
const lastTexts = new Map<UsageBucket, LineItemTexts>();

function textsOf(bucket: UsageBucket, price: PicoUsd): LineItemTexts {
  const last = lastTexts.get(bucket);
  if (last?.price === price) return last;
  const texts = {
    price,
    beforeQuantity: `{"bucket":"${bucket}","quantity":`,
    beforeCost: `,"unit_price_usd":"${formatPicoUsd(price)}","cost_usd":"`,
  };
  lastTexts.set(bucket, texts);
  return texts;
}
