import { randomBytes } from 'node:crypto';
import type { Database } from '@costel/store';
import { ANSWER_TIMEOUT_MS } from '../run-file.js';
import { describe, type Finding, fine, problem } from './finding.js';

/** By which everybody knows the doctor's span: its service, and the operation that the ledger never counts. */
export const DOCTOR_SERVICE = 'costel-doctor';
export const DOCTOR_OPERATION = 'costel_doctor';

/** A collector sends what it has after half a second, and tries again after at most two. */
const ARRIVAL_TIMEOUT_MS = 15_000;
const LOOK_AGAIN_MS = 100;

/** What the way of a span is tried with. */
export interface PipelineOptions {
  /** Base address of OTLP/HTTP, without `/v1/traces`. */
  readonly otlpUrl: string;
  readonly database: Database;
  /** Longest wait for the span to be stored, in milliseconds. */
  readonly arrivalTimeoutMs?: number;
}

interface MarkedSpan {
  readonly traceId: string;
  readonly body: string;
}

/** One span that looks like a call, costs nothing by its own word, and is known by its operation. */
function makeMarkedSpan(nowMs: number): MarkedSpan {
  const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
  const traceId = randomBytes(16).toString('hex');
  const nowNs = BigInt(nowMs) * 1_000_000n;
  const span = {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    name: 'costel doctor',
    kind: 1,
    startTimeUnixNano: String(nowNs),
    endTimeUnixNano: String(nowNs + 1_000_000n),
    attributes: [text('gen_ai.operation.name', DOCTOR_OPERATION), text('costel.cost.status', 'not_billable')],
  };
  const resource = { attributes: [text('service.name', DOCTOR_SERVICE)] };
  return {
    traceId,
    body: JSON.stringify({
      resourceSpans: [{ resource, scopeSpans: [{ scope: { name: DOCTOR_SERVICE }, spans: [span] }] }],
    }),
  };
}

/** What went wrong, or undefined once the span is acknowledged. */
async function sendSpan(otlpUrl: string, { body }: MarkedSpan): Promise<Finding | undefined> {
  const url = `${otlpUrl.replace(/\/+$/, '')}/v1/traces`;
  const fix = `start the receiver or the collector, or name its address with --otlp-endpoint or OTEL_EXPORTER_OTLP_ENDPOINT`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    const answer = await response.text();
    if (response.status === 429 || response.status === 503) {
      const overload = 'it is overloaded, or cannot write: see its log, and whether ClickHouse answers';
      return problem('pipeline', `${url} answers HTTP ${response.status}: ${answer.slice(0, 200)}`, overload);
    }
    if (!response.ok)
      return problem('pipeline', `${url} answers HTTP ${response.status}: ${answer.slice(0, 200)}`, fix);
    if (!answer.includes('rejectedSpans')) return undefined;
    return problem('pipeline', `${url} rejected the span: ${answer.slice(0, 200)}`, 'update Costel or the collector');
  } catch (error) {
    return problem('pipeline', `${url} cannot be reached: ${describe(error)}`, fix);
  }
}

interface Stored {
  readonly raw: string;
  readonly ledger: string;
  readonly counting: string;
  readonly cost: string | null;
}

async function lookFor(database: Database, traceId: string, sinceMs: number): Promise<Stored> {
  const [stored] = await database.query<Stored>(
    `SELECT
  (SELECT count() FROM otel_traces WHERE TraceId = {trace:String} AND ServiceName = {service:String}
    AND Timestamp >= fromUnixTimestamp64Milli({since:Int64})) AS raw,
  count() AS ledger, sum(toInt64(counted)) AS counting, sum(cost_usd) AS cost
FROM llm_calls FINAL
WHERE trace_id = {trace:String} AND started >= fromUnixTimestamp64Milli({since:Int64})`,
    { trace: traceId, service: DOCTOR_SERVICE, since: sinceMs },
  );
  return stored ?? { raw: '0', ledger: '0', counting: '0', cost: null };
}

/**
 * Sends one marked span through OTLP and looks for it in the raw table and in the ledger, where it has a row that counts as
 * no call and has no cost.
 */
export async function checkPipeline({
  otlpUrl,
  database,
  arrivalTimeoutMs = ARRIVAL_TIMEOUT_MS,
}: PipelineOptions): Promise<Finding> {
  const nowMs = Date.now();
  const span = makeMarkedSpan(nowMs);
  const failure = await sendSpan(otlpUrl, span);
  if (failure !== undefined) return failure;
  const sentMs = performance.now();
  const elapsedMs = (): number => performance.now() - sentMs;
  let stored = await lookFor(database, span.traceId, nowMs);
  while ((Number(stored.raw) === 0 || Number(stored.ledger) === 0) && elapsedMs() < arrivalTimeoutMs) {
    await new Promise((next) => setTimeout(next, LOOK_AGAIN_MS));
    stored = await lookFor(database, span.traceId, nowMs);
  }
  return judgeArrival(stored, otlpUrl, elapsedMs());
}

function judgeArrival(stored: Stored, otlpUrl: string, elapsedMs: number): Finding {
  const seconds = (elapsedMs / 1000).toFixed(1);
  if (Number(stored.raw) === 0) {
    const fix = `look at the collector's otelcol_exporter_queue_size and log (can it write to this ClickHouse?), and whether ${otlpUrl} belongs to this store`;
    return problem('pipeline', `${otlpUrl} acknowledged a span that is not stored after ${seconds} s`, fix);
  }
  if (Number(stored.ledger) === 0) {
    const detail = `a span reached otel_traces, but the ledger has no row of it after ${seconds} s`;
    return problem('pipeline', detail, 'run "costel migrate" (is the view there?), then "costel repair"');
  }
  if (Number(stored.counting) !== 0 || Number(stored.cost ?? 0) !== 0) {
    const detail = 'the marked span counts as a call; the tables are older than this command';
    return problem('pipeline', detail, 'run "costel migrate"');
  }
  return fine(
    'pipeline',
    `a marked span went through ${otlpUrl} to raw table and ledger in ${seconds} s; it counts as no call`,
  );
}
