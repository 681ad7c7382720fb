import {
  ATTR_COSTEL_CLOCK_OFFSET_MS,
  ATTR_COSTEL_COST_KIND,
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_COST_USD,
  ATTR_COSTEL_REGION,
  ATTR_COSTEL_SERVICE_TIER,
  ATTR_COSTEL_TAG_PREFIX,
  ATTR_COSTEL_USAGE_PREFIX,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_USAGE_COST_AMOUNT,
  ATTR_GEN_AI_USAGE_COST_CURRENCY,
  ATTR_GEN_AI_USAGE_COST_SOURCE,
} from '@costel/semconv';
import { MAX_BUCKET_COUNT, USAGE_BUCKETS } from '@costel/pricing';
import {
  ATTRIBUTION_ATTRIBUTES,
  DIALECT_COUNTS,
  EXCLUSIVE_EMITTERS,
  OPENINFERENCE_OPERATIONS,
  OPERATIONS_WITHOUT_COST,
  PROVIDER_NAMES,
  SERVICE_TIER_ATTRIBUTES,
  STANDARD_TIERS,
  TEXT_ATTRIBUTES,
} from './attribute-table.js';
import { BUCKET_COUNT, USAGE_COLUMNS } from './buckets.js';
import { LEDGER_COLUMNS } from './ledger-columns.js';
import { PRICE_RESULTS, priceStages } from './price-stages.js';
import { indent, selectList, sqlString, sqlStrings } from './sql-text.js';

/*
 * The SELECT that turns spans into ledger rows. It is TOTAL: no string in a span may make it throw, for a view that
 * throws stops the collector for ever, and an ignored error loses the whole block. Hence only …OrNull casts, capped
 * ranges, Decimal(38, 12), arrays resized before they are walked together.
 */

/** Characters kept of a text that becomes a dimension; longer ones are cut. */
const MAX_TEXT_CHARACTERS = 256;
/** A start this far ahead of its receipt is a wrong clock, not a late span (also the least offset that is applied). */
const CLOCK_TOLERANCE_MS = 300_000;
/** A start this far behind its receipt is a wrong clock. */
const MAX_LATENESS_MS = 400 * 86_400_000;
/** 2100-01-01 less a millisecond: dates of keys and partitions stay in [1970, 2100). */
const MAX_INSTANT_MS = 4_102_444_799_999;
/** 2^48: versions are revision * 2^48 + (2^48 - 1 - receipt), so within a revision the first receipt wins. */
export const REVISION_STEP = 281_474_976_710_656n;
/** Dollars above which a stated cost is not believed. */
const MAX_STATED_COST_USD = 1_000_000_000;

/** What the stages carry along of a span. */
const SPAN_COLUMNS = [
  'Timestamp',
  'TraceId',
  'SpanId',
  'ParentSpanId',
  'SpanName',
  'ServiceName',
  'ScopeName',
  'Duration',
  'StatusCode',
  'SpanAttributes',
  'ResourceAttributes',
  'ReceivedAt',
].join(', ');

const spanAttribute = (name: string): string => `SpanAttributes[${sqlString(name)}]`;
const resourceAttribute = (name: string): string => `ResourceAttributes[${sqlString(name)}]`;

/** The first text that is not empty. Written so that each candidate stands in the statement once: planning is dear. */
function firstText(candidates: readonly string[]): string {
  if (candidates.length === 1) return candidates[0] ?? "''";
  return `arrayFirst(text -> text != '', [${candidates.join(', ')}])`;
}

/** Cut and made valid UTF-8, so that every reader can show it and a JSON answer stays JSON. */
function cleanText(expression: string): string {
  return `toValidUTF8(leftUTF8(${expression}, ${MAX_TEXT_CHARACTERS}))`;
}

/** Dollars of a decimal or floating text, rounded to the pico-dollar; NULL when it is none or absurd. */
function dollarsOf(text: string): string {
  const rounded = `round(toDecimal256OrNull(${text}, 30), 12)`;
  return `if(${rounded} >= 0 AND ${rounded} <= ${MAX_STATED_COST_USD}, toDecimal128OrNull(toString(${rounded}), 12), NULL)`;
}

const milliseconds = (expression: string): string =>
  `fromUnixTimestamp64Milli(least(greatest(${expression}, toInt64(0)), toInt64(${MAX_INSTANT_MS})), 'UTC')`;

function operationText(): string {
  const kind = spanAttribute('openinference.span.kind');
  const names = sqlStrings(Object.keys(OPENINFERENCE_OPERATIONS));
  const operations = sqlStrings(Object.values(OPENINFERENCE_OPERATIONS));
  return firstText([
    ...TEXT_ATTRIBUTES.operation.map(spanAttribute),
    `transform(${kind}, ${names}, ${operations}, '')`,
    spanAttribute(ATTR_COSTEL_COST_KIND),
  ]);
}

/** Stage 1: counts as texts, and what tells a billable item. */
function readStage(source: string, where: string): string {
  return `SELECT
    ${SPAN_COLUMNS},
    ${selectList({
      own_counts: `[${USAGE_BUCKETS.map((bucket) => spanAttribute(ATTR_COSTEL_USAGE_PREFIX + bucket)).join(', ')}]`,
      dialect_counts: `[${Object.values(DIALECT_COUNTS)
        .map((names) => firstText(names.map(spanAttribute)))
        .join(', ')}]`,
      operation_text: operationText(),
      cost_kind: `leftUTF8(toValidUTF8(${spanAttribute(ATTR_COSTEL_COST_KIND)}), 64)`,
      span_cost_status: spanAttribute(ATTR_COSTEL_COST_STATUS),
    })}
FROM ${source}
WHERE ${where}`;
}

/** Stage 2: the billable items, their counts as numbers (-1 for what is no count), and who they are from. */
function countStage(spans: string): string {
  const withoutCost = OPERATIONS_WITHOUT_COST.map(sqlString).join(', ');
  const hasText = (counts: string) => `arrayExists(text -> text != '', ${counts})`;
  return `SELECT
    *,
    ${selectList({
      has_own_usage: hasText('own_counts'),
      has_dialect_usage: hasText('dialect_counts'),
      parsed: `arrayMap(
        text -> if(text = '', toInt64(0), ifNull(accurateCastOrNull(toFloat64OrNull(text), 'Int64'), toInt64(-1))),
        if(has_own_usage, own_counts, dialect_counts)
    )`,
      provider_text: `lowerUTF8(${firstText(TEXT_ATTRIBUTES.provider.map(spanAttribute))})`,
      start_ms: 'intDiv(toUnixTimestamp64Nano(Timestamp), 1000000)',
      received_ms: `least(greatest(toUnixTimestamp64Milli(ReceivedAt), toInt64(0)), toInt64(${MAX_INSTANT_MS}))`,
      clock_offset_ms: `ifNull(accurateCastOrNull(toFloat64OrNull(${spanAttribute(ATTR_COSTEL_CLOCK_OFFSET_MS)}), 'Int64'), 0)`,
      is_id_missing: "[trim(BOTH '0' FROM TraceId) = '', trim(BOTH '0' FROM SpanId) = '']",
    })}
FROM (
    ${indent(spans)}
)
WHERE has_own_usage
    OR has_dialect_usage
    OR cost_kind != ''
    OR span_cost_status != ''
    OR ${spanAttribute(ATTR_GEN_AI_USAGE_COST_AMOUNT)} != ''
    OR (operation_text != '' AND operation_text NOT IN (${withoutCost}) AND position(operation_text, 'memory') = 0)`;
}

/** Stage 3: counts of a foreign span as parts and totals; which of the clocks is believed. */
function partStage(counted: string): string {
  const names = Object.keys(DIALECT_COUNTS);
  const count = (name: keyof typeof DIALECT_COUNTS) => `said[${names.indexOf(name) + 1}]`;
  const text = (name: keyof typeof DIALECT_COUNTS) => `dialect_counts[${names.indexOf(name) + 1}]`;
  const exclusive = EXCLUSIVE_EMITTERS.map(
    ({ scopePrefix, provider }) =>
      `(startsWith(ScopeName, ${sqlString(scopePrefix)}) AND provider_text = ${sqlString(provider)})`,
  ).join(' OR ');
  const known = sqlStrings([
    ...USAGE_BUCKETS.map((bucket) => ATTR_COSTEL_USAGE_PREFIX + bucket),
    ATTR_COSTEL_USAGE_QUALITY,
  ]);
  return `SELECT
    *,
    ${selectList({
      said: 'arrayMap(quantity -> greatest(quantity, toInt64(0)), parsed)',
      // An unknown bucket comes from a newer instrumentation: its price is unknown, so the call's is.
      has_bad_count: `arrayExists(quantity -> quantity < 0 OR quantity > ${MAX_BUCKET_COUNT}, parsed)
        OR arrayExists(name -> startsWith(name, ${sqlString(ATTR_COSTEL_USAGE_PREFIX)}) AND NOT has(${known}, name), mapKeys(SpanAttributes))`,
      written_5m: `greatest(${count('cache_write')}, ${count('cache_write_5m')} + ${count('cache_write_1h')}) - ${count('cache_write_1h')}`,
      input_parts: `[${count('cache_read')}, written_5m, ${count('cache_write_1h')}, ${count('input_audio')}, ${count('input_image')}, ${count('input_video')}]`,
      output_parts: `[${count('reasoning')}, ${count('output_audio')}]`,
      input_total: `multiIf(
        ${text('input')} = '', arraySum(input_parts),
        ${exclusive}, ${count('input')} + ${count('cache_read')} + written_5m + ${count('cache_write_1h')},
        ${count('input')}
    )`,
      output_total: `if(${text('output')} = '', arraySum(output_parts), ${count('output')})`,
      is_offset: `abs(clock_offset_ms) > ${CLOCK_TOLERANCE_MS} AND abs(clock_offset_ms) <= ${MAX_INSTANT_MS}`,
      own_start_ms: 'if(is_offset, start_ms - clock_offset_ms, start_ms)',
      is_start_plausible: `own_start_ms >= received_ms - ${MAX_LATENESS_MS} AND own_start_ms <= received_ms + ${CLOCK_TOLERANCE_MS}`,
    })}
FROM (
    ${indent(counted)}
)`;
}

/** Stage 4: disjoint usage, and what is known of the cost before any price list. */
function callStage(parts: string): string {
  // Parts above their total contradict each other: they are cut in order until they fit, and the row is flagged.
  const clamp = (list: string, total: string) =>
    `arrayMap((part, before) -> greatest(least(part, ${total} - (before - part)), toInt64(0)), ${list}, arrayCumSum(${list}))`;
  const fitted = `SELECT
    *,
    ${selectList({
      fitted_input: clamp('input_parts', 'input_total'),
      fitted_output: clamp('output_parts', 'output_total'),
      contradicts:
        'NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total)',
      stated_quality: spanAttribute(ATTR_COSTEL_USAGE_QUALITY),
      stated_cost_usd: dollarsOf(spanAttribute(ATTR_COSTEL_COST_USD)),
      stated_amount_usd: dollarsOf(spanAttribute(ATTR_GEN_AI_USAGE_COST_AMOUNT)),
    })}
FROM (
    ${indent(parts)}
)`;
  const zeros = (count: number) => Array.from({ length: count }, () => 'toInt64(0)').join(', ');
  const fromProvider = `${spanAttribute(ATTR_GEN_AI_USAGE_COST_SOURCE)} = 'provider' AND upper(${spanAttribute(ATTR_GEN_AI_USAGE_COST_CURRENCY)}) IN ('', 'USD')`;
  const tier = firstText(SERVICE_TIER_ATTRIBUTES.map(spanAttribute));
  const providers = sqlStrings(Object.keys(PROVIDER_NAMES));
  return `SELECT
    *,
    ${selectList({
      provider: cleanText(
        `transform(provider_text, ${providers}, ${sqlStrings(Object.values(PROVIDER_NAMES))}, provider_text)`,
      ),
      request_model: cleanText(firstText(TEXT_ATTRIBUTES.request_model.map(spanAttribute))),
      response_model: cleanText(firstText(TEXT_ATTRIBUTES.response_model.map(spanAttribute))),
      foreign_tier: `lowerUTF8(${tier})`,
      service_tier: cleanText(
        firstText([
          spanAttribute(ATTR_COSTEL_SERVICE_TIER),
          `if(foreign_tier IN (${STANDARD_TIERS.map(sqlString).join(', ')}), '', foreign_tier)`,
        ]),
      ),
      region: cleanText(spanAttribute(ATTR_COSTEL_REGION)),
      counted_at: milliseconds('if(is_start_plausible, own_start_ms, received_ms)'),
      failed: `StatusCode = 'Error' OR ${spanAttribute(ATTR_ERROR_TYPE)} != ''`,
      usage_quality: `multiIf(
        has_bad_count OR contradicts, 'inconsistent',
        stated_quality = 'missing' AND span_cost_status = 'not_billable', 'reported',
        stated_quality IN ('reported', 'estimated', 'missing', 'inconsistent'), stated_quality,
        has_own_usage OR has_dialect_usage OR span_cost_status = 'not_billable', 'reported',
        'missing'
    )`,
      priced_usage: `CAST(multiIf(
        has_bad_count, [${zeros(BUCKET_COUNT)}],
        has_own_usage, arrayResize(said, ${BUCKET_COUNT}, toInt64(0)),
        arrayConcat(
            [input_total - arraySum(fitted_input)], arraySlice(fitted_input, 1, 4), [${zeros(1)}, fitted_input[5], ${zeros(1)}, fitted_input[6]],
            [output_total - arraySum(fitted_output)], fitted_output, [${zeros(4)}]
        )
    ), 'Array(UInt64)')`,
      reported_cost_usd: `if(${fromProvider}, ifNull(stated_cost_usd, stated_amount_usd), NULL)`,
      given_cost_usd: "if(cost_kind != '', ifNull(stated_cost_usd, stated_amount_usd), reported_cost_usd)",
      given_source: "if(cost_kind != '', 'recorded', 'provider')",
    })}
FROM (
    ${indent(fitted)}
)`;
}

/** What the outermost stage makes of a span besides its usage and its price. */
function rowColumns(): Readonly<Record<string, string>> {
  const contentHash =
    'lower(hex(sipHash128(start_ms, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes))))';
  const tags = `mapFilter((name, value) -> startsWith(name, ${sqlString(ATTR_COSTEL_TAG_PREFIX)}) AND value != '', mapUpdate(ResourceAttributes, SpanAttributes))`;
  const errorType = spanAttribute(ATTR_ERROR_TYPE);
  const texts = (['response_id', 'agent', 'conversation'] as const).map((field) => [
    field,
    cleanText(firstText(TEXT_ATTRIBUTES[field].map(spanAttribute))),
  ]);
  const attribution = Object.entries(ATTRIBUTION_ATTRIBUTES).map(([field, names]) => [
    field,
    cleanText(firstText([...names.map(spanAttribute), ...names.map(resourceAttribute)])),
  ]);
  const nanoseconds = `accurateCastOrNull(round(toFloat64OrNull(${spanAttribute(ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)}) * 1000000000), 'UInt64')`;
  return {
    tenant: cleanText(firstText([resourceAttribute('costel.tenant'), "'default'"])),
    started: milliseconds('start_ms'),
    trace_id: `if(is_id_missing[1], ${contentHash}, TraceId)`,
    span_id: `if(is_id_missing[2], ${contentHash}, SpanId)`,
    item: 'toUInt16(0)',
    version: `toUInt64(${REVISION_STEP - 1n} - received_ms)`,
    received_at: `fromUnixTimestamp64Milli(received_ms, 'UTC')`,
    clock_status: "multiIf(NOT is_start_plausible, 'received', is_offset, 'corrected', 'ok')",
    id_status: "if(has(is_id_missing, 1), 'content_hash', 'ok')",
    service: cleanText('ServiceName'),
    operation: cleanText('operation_text'),
    model: 'first_model',
    ...Object.fromEntries(texts),
    ...Object.fromEntries(attribution),
    tags: `mapApply(
        (name, value) -> (toValidUTF8(leftUTF8(substring(name, ${ATTR_COSTEL_TAG_PREFIX.length + 1}), ${MAX_TEXT_CHARACTERS})), ${cleanText('value')}),
        ${tags}
    )`,
    parent_span_id: 'ParentSpanId',
    emitter: cleanText('ScopeName'),
    status: 'lower(StatusCode)',
    error_type: cleanText(`multiIf(${errorType} != '', ${errorType}, StatusCode = 'Error', '_OTHER', '')`),
    duration_ns: `if(Duration > ${MAX_LATENESS_MS}000000, toUInt64(0), Duration)`,
    time_to_first_chunk_ns: `if(${nanoseconds} < 86400000000000, ${nanoseconds}, NULL)`,
    own_usage: 'priced_usage',
    app_cost_usd: 'stated_cost_usd',
    counted: 'toUInt8(1)',
    verdict: "'counted'",
    ...Object.fromEntries(USAGE_COLUMNS.map((column, index) => [column, `priced_usage[${index + 1}]`])),
    ...PRICE_RESULTS,
  };
}

/** Which spans become rows, and from where. */
export interface LedgerSelectOptions {
  readonly database: string;
  /** A condition over the columns of `otel_traces`, with typed placeholders; everything by default. */
  readonly where?: string;
}

/** The statement that derives ledger rows (`LEDGER_COLUMNS`, in order) from spans. */
export function ledgerSelect({ database, where = '1' }: LedgerSelectOptions): string {
  const spans = countStage(readStage(`${database}.otel_traces`, where));
  const priced = priceStages(database, callStage(partStage(spans)));
  const derived = rowColumns();
  return `SELECT
    ${selectList(Object.fromEntries(LEDGER_COLUMNS.map((column) => [`\`${column}\``, derived[column] ?? `\`${column}\``])))}
FROM (
    ${indent(priced)}
)`;
}
