import type { UsageQuality } from '@costel/pricing';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { BUCKET_COUNT, USAGE_ARRAY_SQL, usageColumnsOf } from '../ledger/buckets.js';
import { withLedgerLock } from '../ledger/ledger-lock.js';
import { assertTurn } from '../ledger/work-lease.js';
import { UNJUDGED_BELOW } from '../ledger/revisions.js';
import { COPIED_COLUMNS, REVISED_COLUMNS_SQL, reviseSelect } from '../ledger/revise-select.js';
import { currentDatabase } from '../migrate/migrate.js';
import { FINAL_SETTINGS } from '../query/cost-source.js';
import { DAY_MS, instantText, type TimeRange } from '../query/time-range.js';
import { newBlocks, recordProgress, type NewBlocks } from '../rollup/tick-progress.js';
import { querySql } from '../sql-files.js';
import { judgeCalls, type JudgedCall, type Verdict } from './judge-calls.js';
import type { SpanEdge } from './span-tree.js';

/** How {@link judgeTraces} works. */
export interface JudgeOptions {
  /** Milliseconds since 1970: the clock of the caller. */
  readonly nowMs: number;
  /** Calls that started earlier are not judged again. Default 8 days: edges are kept for 7. */
  readonly lookBackMs?: number;
}

/** What one {@link judgeTraces} did. */
export interface JudgeResult {
  readonly traces: number;
  /** Calls that count otherwise than before. */
  readonly changedCalls: number;
}

const DEFAULT_LOOK_BACK_MS = 8 * DAY_MS;
/** Traces that one batch judges. */
const BATCH_TRACES = 2000;
const HOUR_MS = 3_600_000;
/** Hours around a new span in which every judging looks for the other calls of its trace. */
const HOURS_AROUND = 1;
/** Hours around it in which one a minute looks: agents run for long, and late spans come. */
const WIDE_HOURS_AROUND = 24;
const WIDE_EVERY_MS = 60_000;
/** A day of more rows that was never judged (an import) is judged hour by hour. */
const MAX_ROWS_AT_ONCE = 1_000_000;
const END_OF_TIME_MS = Date.UTC(2100, 0, 1);

/** When each database was last judged over many hours, by the caller's clock. */
const wideJudgings = new WeakMap<Database, number>();

/**
 * Judges the traces that have new spans and writes what changed as the next revision, price and verdict together, in one
 * statement a batch. Cheap when nothing is new. Calls of one trace that are more than an hour apart meet within a minute,
 * those more than a day apart do not.
 */
export async function judgeTraces(db: Database, options: JudgeOptions): Promise<JudgeResult> {
  const { nowMs } = options;
  const isWide = nowMs - (wideJudgings.get(db) ?? Number.NEGATIVE_INFINITY) >= WIDE_EVERY_MS;
  const narrow = {
    calls: await newBlocks(db, 'judge_calls', 'llm_calls'),
    edges: await newBlocks(db, 'judge_edges', 'span_edges'),
  };
  const news = isWide ? await newsOfMinute(db, narrow) : narrow;
  const result = await judgeNews(db, news, options, isWide ? WIDE_HOURS_AROUND : HOURS_AROUND);
  for (const blocks of isWide ? [narrow.calls, narrow.edges, news.calls, news.edges] : [narrow.calls, narrow.edges]) {
    if (blocks.partitions.length > 0) await recordProgress(db, blocks);
  }
  if (isWide) wideJudgings.set(db, nowMs);
  return result;
}

interface News {
  readonly calls: NewBlocks;
  readonly edges: NewBlocks;
}

/** What is new since the last wide judging; since the last one of any kind where there was none. */
async function newsOfMinute(db: Database, narrow: News): Promise<News> {
  const calls = await newBlocks(db, 'judge_wide_calls', 'llm_calls');
  const edges = await newBlocks(db, 'judge_wide_edges', 'span_edges');
  return { calls: notBefore(calls, narrow.calls), edges: notBefore(edges, narrow.edges) };
}

function notBefore(wide: NewBlocks, narrow: NewBlocks): NewBlocks {
  const read = new Map(narrow.partitions.map((partition, index) => [partition, narrow.blocks[index] ?? 0n]));
  const blocks = wide.partitions.map((partition, index) => {
    const block = wide.blocks[index] ?? 0n;
    return block > 0n ? block : (read.get(partition) ?? wide.newest[index] ?? 0n);
  });
  return { ...wide, blocks };
}

async function judgeNews(
  db: Database,
  { calls, edges }: News,
  options: JudgeOptions,
  hoursAround: number,
): Promise<JudgeResult> {
  if (calls.partitions.length === 0 && edges.partitions.length === 0) return { traces: 0, changedCalls: 0 };
  const fromMs = Math.max(0, options.nowMs - (options.lookBackMs ?? DEFAULT_LOOK_BACK_MS));
  let traces = 0;
  let changedCalls = 0;
  for (const slice of await slicesOf(db, calls, fromMs)) {
    const candidates = await db.query<CandidateRow>(querySql('judge_candidates', { settings: BACKGROUND_SETTINGS }), {
      call_partitions: calls.partitions,
      call_blocks: calls.blocks,
      edge_partitions: edges.partitions,
      edge_blocks: edges.blocks,
      unjudged_below: UNJUDGED_BELOW,
      new_from: instantText(slice.fromMs),
      new_to: instantText(slice.toMs),
      now: instantText(options.nowMs),
      around: hoursAround,
    });
    traces += candidates.length;
    for (let first = 0; first < candidates.length; first += BATCH_TRACES) {
      const batch = candidates.slice(first, first + BATCH_TRACES);
      changedCalls += await withLedgerLock(db, async () => judgeBatch(db, batch, options.nowMs));
    }
  }
  return { traces, changedCalls };
}

interface CandidateRow {
  readonly trace_id: string;
  readonly hours: readonly string[];
}

/** The starts of new calls, in as many ranges as memory asks for: one, but for days that were never judged. */
async function slicesOf(db: Database, calls: NewBlocks, fromMs: number): Promise<readonly TimeRange[]> {
  const unread = calls.partitions.filter((_partition, index) => calls.blocks[index] === 0n);
  const whole = [{ fromMs, toMs: END_OF_TIME_MS }];
  if (unread.length === 0) return whole;
  const [row] = await db.query<{ rows: string }>(
    `SELECT sum(rows) AS rows FROM system.parts
WHERE database = currentDatabase() AND table = 'llm_calls' AND active AND partition_id IN {unread:Array(String)}`,
    { unread },
  );
  if (Number(row?.rows ?? 0) <= MAX_ROWS_AT_ONCE) return whole;
  const ranges: TimeRange[] = [];
  const endMs = fromMs + DEFAULT_LOOK_BACK_MS + DAY_MS;
  for (let hourMs = fromMs; hourMs < endMs; hourMs += HOUR_MS) ranges.push({ fromMs: hourMs, toMs: hourMs + HOUR_MS });
  return [...ranges, { fromMs: endMs, toMs: END_OF_TIME_MS }];
}

interface CallRow {
  readonly tenant: string;
  readonly started: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly item: number;
  readonly parent_span_id: string;
  readonly provider: string;
  readonly operation: string;
  readonly response_id: string;
  readonly start_ms: string;
  readonly end_ms: string;
  readonly own_usage: readonly string[];
  readonly usage: readonly string[];
  readonly usage_quality: UsageQuality;
  readonly has_reported_cost: number;
  readonly is_ours: number;
  readonly is_recorded_cost: number;
  readonly counted: number;
  readonly verdict: string;
}

async function judgeBatch(db: Database, candidates: readonly CandidateRow[], nowMs: number): Promise<number> {
  const traces = candidates.map((row) => row.trace_id);
  const hours = [...new Set(candidates.flatMap((row) => row.hours))];
  const rows = await db.query<CallRow>(
    querySql('judged_calls', { usage: USAGE_ARRAY_SQL, buckets: String(BUCKET_COUNT), settings: FINAL_SETTINGS }),
    {
      traces,
      hours,
      days: [...new Set(hours.map((hour) => hour.slice(0, 10)))],
    },
  );
  const edges = await db.query<{ trace_id: string; span_id: string; parent_span_id: string }>(
    'SELECT DISTINCT trace_id, span_id, parent_span_id FROM span_edges WHERE trace_id IN {traces:Array(String)}',
    { traces },
  );
  const byCall = new Map(rows.map((row) => [callOf(row), row]));
  const spanEdges = edges.map((edge) => ({
    traceId: edge.trace_id,
    spanId: edge.span_id,
    parentSpanId: edge.parent_span_id,
  }));
  const verdicts = clustersOf([...byCall.keys()], spanEdges).flatMap(({ calls, edges: own }) => judgeCalls(calls, own));
  const changed = verdicts.flatMap((verdict) => {
    const row = byCall.get(verdict.call);
    return row === undefined || isAsItStands(verdict, row) ? [] : [{ verdict, row }];
  });
  if (changed.length === 0) return 0;
  const batch = BigInt(nowMs) * 1_000_000n + BigInt(Math.floor(Math.random() * 1_000_000));
  await db.insertRows(
    'llm_verdicts',
    changed.map(({ verdict, row }) => ({
      batch: batch.toString(),
      tenant: row.tenant,
      started: row.started,
      trace_id: row.trace_id,
      span_id: row.span_id,
      item: row.item,
      counted: verdict.counted ? 1 : 0,
      verdict: verdict.verdict,
      usage: verdict.usage,
    })),
  );
  await assertTurn(db, 'correct');
  await applyVerdicts(db, batch);
  return changed.length;
}

function callOf(row: CallRow): JudgedCall {
  return {
    tenant: row.tenant,
    traceId: row.trace_id,
    spanId: row.span_id,
    item: row.item,
    parentSpanId: row.parent_span_id,
    provider: row.provider,
    operation: row.operation,
    responseId: row.response_id,
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    usage: row.own_usage.map(Number),
    quality: row.usage_quality,
    hasReportedCost: row.has_reported_cost === 1,
    isOurs: row.is_ours === 1,
    isRecordedCost: row.is_recorded_cost === 1,
  };
}

function isAsItStands(verdict: Verdict, row: CallRow): boolean {
  return (
    verdict.verdict === row.verdict &&
    verdict.counted === (row.counted === 1) &&
    verdict.usage.every((count, bucket) => count === Number(row.usage[bucket]))
  );
}

interface Cluster {
  readonly calls: readonly JudgedCall[];
  readonly edges: readonly SpanEdge[];
}

/** Calls that are judged together: those of one trace, and of traces that share a response id; with their edges. */
function clustersOf(calls: readonly JudgedCall[], edges: readonly SpanEdge[]): readonly Cluster[] {
  const leaders = new Map<string, string>();
  const leaderOf = (id: string): string => {
    let leader = id;
    for (let next = leaders.get(leader); next !== undefined && next !== leader; next = leaders.get(leader))
      leader = next;
    leaders.set(id, leader);
    return leader;
  };
  const traceOf = (tenant: string, traceId: string) => JSON.stringify([tenant, traceId]);
  for (const call of calls) {
    if (call.responseId === '') continue;
    const answer = leaderOf(JSON.stringify([call.tenant, call.provider, call.responseId, 'answer']));
    leaders.set(leaderOf(traceOf(call.tenant, call.traceId)), answer);
  }
  const clusters = new Map<string, JudgedCall[]>();
  for (const call of calls) {
    const leader = leaderOf(traceOf(call.tenant, call.traceId));
    const members = clusters.get(leader);
    if (members === undefined) clusters.set(leader, [call]);
    else members.push(call);
  }
  const edgesByTrace = new Map<string, SpanEdge[]>();
  for (const edge of edges) edgesByTrace.set(edge.traceId, [...(edgesByTrace.get(edge.traceId) ?? []), edge]);
  return [...clusters.values()].map((members) => ({
    calls: members,
    edges: [...new Set(members.map((call) => call.traceId))].flatMap((traceId) => edgesByTrace.get(traceId) ?? []),
  }));
}

/** Writes the rows of a batch of verdicts under their next revision, priced again for what counts of them. */
async function applyVerdicts(db: Database, batch: bigint): Promise<void> {
  const database = await currentDatabase(db);
  const judged: Readonly<Record<string, string>> = {
    counted: 'v.counted',
    verdict: 'v.verdict',
    ...usageColumnsOf('v.usage'),
  };
  const columns = COPIED_COLUMNS.map((column) => `${judged[column] ?? `c.\`${column}\``} AS \`${column}\``);
  const rows = `SELECT
    ${columns.join(',\n    ')}
FROM (
    SELECT * FROM llm_calls FINAL
    WHERE toDate(started) IN (SELECT toDate(started) FROM llm_verdicts WHERE batch = {batch:UInt64})
        AND trace_id IN (SELECT trace_id FROM llm_verdicts WHERE batch = {batch:UInt64})
) AS c
INNER JOIN (SELECT * FROM llm_verdicts WHERE batch = {batch:UInt64}) AS v
ON c.tenant = v.tenant AND c.started = v.started AND c.trace_id = v.trace_id AND c.span_id = v.span_id AND c.item = v.item`;
  await db.command(
    `INSERT INTO llm_calls (${REVISED_COLUMNS_SQL})
${reviseSelect(database, rows)}
${FINAL_SETTINGS}, optimize_and_compare_chain = 0, query_plan_merge_expressions = 0`,
    { batch },
  );
}
