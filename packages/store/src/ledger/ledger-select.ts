import { ATTR_COSTEL_TAG_PREFIX } from '@costel/semconv';
import { slotText } from './attribute-slots.js';
import { attributeStages, SPAN_COLUMNS, type SpanOrigin } from './attribute-stages.js';
import { usageColumnsOf } from './buckets.js';
import { callStages } from './call-stages.js';
import { LEDGER_COLUMNS } from './ledger-columns.js';
import { PRICE_RESULTS, priceStages } from './price-stages.js';
import { cleanText, instantOf, MAX_LATENESS_MS, MAX_TEXT_CHARACTERS } from './span-values.js';
import { joinStages, nestStages } from './stages.js';

/*
 * The SELECT that turns spans into ledger rows, stage by stage: attributes, calls, prices, rows. It is total (see
 * span-values.ts); arrays are resized before they are walked together.
 */

/** 2^48: versions are revision * 2^48 + (2^48 - 1 - receipt), so within a revision the first receipt wins. */
export const REVISION_STEP = 281_474_976_710_656n;

const IS_PROBE = "operation_text = 'costel_doctor' AND span_cost_status = 'not_billable'";

/** What the outermost stage makes of a span besides its usage and its price. */
function rowColumns(origin: SpanOrigin): Readonly<Record<string, string>> {
  const isAny = origin === 'any';
  const errorType = slotText('error_type');
  const texts = (
    ['response_id', 'agent', 'conversation', 'environment', 'user', 'customer', 'team', 'project'] as const
  ).map((field) => [field, slotText(field)]);
  return {
    tenant: `if(${slotText('tenant')} = '', 'default', ${slotText('tenant')})`,
    started: instantOf('start_ms'),
    trace_id: isAny ? 'if(is_id_missing[1], content_hash, TraceId)' : 'TraceId',
    span_id: isAny ? 'if(is_id_missing[2], content_hash, SpanId)' : 'SpanId',
    item: 'toUInt16(0)',
    version: `toUInt64(${REVISION_STEP - 1n} - received_ms)`,
    received_at: `fromUnixTimestamp64Milli(received_ms, 'UTC')`,
    clock_status: `multiIf(NOT is_start_plausible, 'received', ${isAny ? "is_offset, 'corrected', " : ''}'ok')`,
    id_status: isAny ? "if(has(is_id_missing, 1), 'content_hash', 'ok')" : "'ok'",
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
    app_cost_usd: isAny ? 'ifNull(stated_cost_usd, app_cost_usd_of_emitter)' : 'stated_cost_usd',
    // The span by which `costel doctor` tries the pipeline is in the ledger and never counts.
    counted: `toUInt8(NOT (${IS_PROBE}))`,
    verdict: `if(${IS_PROBE}, 'probe', 'counted')`,
    ...usageColumnsOf('priced_usage'),
    ...PRICE_RESULTS,
  };
}

/**
 * Levels of the statement for our own spans, in stages: planning it took 61 ms of CPU, and 72 with a level for each stage. It
 * took 91 with six stages in one level: what is read twice within a level is planned twice.
 */
const OUR_LEVELS: readonly number[] = [1, 1, 2, 2, 1, 3, 2, 1];

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
  const derived = rowColumns(origin);
  const stages = [...attributeStages(origin, where), ...callStages(origin), ...priceStages(database)];
  return nestStages(
    `${database}.${source}`,
    SPAN_COLUMNS,
    origin === 'ours' ? joinStages(stages, OUR_LEVELS) : stages,
    Object.fromEntries(LEDGER_COLUMNS.map((column) => [`\`${column}\``, derived[column] ?? `\`${column}\``])),
  );
}
