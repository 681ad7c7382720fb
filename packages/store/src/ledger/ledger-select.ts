import {
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_TAG_PREFIX,
  ATTR_COSTEL_USAGE_PREFIX,
  ATTR_COSTEL_USAGE_QUALITY,
} from '@costel/semconv';
import { MAX_BUCKET_COUNT, USAGE_BUCKETS } from '@costel/pricing';
import {
  COUNT_SLOTS,
  FIRST_RANK_AFTER_COUNTS,
  isBillableRankSql,
  ranksSql,
  slotOfRankSql,
  slotText,
} from './attribute-slots.js';
import {
  ADDITIVE_USAGE_ATTRIBUTE,
  DIALECT_COUNTS,
  EXCLUSIVE_EMITTERS,
  EXCLUSIVE_OUTPUT_EMITTERS,
  NESTED_USAGE_MARK,
  OPERATIONS_WITHOUT_COST,
  OPERATION_NAMES,
  PROVIDER_METADATA_ATTRIBUTE,
  PROVIDER_NAMES,
  SPAN_KIND_OPERATIONS,
  STANDARD_TIERS,
  USAGE_JSON_ATTRIBUTES,
  type EmitterRule,
} from './attribute-table.js';
import { BUCKET_COUNT, usageColumnsOf } from './buckets.js';
import { isEmitter, jsonEntries, makerOf } from './foreign-spans.js';
import { LEDGER_COLUMNS } from './ledger-columns.js';
import { PRICE_RESULTS, priceStages } from './price-stages.js';
import { sqlString, sqlStrings } from './sql-text.js';
import { nestStages, type Stage } from './stages.js';

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

/** Scopes of our own instrumentations begin so. */
const OUR_SCOPE_PREFIX = '@costel/';

const DIALECT_COUNT_NAMES = Object.keys(DIALECT_COUNTS) as (keyof typeof DIALECT_COUNTS)[];

/** What the stages read of `otel_traces`. */
export const SPAN_COLUMNS: readonly string[] = [
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
];

/** Cut and made valid UTF-8, so that every reader can show it and a JSON answer stays JSON. */
function cleanText(expression: string): string {
  return `toValidUTF8(leftUTF8(${expression}, ${MAX_TEXT_CHARACTERS}))`;
}

/** Dollars of a decimal or floating text, rounded to the pico-dollar; NULL when it is none or absurd. */
function dollarsOf(rounded: string): string {
  return `if(${rounded} >= 0 AND ${rounded} <= ${MAX_STATED_COST_USD}, toDecimal128OrNull(toString(${rounded}), 12), NULL)`;
}

const roundedDollarsOf = (text: string): string => `round(toDecimal256OrNull(${text}, 30), 12)`;

const milliseconds = (expression: string): string =>
  `fromUnixTimestamp64Milli(least(greatest(${expression}, toInt64(0)), toInt64(${MAX_INSTANT_MS})), 'UTC')`;

const wholeNumber = (text: string): string => `accurateCastOrNull(toFloat64OrNull(${text}), 'Int64')`;

/**
 * Whose spans a statement derives rows from. Planning it costs about 45 µs for each part of it, an insert, and most of it is
 * there for what other emitters write; so our own spans have a statement without that: the same stages, the same rows.
 */
export type SpanOrigin = 'any' | 'ours';

/** SQL over `otel_traces`: whether a span is read by the statement for our own. What any emitter may say in JSON is not. */
export const IS_OUR_SPAN_SQL = `SpanAttributes[${sqlString(ATTR_COSTEL_COST_STATUS)}] != ''
    AND startsWith(ScopeName, ${sqlString(OUR_SCOPE_PREFIX)})
    AND NOT hasAny(mapKeys(SpanAttributes), ${sqlStrings([...USAGE_JSON_ATTRIBUTES, PROVIDER_METADATA_ATTRIBUTE])})`;

/** Stage 1: which attributes of the span are ours to read; spans without one that costs money end here. */
function spanStage(origin: SpanOrigin, where: string): Stage {
  if (origin === 'ours') {
    return {
      columns: { span_ranks: ranksSql('span', 'mapKeys(SpanAttributes)') },
      where: `${where} AND ${IS_OUR_SPAN_SQL}`,
    };
  }
  return {
    columns: {
      span_ranks: ranksSql('span', 'mapKeys(SpanAttributes)'),
      usage_text: `arrayFirst(text -> text != '', [${USAGE_JSON_ATTRIBUTES.map((name) => `SpanAttributes[${sqlString(name)}]`).join(', ')}])`,
      metadata_text: `SpanAttributes[${sqlString(PROVIDER_METADATA_ATTRIBUTE)}]`,
    },
    where: `${where} AND arrayExists(rank -> ${isBillableRankSql('rank')}, span_ranks)`,
  };
}

/** Stage 2: their texts with those of the resource, in order of preference; what needs the attributes as a whole. */
function attributeStage(origin: SpanOrigin): Stage {
  const prefix = sqlString(ATTR_COSTEL_TAG_PREFIX);
  const tagsOf = (attributes: string) => `mapFilter((name, value) -> startsWith(name, ${prefix}), ${attributes})`;
  const texts = 'mapValues(SpanAttributes), mapValues(ResourceAttributes)';
  const ranks = `span_ranks, ${ranksSql('resource', 'mapKeys(ResourceAttributes)')}`;
  const json = { texts: 'json_entries.2', ranks: ranksSql('json', 'json_entries.1') };
  const isAny = origin === 'any';
  const known = sqlStrings([
    ...USAGE_BUCKETS.map((bucket) => ATTR_COSTEL_USAGE_PREFIX + bucket),
    ATTR_COSTEL_USAGE_QUALITY,
  ]);
  return {
    columns: {
      start_ms: 'intDiv(toUnixTimestamp64Nano(Timestamp), 1000000)',
      received_ms: `least(greatest(toUnixTimestamp64Milli(ReceivedAt), toInt64(0)), toInt64(${MAX_INSTANT_MS}))`,
      ...(isAny ? { json_entries: jsonEntries() } : {}),
      attribute_texts: `arrayConcat(${texts}${isAny ? `, ${json.texts}` : ''})`,
      // An empty text is an absent one; the position keeps the first of two attributes of one name.
      ranks: `arrayMap(
        (rank, text, position) -> if(rank = 0 OR text = '', toUInt64(0), rank + position),
        arrayConcat(${ranks}${isAny ? `, ${json.ranks}` : ''}), attribute_texts, arrayEnumerate(attribute_texts)
    )`,
      // An unknown bucket comes from a newer instrumentation: its price is unknown, so the call's is.
      has_unknown_bucket: `arrayExists(name -> startsWith(name, ${sqlString(ATTR_COSTEL_USAGE_PREFIX)}) AND NOT has(${known}, name), mapKeys(SpanAttributes))`,
      all_tags: `if(
        arrayExists(name -> startsWith(name, ${prefix}), mapKeys(SpanAttributes)) OR arrayExists(name -> startsWith(name, ${prefix}), mapKeys(ResourceAttributes)),
        mapUpdate(${tagsOf('ResourceAttributes')}, ${tagsOf('SpanAttributes')}), CAST(map(), 'Map(LowCardinality(String), String)')
    )`,
      is_id_missing: "[trim(BOTH '0' FROM TraceId) = '', trim(BOTH '0' FROM SpanId) = '']",
      content_hash:
        "if(has(is_id_missing, 1), lower(hex(sipHash128(start_ms, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes)))), '')",
    },
  };
}

/** Stage 3: what is read, in order of preference. Texts are cut and made valid UTF-8 here, once for all columns. */
function slotStage(): Stage {
  return {
    columns: {
      read_ranks: 'arraySort(arrayFilter(rank -> rank > 0, ranks))',
      read_texts: `arrayMap(
        text -> ${cleanText('text')},
        arraySort((text, rank) -> rank, arrayFilter((text, rank) -> rank > 0, attribute_texts, ranks), arrayFilter(rank -> rank > 0, ranks))
    )`,
    },
  };
}

/** Stage 4: the text of each slot, and the counts among them as numbers (-1 for what is no count). */
function textStage(): Stage {
  const isCount = `rank < ${FIRST_RANK_AFTER_COUNTS}`;
  return {
    columns: {
      texts: `mapFromArrays(arrayMap(rank -> ${slotOfRankSql('rank')}, read_ranks), read_texts)`,
      count_slots: `arrayCompact(arrayMap(rank -> ${slotOfRankSql('rank')}, arrayFilter(rank -> ${isCount}, read_ranks)))`,
      // Of two attributes of one slot the first is read.
      count_values: `arrayMap(
        text -> ifNull(${wholeNumber('text')}, toInt64(-1)),
        arrayFilter(
            (text, rank, before) -> ${isCount} AND ${slotOfRankSql('rank')} != ${slotOfRankSql('before')},
            read_texts, read_ranks, arrayShiftRight(read_ranks, 1)
        )
    )`,
    },
  };
}

/** Stage 5: the billable items, their counts by slot, and who they are from. */
function itemStage(origin: SpanOrigin): Stage {
  const withoutCost = OPERATIONS_WITHOUT_COST.map(sqlString).join(', ');
  const renamed = (text: string, names: Readonly<Record<string, string>>, otherwise: string) =>
    `transform(${text}, ${sqlStrings(Object.keys(names))}, ${sqlStrings(Object.values(names))}, ${otherwise})`;
  const operation = slotText('operation');
  const isBillable = `has_own_usage
    OR has_dialect_usage
    OR cost_kind != ''
    OR span_cost_status != ''
    OR ${slotText('cost_amount')} != ''
    OR (operation_text != '' AND operation_text NOT IN (${withoutCost}) AND position(operation_text, 'memory') = 0)`;
  return {
    columns: {
      // The count of slot n is element n + 1.
      counts: `mapPopulateSeries(arrayConcat([toUInt8(0)], count_slots), arrayConcat([toInt64(0)], count_values), toUInt8(${COUNT_SLOTS})).2`,
      has_own_usage: `count_slots[1] BETWEEN 1 AND ${BUCKET_COUNT}`,
      has_dialect_usage: `count_slots[-1] > ${BUCKET_COUNT}`,
      operation_text: `arrayFirst(text -> text != '', [${renamed(operation, OPERATION_NAMES, operation)}, ${renamed(slotText('span_kind'), SPAN_KIND_OPERATIONS, "''")}, ${slotText('cost_kind')}])`,
      cost_kind: `leftUTF8(${slotText('cost_kind')}, 64)`,
      span_cost_status: slotText('cost_status'),
    },
    // Each of our own spans says what became of its price.
    ...(origin === 'ours' ? {} : { where: isBillable }),
  };
}
/** Stage 6: which counts hold, and stated dollars. */
function countStage(origin: SpanOrigin): Stage {
  const provider = slotText('provider');
  const model = `lowerUTF8(if(${slotText('response_model')} != '', ${slotText('response_model')}, ${slotText('request_model')}))`;
  const isAny = origin === 'any';
  return {
    columns: {
      has_bad_count: `has_unknown_bucket OR arrayExists(
        quantity -> quantity < 0 OR quantity > ${MAX_BUCKET_COUNT},
        if(has_own_usage, arraySlice(counts, 2, ${BUCKET_COUNT}), arraySlice(counts, ${BUCKET_COUNT + 2}))
    )`,
      ...(isAny ? { is_foreign: `NOT (has_own_usage OR startsWith(ScopeName, ${sqlString(OUR_SCOPE_PREFIX)}))` } : {}),
      provider_text: isAny
        ? `lowerUTF8(if(${provider} = '' AND is_foreign, ${makerOf(model)}, ${provider}))`
        : `lowerUTF8(${provider})`,
      ...(isAny
        ? {
            is_additive: `SpanAttributes[${sqlString(ADDITIVE_USAGE_ATTRIBUTE)}] != '' AND position(usage_text, ${sqlString(NESTED_USAGE_MARK)}) = 0`,
          }
        : {}),
      clock_offset_ms: `ifNull(${wholeNumber(slotText('clock_offset_ms'))}, 0)`,
      stated_cost: roundedDollarsOf(slotText('cost_usd')),
      stated_amount: roundedDollarsOf(slotText('cost_amount')),
      emitter_cost: roundedDollarsOf(slotText('app_cost')),
      chunk_ns: `accurateCastOrNull(round(toFloat64OrNull(${slotText('time_to_first_chunk')}) * 1000000000), 'UInt64')`,
    },
  };
}

/** Stage 7: counts of a span without our buckets as parts and totals; which of the clocks is believed. */
function partStage(origin: SpanOrigin): Stage {
  const slotOf = (name: keyof typeof DIALECT_COUNTS) => BUCKET_COUNT + 1 + DIALECT_COUNT_NAMES.indexOf(name);
  const count = (name: keyof typeof DIALECT_COUNTS) => `counts[${slotOf(name) + 1}]`;
  const isAbsent = (name: keyof typeof DIALECT_COUNTS) => `NOT has(count_slots, ${slotOf(name)})`;
  const isExclusive = (rules: readonly EmitterRule[]) => `is_additive OR (is_foreign AND ${isEmitter(rules)})`;
  const isAny = origin === 'any';
  return {
    columns: {
      written_5m: `greatest(${count('cache_write')}, ${count('cache_write_5m')} + ${count('cache_write_1h')}) - ${count('cache_write_1h')}`,
      input_parts: `[${count('cache_read')}, written_5m, ${count('cache_write_1h')}, ${count('input_audio')}, ${count('input_image')}, ${count('input_video')}]`,
      output_parts: `[${count('reasoning')}, ${count('output_audio')}]`,
      input_total: `multiIf(
        ${isAbsent('input')}, arraySum(input_parts),${
          isAny
            ? `
        ${isExclusive(EXCLUSIVE_EMITTERS)}, ${count('input')} + arraySum(arraySlice(input_parts, 1, if(is_additive, 6, 3))),`
            : ''
        }
        ${count('input')}
    )`,
      output_total: `multiIf(
        ${isAbsent('output')}, arraySum(output_parts),${
          isAny
            ? `
        ${isExclusive(EXCLUSIVE_OUTPUT_EMITTERS)}, ${count('output')} + arraySum(output_parts),`
            : ''
        }
        ${count('output')}
    )`,
      is_offset: `abs(clock_offset_ms) > ${CLOCK_TOLERANCE_MS} AND abs(clock_offset_ms) <= ${MAX_INSTANT_MS}`,
      own_start_ms: 'if(is_offset, start_ms - clock_offset_ms, start_ms)',
      is_start_plausible: `own_start_ms >= received_ms - ${MAX_LATENESS_MS} AND own_start_ms <= received_ms + ${CLOCK_TOLERANCE_MS}`,
    },
  };
}

/** Stage 8: parts that fit into their totals. Those above contradict each other: cut in order until they fit, and flagged. */
function fitStage(): Stage {
  const clamp = (list: string, total: string) =>
    `arrayMap((part, before) -> greatest(least(part, ${total} - (before - part)), toInt64(0)), ${list}, arrayCumSum(${list}))`;
  return {
    columns: {
      fitted_input: clamp('input_parts', 'input_total'),
      fitted_output: clamp('output_parts', 'output_total'),
      contradicts:
        'NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total)',
      stated_quality: slotText('usage_quality'),
      stated_cost_usd: dollarsOf('stated_cost'),
      stated_amount_usd: dollarsOf('stated_amount'),
      app_cost_usd_of_emitter: dollarsOf('emitter_cost'),
    },
  };
}

/** Stage 9: disjoint usage, what the price depends on, and what is known of the cost before any price list. */
function callStage(): Stage {
  const zeros = (count: number) => Array.from({ length: count }, () => 'toInt64(0)').join(', ');
  const fromProvider = `${slotText('cost_source')} = 'provider' AND upper(${slotText('cost_currency')}) IN ('', 'USD')`;
  const providers = sqlStrings(Object.keys(PROVIDER_NAMES));
  return {
    columns: {
      provider: cleanText(
        `transform(provider_text, ${providers}, ${sqlStrings(Object.values(PROVIDER_NAMES))}, provider_text)`,
      ),
      request_model: slotText('request_model'),
      response_model: slotText('response_model'),
      foreign_tier: `lowerUTF8(${slotText('foreign_service_tier')})`,
      service_tier: `multiIf(${slotText('own_service_tier')} != '', ${slotText('own_service_tier')}, foreign_tier IN (${STANDARD_TIERS.map(sqlString).join(', ')}), '', foreign_tier)`,
      region: slotText('region'),
      feature: slotText('feature'),
      counted_at: milliseconds('if(is_start_plausible, own_start_ms, received_ms)'),
      failed: `StatusCode = 'Error' OR ${slotText('error_type')} != ''`,
      usage_quality: `multiIf(
        has_bad_count OR contradicts, 'inconsistent',
        stated_quality = 'missing' AND span_cost_status = 'not_billable', 'reported',
        stated_quality IN ('reported', 'estimated', 'missing', 'inconsistent'), stated_quality,
        has_own_usage OR has_dialect_usage OR span_cost_status = 'not_billable', 'reported',
        'missing'
    )`,
      priced_usage: `CAST(multiIf(
        has_bad_count, arrayResize(emptyArrayInt64(), ${BUCKET_COUNT}, toInt64(0)),
        has_own_usage, arraySlice(counts, 2, ${BUCKET_COUNT}),
        arrayResize(arrayConcat(
            [input_total - arraySum(fitted_input)], arraySlice(fitted_input, 1, 4), [${zeros(1)}, fitted_input[5], ${zeros(1)}, fitted_input[6]],
            [output_total - arraySum(fitted_output)], fitted_output
        ), ${BUCKET_COUNT}, toInt64(0))
    ), 'Array(UInt64)')`,
      reported_cost_usd: `if(${fromProvider}, ifNull(stated_cost_usd, stated_amount_usd), NULL)`,
      given_cost_usd: "if(cost_kind != '', ifNull(stated_cost_usd, stated_amount_usd), reported_cost_usd)",
      given_source: "if(cost_kind != '', 'recorded', 'provider')",
    },
  };
}

const IS_PROBE = "operation_text = 'costel_doctor' AND span_cost_status = 'not_billable'";

/** What the outermost stage makes of a span besides its usage and its price. */
function rowColumns(): Readonly<Record<string, string>> {
  const errorType = slotText('error_type');
  const texts = (
    ['response_id', 'agent', 'conversation', 'environment', 'user', 'customer', 'team', 'project'] as const
  ).map((field) => [field, slotText(field)]);
  return {
    tenant: `if(${slotText('tenant')} = '', 'default', ${slotText('tenant')})`,
    started: milliseconds('start_ms'),
    trace_id: 'if(is_id_missing[1], content_hash, TraceId)',
    span_id: 'if(is_id_missing[2], content_hash, SpanId)',
    item: 'toUInt16(0)',
    version: `toUInt64(${REVISION_STEP - 1n} - received_ms)`,
    received_at: `fromUnixTimestamp64Milli(received_ms, 'UTC')`,
    clock_status: "multiIf(NOT is_start_plausible, 'received', is_offset, 'corrected', 'ok')",
    id_status: "if(has(is_id_missing, 1), 'content_hash', 'ok')",
    service: cleanText('ServiceName'),
    operation: 'operation_text',
    model: 'first_model',
    ...Object.fromEntries(texts),
    tags: `mapApply(
        (name, value) -> (toValidUTF8(leftUTF8(substring(name, ${ATTR_COSTEL_TAG_PREFIX.length + 1}), ${MAX_TEXT_CHARACTERS})), ${cleanText('value')}),
        mapFilter((name, value) -> value != '', all_tags)
    )`,
    parent_span_id: 'ParentSpanId',
    emitter: cleanText('ScopeName'),
    status: 'lower(StatusCode)',
    error_type: `multiIf(${errorType} != '', ${errorType}, StatusCode = 'Error', '_OTHER', '')`,
    duration_ns: `if(Duration > ${MAX_LATENESS_MS}000000, toUInt64(0), Duration)`,
    time_to_first_chunk_ns: 'if(chunk_ns < 86400000000000, chunk_ns, NULL)',
    own_usage: 'priced_usage',
    app_cost_usd: 'ifNull(stated_cost_usd, app_cost_usd_of_emitter)',
    // The span by which `costel doctor` tries the pipeline is in the ledger and never counts.
    counted: `toUInt8(NOT (${IS_PROBE}))`,
    verdict: `if(${IS_PROBE}, 'probe', 'counted')`,
    ...usageColumnsOf('priced_usage'),
    ...PRICE_RESULTS,
  };
}

/** Which spans become rows, and from where. */
export interface LedgerSelectOptions {
  readonly database: string;
  /** A condition over the columns of `otel_traces`, with typed placeholders; everything by default. */
  readonly where?: string;
  /** Where the spans are read from; `otel_traces` by default. */
  readonly source?: string;
  /** Whose spans; any by default. With `ours` only our own become rows, the same as with `any`. */
  readonly origin?: SpanOrigin;
}

/** The statement that derives ledger rows (`LEDGER_COLUMNS`, in order) from spans. */
export function ledgerSelect({
  database,
  where = '1',
  source = 'otel_traces',
  origin = 'any',
}: LedgerSelectOptions): string {
  const derived = rowColumns();
  return nestStages(
    `${database}.${source}`,
    SPAN_COLUMNS,
    [
      spanStage(origin, where),
      attributeStage(origin),
      slotStage(),
      textStage(),
      itemStage(origin),
      countStage(origin),
      partStage(origin),
      fitStage(),
      callStage(),
      ...priceStages(database),
    ],
    Object.fromEntries(LEDGER_COLUMNS.map((column) => [`\`${column}\``, derived[column] ?? `\`${column}\``])),
  );
}
