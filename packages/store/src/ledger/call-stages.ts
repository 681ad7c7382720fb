import { MAX_BUCKET_COUNT } from '@costel/pricing';
import {
  ADDITIVE_USAGE_ATTRIBUTE,
  DIALECT_COUNTS,
  EXCLUSIVE_EMITTERS,
  EXCLUSIVE_OUTPUT_EMITTERS,
  type EmitterRule,
  NESTED_USAGE_MARK,
  OPERATION_NAMES,
  SPAN_KIND_OPERATIONS,
  STANDARD_TIERS,
} from '@costel/semconv';
import { COUNT_SLOTS, slotText } from './attribute-slots.js';
import { OUR_SCOPE_PREFIX, type SpanOrigin } from './attribute-stages.js';
import { OPERATIONS_WITHOUT_COST, PROVIDER_NAMES } from './attribute-table.js';
import { BUCKET_COUNT } from './buckets.js';
import { isEmitter, makerOf } from './foreign-spans.js';
import {
  cleanText,
  CLOCK_TOLERANCE_MS,
  dollarsOf,
  instantOf,
  MAX_INSTANT_MS,
  MAX_LATENESS_MS,
  roundedDollarsOf,
  wholeNumberOf,
} from './span-values.js';
import { sqlString, sqlStrings } from './sql-text.js';
import type { Stage } from './stages.js';

/* The later stages of ledger-select.ts: from the texts and counts of slots to usage, provider, model and time of a call. */

const DIALECT_COUNT_NAMES = Object.keys(DIALECT_COUNTS) as (keyof typeof DIALECT_COUNTS)[];

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
  const isAny = origin === 'any';
  const operations = [
    renamed(operation, OPERATION_NAMES, operation),
    ...(isAny ? [renamed(slotText('span_kind'), SPAN_KIND_OPERATIONS, "''")] : []),
    slotText('cost_kind'),
  ];
  return {
    columns: {
      // The count of slot n is element n + 1.
      counts: `mapPopulateSeries(arrayConcat([toUInt8(0)], count_slots), arrayConcat([toInt64(0)], count_values), toUInt8(${COUNT_SLOTS})).2`,
      has_own_usage: `count_slots[1] BETWEEN 1 AND ${BUCKET_COUNT}`,
      has_dialect_usage: `count_slots[-1] > ${BUCKET_COUNT}`,
      operation_text: `arrayFirst(text -> text != '', [${operations.join(', ')}])`,
      cost_kind: `leftUTF8(${slotText('cost_kind')}, 64)`,
      span_cost_status: slotText('cost_status'),
    },
    // Each of our own spans says what became of its price.
    ...(isAny ? { where: isBillable } : {}),
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
            clock_offset_ms: `ifNull(${wholeNumberOf(slotText('clock_offset_ms'))}, 0)`,
          }
        : {}),
      stated_cost: roundedDollarsOf(slotText('cost_usd')),
      stated_amount: roundedDollarsOf(slotText('cost_amount')),
      ...(isAny ? { emitter_cost: roundedDollarsOf(slotText('app_cost')) } : {}),
      chunk_ns: `accurateCastOrNull(round(toFloat64OrNull(${slotText('time_to_first_chunk')}) * 1000000000), 'UInt64')`,
    },
  };
}

/** SQL: whether a start is near enough to its receipt to be believed. */
const isPlausible = (startMs: string): string =>
  `${startMs} >= received_ms - ${MAX_LATENESS_MS} AND ${startMs} <= received_ms + ${CLOCK_TOLERANCE_MS}`;

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
      ...(isAny
        ? {
            is_offset: `abs(clock_offset_ms) > ${CLOCK_TOLERANCE_MS} AND abs(clock_offset_ms) <= ${MAX_INSTANT_MS}`,
            own_start_ms: 'if(is_offset, start_ms - clock_offset_ms, start_ms)',
          }
        : {}),
      is_start_plausible: isPlausible(isAny ? 'own_start_ms' : 'start_ms'),
    },
  };
}

/** Stage 8: parts that fit into their totals. Those above contradict each other: cut in order until they fit, and flagged. */
function fitStage(origin: SpanOrigin): Stage {
  const clamp = (list: string, total: string) =>
    `arrayMap((part, before) -> greatest(least(part, ${total} - (before - part)), toInt64(0)), ${list}, arrayCumSum(${list}))`;
  const isUnknown = origin === 'any' ? '(is_foreign AND has_dialect_usage AND has_unknown_count) OR ' : '';
  return {
    columns: {
      fitted_input: clamp('input_parts', 'input_total'),
      fitted_output: clamp('output_parts', 'output_total'),
      contradicts: `${isUnknown}NOT has_own_usage AND (arraySum(input_parts) > input_total OR arraySum(output_parts) > output_total)`,
      stated_quality: slotText('usage_quality'),
      stated_cost_usd: dollarsOf('stated_cost'),
      stated_amount_usd: dollarsOf('stated_amount'),
      ...(origin === 'any' ? { app_cost_usd_of_emitter: dollarsOf('emitter_cost') } : {}),
    },
  };
}

/** Stage 9: disjoint usage, what the price depends on, and what is known of the cost before any price list. */
function callStage(origin: SpanOrigin): Stage {
  const isAny = origin === 'any';
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
      counted_at: instantOf(`if(is_start_plausible, ${isAny ? 'own_start_ms' : 'start_ms'}, received_ms)`),
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

/** Stages 5 to 9, over those of attribute-stages.ts: yield what the price stages read, and what is known of the cost before them. */
export function callStages(origin: SpanOrigin): readonly Stage[] {
  return [itemStage(origin), countStage(origin), partStage(origin), fitStage(origin), callStage(origin)];
}
