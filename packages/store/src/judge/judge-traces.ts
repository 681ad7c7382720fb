import type { UsageQuality } from '@costel/pricing';
import type { Database } from '../database.js';
import { BUCKET_COUNT, USAGE_ARRAY_SQL, usageColumnsOf } from '../ledger/buckets.js';
import { withLedgerLock } from '../ledger/ledger-lock.js';
import { assertTurn } from '../ledger/work-lease.js';
import { REVISION_STEP } from '../ledger/ledger-select.js';
import { COPIED_COLUMNS, REVISED_COLUMNS_SQL, reviseSelect } from '../ledger/revise-select.js';
import { currentDatabase } from '../migrate/migrate.js';
import { FINAL_SETTINGS } from '../query/cost-source.js';
import { DAY_MS, instantText } from '../query/time-range.js';
import { newBlocks, recordProgress } from '../rollup/tick-progress.js';
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

/**
 * Judges the traces that have new spans and writes what changed as the next revision, price and verdict together, in one
 * statement a batch. Cheap when nothing is new.
 */
export async function judgeTraces(db: Database, options: JudgeOptions): Promise<JudgeResult> {
  const startedFrom = instantText(Math.max(0, options.nowMs - (options.lookBackMs ?? DEFAULT_LOOK_BACK_MS)));
  const calls = await newBlocks(db, 'judge_calls', 'llm_calls');
  const edges = await newBlocks(db, 'judge_edges', 'span_edges');
  if (calls.partitions.length === 0 && edges.partitions.length === 0) return { traces: 0, changedCalls: 0 };
  const candidates = await db.query<{ trace_id: string }>(querySql('judge_candidates'), {
    call_partitions: calls.partitions,
    call_blocks: calls.blocks,
    edge_partitions: edges.partitions,
    edge_blocks: edges.blocks,
    revision_step: REVISION_STEP,
    started_from: startedFrom,
  });
  const traces = [...new Set(candidates.map((row) => row.trace_id))];
  let changedCalls = 0;
  for (let first = 0; first < traces.length; first += BATCH_TRACES) {
    const batch = traces.slice(first, first + BATCH_TRACES);
    changedCalls += await withLedgerLock(db, async () => judgeBatch(db, batch, startedFrom, options.nowMs));
  }
  await recordProgress(db, calls);
  await recordProgress(db, edges);
  return { traces: traces.length, changedCalls };
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

async function judgeBatch(
  db: Database,
  traces: readonly string[],
  startedFrom: string,
  nowMs: number,
): Promise<number> {
  const rows = await db.query<CallRow>(
    querySql('judged_calls', { usage: USAGE_ARRAY_SQL, buckets: String(BUCKET_COUNT), settings: FINAL_SETTINGS }),
    { traces, started_from: startedFrom },
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
