import {
  ATTR_COSTEL_CLOCK_OFFSET_MS,
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_TAG_PREFIX,
  ATTR_COSTEL_USAGE_PREFIX,
  ATTR_COSTEL_USAGE_QUALITY,
  PROVIDER_METADATA_ATTRIBUTE,
  SPAN_KIND_ATTRIBUTES,
  UNKNOWN_COUNTS,
  USAGE_JSON_ATTRIBUTES,
} from '@costel/semconv';
import { USAGE_BUCKETS } from '@costel/pricing';
import { FIRST_RANK_AFTER_COUNTS, isBillableRankSql, ranksSql, slotOfRankSql } from './attribute-slots.js';
import { APP_COST_ATTRIBUTES } from './attribute-table.js';
import { jsonEntries } from './foreign-spans.js';
import { cleanText, MAX_INSTANT_MS, wholeNumberOf } from './span-values.js';
import { sqlString, sqlStrings } from './sql-text.js';
import type { Stage } from './stages.js';

/* The first stages of ledger-select.ts: from a span's attributes to the texts and counts of the slots that the ledger reads. */

/** Scopes of our own instrumentations begin so. */
export const OUR_SCOPE_PREFIX = '@costel/';

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
/**
 * Whose spans a statement derives rows from. Planning it costs about 45 µs for each part of it, an insert, and most of it is
 * there for what other emitters write, or what our own write rarely; so our own plain spans have a statement without that:
 * the same stages, the same rows.
 */
export type SpanOrigin = 'any' | 'ours';

/** What makes a span of ours one for the statement that reads any: another emitter's JSON, kind or cost, a clock known to be off. */
const NOT_PLAIN_ATTRIBUTES: readonly string[] = [
  ...USAGE_JSON_ATTRIBUTES,
  PROVIDER_METADATA_ATTRIBUTE,
  ...SPAN_KIND_ATTRIBUTES,
  ...APP_COST_ATTRIBUTES,
  ATTR_COSTEL_CLOCK_OFFSET_MS,
];

/** SQL over `otel_traces`: whether a span is read by the statement for our own: it has both ids and none of `NOT_PLAIN_ATTRIBUTES`. */
export const IS_OUR_SPAN_SQL = `SpanAttributes[${sqlString(ATTR_COSTEL_COST_STATUS)}] != ''
    AND startsWith(ScopeName, ${sqlString(OUR_SCOPE_PREFIX)})
    AND NOT hasAny(mapKeys(SpanAttributes), ${sqlStrings(NOT_PLAIN_ATTRIBUTES)})
    AND trim(BOTH '0' FROM TraceId) != ''
    AND trim(BOTH '0' FROM SpanId) != ''`;

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

/** SQL: whether a span counts tokens under a name that no table has. */
function unknownCountSql(): string {
  const { prefix, suffix, except, known } = UNKNOWN_COUNTS;
  return `arrayExists(
        (name, text) -> startsWith(name, ${sqlString(prefix)}) AND endsWith(name, ${sqlString(suffix)}) AND NOT startsWith(name, ${sqlString(except)}) AND NOT has(${sqlStrings(known)}, name) AND text NOT IN ('', '0'),
        mapKeys(SpanAttributes), mapValues(SpanAttributes)
    )`;
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
      ...(isAny
        ? {
            has_unknown_count: unknownCountSql(),
            is_id_missing: "[trim(BOTH '0' FROM TraceId) = '', trim(BOTH '0' FROM SpanId) = '']",
            content_hash:
              "if(has(is_id_missing, 1), lower(hex(sipHash128(start_ms, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration, mapKeys(SpanAttributes), mapValues(SpanAttributes)))), '')",
          }
        : {}),
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
        text -> ifNull(${wholeNumberOf('text')}, toInt64(-1)),
        arrayFilter(
            (text, rank, before) -> ${isCount} AND ${slotOfRankSql('rank')} != ${slotOfRankSql('before')},
            read_texts, read_ranks, arrayShiftRight(read_ranks, 1)
        )
    )`,
    },
  };
}

/** Stages 1 to 4, over `SPAN_COLUMNS`: yield `texts` (by slot), `count_slots`, `count_values`, and what concerns the span as a whole. */
export function attributeStages(origin: SpanOrigin, where: string): readonly Stage[] {
  return [spanStage(origin, where), attributeStage(origin), slotStage(), textStage()];
}
