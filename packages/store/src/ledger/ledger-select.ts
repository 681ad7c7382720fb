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
import { priceStages } from './price-stages.js';
import { indent, selectList, sqlString, sqlStrings } from './sql-text.js';

/*
 * The SELECT that turns spans into ledger rows. It is TOTAL: no string in a span may make it throw, for a view that
 * throws stops the collector for ever, and an ignored error loses the whole block. Hence only …OrNull casts, capped
 * ranges, Decimal(38, 12), arrays resized before they are walked together.
 */

/** Characters kept of a text that becomes a dimension; longer ones are cut. */
const MAX_TEXT_CHARACTERS = 256;
/** Tags kept of one call. */
const MAX_TAGS = 32;
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

const spanAttribute = (name: string): string => `SpanAttributes[${sqlString(name)}]`;
const resourceAttribute = (name: string): string => `ResourceAttributes[${sqlString(name)}]`;

function firstText(candidates: readonly string[]): string {
  if (candidates.length === 1) return candidates[0] ?? "''";
  return `multiIf(${candidates.map((text) => `${text} != '', ${text}`).join(', ')}, '')`;
}

/** Cut and made valid UTF-8, so that every reader can show it and a JSON answer stays JSON. */
function cleanText(expression: string): string {
  return `toValidUTF8(leftUTF8(${expression}, ${MAX_TEXT_CHARACTERS}))`;
}

/** A whole count in [0, 10^9], or -1 for any other text; 0 for none. */
function countOf(text: string): string {
  return `if(${text} = '', toInt64(0), ifNull(accurateCastOrNull(toFloat64OrNull(${text}), 'Int64'), toInt64(-1)))`;
}

/** Dollars of a decimal or floating text, rounded to the pico-dollar; NULL when it is none or absurd. */
function dollarsOf(text: string): string {
  const rounded = `round(toDecimal256OrNull(${text}, 30), 12)`;
  return `if(${rounded} >= 0 AND ${rounded} <= ${MAX_STATED_COST_USD}, toDecimal128OrNull(toString(${rounded}), 12), NULL)`;
}

const milliseconds = (expression: string): string =>
  `fromUnixTimestamp64Milli(least(greatest(${expression}, toInt64(0)), toInt64(${MAX_INSTANT_MS})), 'UTC')`;

const hasUsageText = `arrayExists(text -> text != '', own_counts) OR arrayExists(text -> text != '', dialect_counts)`;

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

/** Stage 1: the spans that are billable items, with the texts that matter. */
function readStage(source: string, where: string): string {
  const texts = (['request_model', 'response_model', 'response_id', 'agent', 'conversation'] as const).map(
    (field) => [field, cleanText(firstText(TEXT_ATTRIBUTES[field].map(spanAttribute)))] as const,
  );
  const attribution = Object.entries(ATTRIBUTION_ATTRIBUTES).map(([field, names]) => [
    field,
    cleanText(firstText([...names.map(spanAttribute), ...names.map(resourceAttribute)])),
  ]);
  const providerText = `lowerUTF8(${firstText(TEXT_ATTRIBUTES.provider.map(spanAttribute))})`;
  const inner = `SELECT
    Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, ScopeName, Duration, StatusCode, ReceivedAt,
    SpanAttributes, ResourceAttributes,
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
  return `SELECT
    Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, ScopeName, Duration, StatusCode,
    SpanAttributes, ResourceAttributes, own_counts, dialect_counts, cost_kind, span_cost_status,
    ${selectList({
      operation: cleanText('operation_text'),
      provider: cleanText(
        `transform(${providerText}, ${sqlStrings(Object.keys(PROVIDER_NAMES))}, ${sqlStrings(Object.values(PROVIDER_NAMES))}, ${providerText})`,
      ),
      ...Object.fromEntries(texts),
      ...Object.fromEntries(attribution),
      start_ms: 'intDiv(toUnixTimestamp64Nano(Timestamp), 1000000)',
      received_ms: `least(greatest(toUnixTimestamp64Milli(ReceivedAt), toInt64(0)), toInt64(${MAX_INSTANT_MS}))`,
      clock_offset_ms: `ifNull(accurateCastOrNull(toFloat64OrNull(${spanAttribute(ATTR_COSTEL_CLOCK_OFFSET_MS)}), 'Int64'), 0)`,
      stated_cost_usd: dollarsOf(spanAttribute(ATTR_COSTEL_COST_USD)),
      stated_amount_usd: dollarsOf(spanAttribute(ATTR_GEN_AI_USAGE_COST_AMOUNT)),
      cost_from_provider: `${spanAttribute(ATTR_GEN_AI_USAGE_COST_SOURCE)} = 'provider' AND upper(${spanAttribute(ATTR_GEN_AI_USAGE_COST_CURRENCY)}) IN ('', 'USD')`,
      tier_text: firstText(SERVICE_TIER_ATTRIBUTES.map(spanAttribute)),
      stated_quality: spanAttribute(ATTR_COSTEL_USAGE_QUALITY),
    })}
FROM (
    ${indent(inner)}
)
WHERE ${hasUsageText}
    OR cost_kind != ''
    OR span_cost_status != ''
    OR ${spanAttribute(ATTR_GEN_AI_USAGE_COST_AMOUNT)} != ''
    OR (operation_text != '' AND operation_text NOT IN (${OPERATIONS_WITHOUT_COST.map(sqlString).join(', ')}) AND position(operation_text, 'memory') = 0)`;
}

/** Counts of a foreign span made disjoint: stage 2 for spans without `costel.usage.*`. */
function dialectStage(spans: string): string {
  const names = Object.keys(DIALECT_COUNTS);
  const count = (name: keyof typeof DIALECT_COUNTS) => `greatest(said[${names.indexOf(name) + 1}], toInt64(0))`;
  const exclusive = EXCLUSIVE_EMITTERS.map(
    ({ scopePrefix, provider }) =>
      `(startsWith(ScopeName, ${sqlString(scopePrefix)}) AND provider = ${sqlString(provider)})`,
  ).join(' OR ');
  const said = `SELECT
    *,
    ${selectList({
      has_own_usage: "arrayExists(text -> text != '', own_counts)",
      has_usage: hasUsageText,
      said: `arrayMap(text -> ${countOf('text')}, if(has_own_usage, own_counts, dialect_counts))`,
      // An unknown bucket comes from a newer instrumentation: its price is unknown, so the call's is.
      has_bad_count: `arrayExists(quantity -> quantity < 0 OR quantity > ${MAX_BUCKET_COUNT}, said)
        OR arrayExists(
            name -> startsWith(name, ${sqlString(ATTR_COSTEL_USAGE_PREFIX)}) AND NOT has(${sqlStrings([
              ...USAGE_BUCKETS.map((bucket) => ATTR_COSTEL_USAGE_PREFIX + bucket),
              ATTR_COSTEL_USAGE_QUALITY,
            ])}, name),
            mapKeys(SpanAttributes)
        )`,
    })}
FROM (
    ${indent(spans)}
)`;
  const parts = `SELECT
    *,
    ${selectList({
      written: `greatest(${count('cache_write')}, ${count('cache_write_5m')} + ${count('cache_write_1h')})`,
      written_1h: `least(${count('cache_write_1h')}, written)`,
      input_parts: `[${count('cache_read')}, written - written_1h, written_1h, ${count('input_audio')}, ${count('input_image')}, ${count('input_video')}]`,
      input_total: `multiIf(
        dialect_counts[${names.indexOf('input') + 1}] = '', arraySum(input_parts),
        ${exclusive}, ${count('input')} + ${count('cache_read')} + written,
        ${count('input')}
    )`,
      output_parts: `[${count('reasoning')}, ${count('output_audio')}]`,
      output_total: `if(dialect_counts[${names.indexOf('output') + 1}] = '', arraySum(output_parts), ${count('output')})`,
    })}
FROM (
    ${indent(said)}
)`;
  // Parts above their total contradict each other: they are cut in order until they fit, and the row is flagged.
  const clamp = (list: string, total: string) =>
    `arrayMap((part, before) -> greatest(least(part, ${total} - (before - part)), toInt64(0)), ${list}, arrayCumSum(${list}))`;
  return `SELECT
    *,
    ${selectList({
      fitted_input: clamp('input_parts', 'input_total'),
      fitted_output: clamp('output_parts', 'output_total'),
      contradicts:
        'NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total)',
      stated_usage: `multiIf(
        has_bad_count, arrayResize(emptyArrayInt64(), ${BUCKET_COUNT}, toInt64(0)),
        has_own_usage, arrayResize(said, ${BUCKET_COUNT}, toInt64(0)),
        [
            input_total - arraySum(fitted_input), fitted_input[1], fitted_input[2], fitted_input[3], fitted_input[4],
            toInt64(0), fitted_input[5], toInt64(0), fitted_input[6],
            output_total - arraySum(fitted_output), fitted_output[1], fitted_output[2],
            toInt64(0), toInt64(0), toInt64(0), toInt64(0)
        ]
    )`,
    })}
FROM (
    ${indent(parts)}
)`;
}

/** Stage 3: identity, clocks, usage and what is known of the cost before any price list. */
function callStage(usage: string): string {
  const corrected = '(start_ms - clock_offset_ms)';
  const plausible = (ms: string) =>
    `${ms} >= received_ms - ${MAX_LATENESS_MS} AND ${ms} <= received_ms + ${CLOCK_TOLERANCE_MS}`;
  const hasOffset = `(abs(clock_offset_ms) > ${CLOCK_TOLERANCE_MS} AND abs(clock_offset_ms) <= ${MAX_INSTANT_MS})`;
  const contentHash =
    'lower(hex(sipHash128(toUnixTimestamp64Nano(Timestamp), TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes))))';
  const isEmptyId = (id: string) => `trim(BOTH '0' FROM ${id}) = ''`;
  const tags = `mapFilter((name, value) -> startsWith(name, ${sqlString(ATTR_COSTEL_TAG_PREFIX)}) AND value != '', mapUpdate(ResourceAttributes, SpanAttributes))`;
  const firstChunkSeconds = `toFloat64OrNull(${spanAttribute(ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK)})`;
  return `SELECT
    *,
    ${selectList({
      tenant: `if(${resourceAttribute('costel.tenant')} = '', 'default', ${cleanText(resourceAttribute('costel.tenant'))})`,
      started: milliseconds('start_ms'),
      received_at: `fromUnixTimestamp64Milli(received_ms, 'UTC')`,
      counted_at: milliseconds(
        `multiIf(${hasOffset}, if(${plausible(corrected)}, ${corrected}, received_ms), ${plausible('start_ms')}, start_ms, received_ms)`,
      ),
      clock_status: `multiIf(${hasOffset} AND ${plausible(corrected)}, 'corrected', NOT ${hasOffset} AND ${plausible('start_ms')}, 'ok', 'received')`,
      trace_id: `if(${isEmptyId('TraceId')}, ${contentHash}, TraceId)`,
      span_id: `if(${isEmptyId('SpanId')}, ${contentHash}, SpanId)`,
      id_status: `if(${isEmptyId('TraceId')} OR ${isEmptyId('SpanId')}, 'content_hash', 'ok')`,
      service: cleanText('ServiceName'),
      service_tier: `if(
        ${spanAttribute(ATTR_COSTEL_SERVICE_TIER)} != '', ${cleanText(spanAttribute(ATTR_COSTEL_SERVICE_TIER))},
        if(lowerUTF8(tier_text) IN (${STANDARD_TIERS.map(sqlString).join(', ')}), '', ${cleanText('lowerUTF8(tier_text)')})
    )`,
      region: cleanText(spanAttribute(ATTR_COSTEL_REGION)),
      tag_map: tags,
      tags: `mapFromArrays(
        arrayMap(name -> toValidUTF8(leftUTF8(substring(name, ${ATTR_COSTEL_TAG_PREFIX.length + 1}), ${MAX_TEXT_CHARACTERS})), arraySlice(mapKeys(tag_map), 1, ${MAX_TAGS})),
        arrayMap(value -> ${cleanText('value')}, arraySlice(mapValues(tag_map), 1, ${MAX_TAGS}))
    )`,
      failed: `StatusCode = 'Error' OR ${spanAttribute(ATTR_ERROR_TYPE)} != ''`,
      error_type: `multiIf(${spanAttribute(ATTR_ERROR_TYPE)} != '', ${cleanText(spanAttribute(ATTR_ERROR_TYPE))}, StatusCode = 'Error', '_OTHER', '')`,
      duration_ns: `if(Duration > ${MAX_LATENESS_MS}000000, toUInt64(0), Duration)`,
      time_to_first_chunk_ns: `if(${firstChunkSeconds} >= 0 AND ${firstChunkSeconds} < 86400, accurateCastOrNull(round(${firstChunkSeconds} * 1000000000), 'UInt64'), NULL)`,
      usage_quality: `multiIf(
        has_bad_count OR contradicts, 'inconsistent',
        stated_quality IN ('reported', 'estimated', 'missing', 'inconsistent') AND NOT (stated_quality = 'missing' AND span_cost_status = 'not_billable'), stated_quality,
        has_usage OR span_cost_status = 'not_billable', 'reported',
        'missing'
    )`,
      own_usage: "CAST(stated_usage, 'Array(UInt64)')",
      priced_usage: 'own_usage',
      app_cost_usd: 'stated_cost_usd',
      reported_cost_usd: 'if(cost_from_provider, ifNull(stated_cost_usd, stated_amount_usd), NULL)',
      given_cost_usd: "if(cost_kind != '', ifNull(stated_cost_usd, stated_amount_usd), reported_cost_usd)",
      given_source: "if(cost_kind != '', 'recorded', 'provider')",
    })}
FROM (
    ${indent(usage)}
)`;
}

/** Which spans become rows, and from where. */
export interface LedgerSelectOptions {
  readonly database: string;
  /** A condition over the columns of `otel_traces`, with typed placeholders; everything by default. */
  readonly where?: string;
}

/** The statement that derives ledger rows (`LEDGER_COLUMNS`, in order) from spans. */
export function ledgerSelect({ database, where = '1' }: LedgerSelectOptions): string {
  const priced = priceStages(database, callStage(dialectStage(readStage(`${database}.otel_traces`, where))));
  const derived: Readonly<Record<string, string>> = {
    item: 'toUInt16(0)',
    version: `toUInt64(${REVISION_STEP - 1n} - received_ms)`,
    model: "if(response_model != '', response_model, request_model)",
    parent_span_id: 'ParentSpanId',
    emitter: cleanText('ScopeName'),
    status: 'lower(StatusCode)',
    counted: 'toUInt8(1)',
    verdict: "'counted'",
    ...Object.fromEntries(USAGE_COLUMNS.map((column, index) => [column, `own_usage[${index + 1}]`])),
  };
  return `SELECT
    ${selectList(Object.fromEntries(LEDGER_COLUMNS.map((column) => [`\`${column}\``, derived[column] ?? `\`${column}\``])))}
FROM (
    ${indent(priced)}
)`;
}
