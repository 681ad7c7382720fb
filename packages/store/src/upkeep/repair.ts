import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { ledgerSelect } from '../ledger/ledger-select.js';
import { LEDGER_COLUMNS } from '../ledger/ledger-columns.js';
import { currentDatabase } from '../migrate/migrate.js';
import { checkedRange, DAY_MS, instantText, type TimeRange } from '../query/time-range.js';

/** What a DateTime64(9) can hold, to the second: spans of broken clocks start as late. */
const TIME: TimeRange = { fromMs: Date.UTC(1900, 0, 1), toMs: Date.UTC(2262, 3, 11, 23, 47, 16) };
/** The ledger's key holds starts of [1970, 2100); those outside are its first and its last millisecond. */
const KEY_TIME: TimeRange = { fromMs: 0, toMs: Date.UTC(2100, 0, 1) };

/** Which spans, by their own start. */
export interface RepairRange {
  readonly from: Date;
  readonly to: Date;
  /** Looks only at spans received from then on, however long ago they started. Default: whenever they were received. */
  readonly receivedFrom?: Date;
}

/** What {@link repair} closed. */
export interface RepairResult {
  /** Ledger rows that were missing. */
  readonly calls: number;
  /** Edges that were missing. */
  readonly edges: number;
}

/** Spans of a range of their own start and of receipt, in `otel_traces`. */
const IN_RANGE = `Timestamp >= {from:DateTime64(3, 'UTC')} AND Timestamp < {to:DateTime64(3, 'UTC')}
    AND ReceivedAt >= {received_from:DateTime64(3, 'UTC')} AND ReceivedAt < {received_to:DateTime64(3, 'UTC')}`;

/** What the statements of this file are bound to; instants as the engine reads them. */
type RepairParameters = Readonly<
  Record<'from' | 'to' | 'key_from' | 'key_to' | 'received_from' | 'received_to', string>
>;

/**
 * Ledger rows that spans should have and do not: what an insert left behind that reached the raw table and not the
 * ledger. A copy of a span that the ledger knows is never written, also where it was received earlier than the one that
 * counts: where a clock is wrong it would move the call to another hour, and the hour that it leaves would keep its sum.
 */
function missingRows(database: string): string {
  const derived = ledgerSelect({ database, where: IN_RANGE });
  return `SELECT d.*
FROM (
${derived}
) AS d
LEFT JOIN (
    SELECT tenant, trace_id, span_id, item, count() AS copies
    FROM llm_calls
    WHERE started >= {key_from:DateTime64(3, 'UTC')} AND started < {key_to:DateTime64(3, 'UTC')}
    GROUP BY tenant, trace_id, span_id, item
) AS k
ON d.tenant = k.tenant AND d.trace_id = k.trace_id AND d.span_id = k.span_id AND d.item = k.item
WHERE k.copies = 0`;
}

const SETTINGS =
  'SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0, max_partitions_per_insert_block = 0';

/**
 * Derives the ledger from the raw spans of a range again and writes what is missing; running it twice changes nothing.
 * Rows keep the time at which their span was received, so no correction is undone. What it writes is dirty like any new
 * row: the next build and the next judging take it up.
 */
export async function repair(db: Database, range: RepairRange): Promise<RepairResult> {
  const checked = checkedRange(range.from, range.to);
  const received = { fromMs: range.receivedFrom?.getTime() ?? 0, toMs: TIME.toMs };
  const database = await currentDatabase(db);
  let calls = 0;
  let edges = 0;
  for (const part of await daysWithSpans(db, wholeTime(checked), received)) {
    const parameters = repairParameters(part, received);
    const missing = await countMissingInDay(db, database, parameters);
    if (missing.calls > 0) {
      const columns = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
      await db.command(`INSERT INTO llm_calls (${columns})\n${missingRows(database)}\n${SETTINGS}`, parameters);
    }
    if (missing.edges > 0) {
      await db.command(
        `INSERT INTO span_edges (trace_id, span_id, parent_span_id, received_at)\n${MISSING_EDGES}`,
        parameters,
      );
    }
    calls += missing.calls;
    edges += missing.edges;
  }
  return { calls, edges };
}

const MISSING_EDGES = `SELECT TraceId, SpanId, ParentSpanId, ReceivedAt
FROM otel_traces
WHERE ${IN_RANGE} AND TraceId != '' AND SpanId != '' AND ParentSpanId != ''
    AND ReceivedAt >= now64(3) - INTERVAL 7 DAY
    AND (TraceId, SpanId) NOT IN (SELECT trace_id, span_id FROM span_edges)`;

/** How many ledger rows and edges the spans lack that were received in a range, however long ago they started. */
export async function countMissing(db: Database, received: TimeRange): Promise<RepairResult> {
  const database = await currentDatabase(db);
  let calls = 0;
  let edges = 0;
  for (const part of await daysWithSpans(db, TIME, received)) {
    const missing = await countMissingInDay(db, database, repairParameters(part, received));
    calls += missing.calls;
    edges += missing.edges;
  }
  return { calls, edges };
}

async function countMissingInDay(db: Database, database: string, parameters: RepairParameters): Promise<RepairResult> {
  const [calls] = await db.query<{ missing: string }>(
    `SELECT uniqExact(tenant, trace_id, span_id, item) AS missing FROM (\n${missingRows(database)}\n)\n${SETTINGS}, ${BACKGROUND_SETTINGS}`,
    parameters,
  );
  const [edges] = await db.query<{ missing: string }>(
    `SELECT count() AS missing FROM (\n${MISSING_EDGES}\n)\nSETTINGS ${BACKGROUND_SETTINGS}`,
    parameters,
  );
  return { calls: Number(calls?.missing ?? 0), edges: Number(edges?.missing ?? 0) };
}

/** Ranges as parameters of the statements above. */
function repairParameters(started: TimeRange, received: TimeRange): RepairParameters {
  return {
    from: instantText(started.fromMs),
    to: instantText(started.toMs),
    key_from: instantText(Math.min(Math.max(started.fromMs, KEY_TIME.fromMs), KEY_TIME.toMs - 1)),
    key_to: instantText(Math.min(Math.max(started.toMs, KEY_TIME.fromMs + 1), KEY_TIME.toMs)),
    received_from: instantText(received.fromMs),
    received_to: instantText(received.toMs),
  };
}

/** A range that reaches to an end of what can be asked for means also the starts beyond it. */
function wholeTime({ fromMs, toMs }: TimeRange): TimeRange {
  return {
    fromMs: fromMs <= KEY_TIME.fromMs ? TIME.fromMs : fromMs,
    toMs: toMs >= KEY_TIME.toMs ? TIME.toMs : toMs,
  };
}

/**
 * Pieces of a range, each within one UTC day that has spans. Nothing sorts spans by receipt, so days are left out whose
 * parts are all older than it: one that holds a row was written, or merged, when the row came or later.
 */
async function daysWithSpans(db: Database, { fromMs, toMs }: TimeRange, received: TimeRange): Promise<TimeRange[]> {
  const rows = await db.query<{ day: string }>(
    `SELECT DISTINCT toDate32(Timestamp, 'UTC') AS day FROM otel_traces
WHERE ${IN_RANGE} AND _partition_id IN (
    SELECT DISTINCT partition_id FROM system.parts
    WHERE database = currentDatabase() AND table = 'otel_traces' AND active
        AND toUnixTimestamp(modification_time) + 60 >= toUnixTimestamp({received_from:DateTime64(3, 'UTC')})
)
ORDER BY day`,
    repairParameters({ fromMs, toMs }, received),
  );
  return rows.map(({ day }) => {
    const startMs = Date.parse(`${day}T00:00:00Z`);
    return { fromMs: Math.max(fromMs, startMs), toMs: Math.min(toMs, startMs + DAY_MS) };
  });
}
