import type { UsageQuality } from '@costel/pricing';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { BUCKET_COUNT, USAGE_ARRAY_SQL, usageColumnsOf } from '../ledger/buckets.js';
import { withLedgerLock } from '../ledger/ledger-lock.js';
import { assertTurn } from '../ledger/work-lease.js';
import { JUDGED_BASE_SQL, UNJUDGED_SQL } from '../ledger/revisions.js';
import { COPIED_COLUMNS, REVISED_COLUMNS_SQL, reviseSelect } from '../ledger/revise-select.js';
import { currentDatabase } from '../migrate/migrate.js';
import { FINAL_SETTINGS } from '../query/cost-source.js';
import { instantText } from '../query/time-range.js';
import { recordProgress } from '../rollup/tick-progress.js';
import { querySql } from '../sql-files.js';
import { judgeCalls, type Verdict } from './judge-calls.js';
import type { JudgedCall } from './judged-call.js';
import {
  blockParameters,
  HOURS_AROUND,
  newsOfLook,
  newsOfMinute,
  slicesOf,
  startParameters,
  WIDE_HOURS_AROUND,
  type JudgeOptions,
  type News,
} from './news.js';
import type { SpanEdge } from './span-tree.js';
import { suspectsIn, type Suspects } from './suspects.js';

/** What one {@link judgeTraces} did. */
export interface JudgeResult {
  readonly traces: number;
  /** Calls that count otherwise than before. */
  readonly changedCalls: number;
}

/** Traces that one batch judges. */
const BATCH_TRACES = 2000;
const WIDE_EVERY_MS = 60_000;

/** When each database was last judged over many hours, by the caller's clock. */
const wideJudgings = new WeakMap<Database, number>();

/**
 * Judges the traces that have new spans and writes what changed as the next revision, price and verdict together, in one
 * statement a batch. Cheap when nothing is new. Calls of one trace that are more than an hour apart meet within a minute,
 * those more than a day apart do not.
 */
export async function judgeTraces(db: Database, options: JudgeOptions): Promise<JudgeResult> {
  const { nowMs } = options;
  const lastWideMs = wideJudgings.get(db);
  // A clock that has gone back would have nobody look that far until it is where it was.
  const isWide = lastWideMs === undefined || nowMs < lastWideMs || nowMs - lastWideMs >= WIDE_EVERY_MS;
  const narrow = await newsOfLook(db);
  const news = isWide ? await newsOfMinute(db, narrow, lastWideMs === undefined) : narrow;
  const { suspects, remember } = await suspectsIn(db, narrow, options, isWide);
  const hoursAround = isWide ? WIDE_HOURS_AROUND : HOURS_AROUND;
  const result = await judgeNews(db, news, { ...options, suspects, hoursAround });
  const records: bigint[] = [];
  for (const blocks of isWide ? [narrow.calls, narrow.edges, news.calls, news.edges] : [narrow.calls, narrow.edges]) {
    if (blocks.partitions.length > 0) records.push(await recordProgress(db, blocks));
  }
  if (isWide) wideJudgings.set(db, nowMs);
  await remember(records);
  return result;
}

interface NewsOptions extends JudgeOptions {
  readonly suspects: Suspects;
  readonly hoursAround: number;
}

async function judgeNews(
  db: Database,
  news: News,
  { suspects, hoursAround, ...options }: NewsOptions,
): Promise<JudgeResult> {
  const isNothingNew = news.calls.partitions.length === 0 && news.edges.partitions.length === 0;
  if (isNothingNew || suspects?.length === 0) return { traces: 0, changedCalls: 0 };
  let traces = 0;
  let changedCalls = 0;
  const sql = querySql('judge_candidates', {
    unjudged: UNJUDGED_SQL,
    suspected: suspects === undefined ? '1' : 'cityHash64(trace_id) IN {suspects:Array(UInt64)}',
    settings: BACKGROUND_SETTINGS,
  });
  for (const slice of await slicesOf(db, news.calls, options)) {
    const candidates = await db.query<CandidateRow>(sql, {
      ...blockParameters(news),
      ...startParameters(slice),
      ...(suspects === undefined ? {} : { suspects }),
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
    version: JUDGED_BASE_SQL,
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
