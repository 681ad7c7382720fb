import { driftGauges, type Database } from '@costel/store';
import { DOCTOR_SERVICE } from './check-pipeline.js';
import { describe, type Finding, fine, problem, warning } from './finding.js';

const NOT_OURS = `ServiceName != '${DOCTOR_SERVICE}'`;

async function checkSpans(database: Database): Promise<Finding> {
  const [spans] = await database.query<{ spans: string; last: string }>(
    `SELECT count() AS spans, toString(max(ReceivedAt)) AS last FROM otel_traces
WHERE ReceivedAt >= now64(3) - INTERVAL 1 DAY AND ${NOT_OURS}`,
  );
  const [calls] = await database.query<{ calls: string }>(
    'SELECT count() AS calls FROM llm_calls_final WHERE received_at >= now64(3) - INTERVAL 1 DAY',
  );
  if (Number(spans?.spans ?? 0) === 0) {
    const fix =
      'set OTEL_EXPORTER_OTLP_ENDPOINT in the application, or add register() of @costel/node; "npm run demo" sends some';
    return problem('spans', 'none arrived in 24 hours', fix);
  }
  const detail = `${spans?.spans ?? 0} in 24 hours, ${calls?.calls ?? 0} of them LLM calls; the last at ${spans?.last ?? ''} UTC`;
  if (Number(calls?.calls ?? 0) > 0) return fine('spans', detail);
  return warning(
    'spans',
    detail,
    'none carries gen_ai.* attributes: instrument the LLM client, e.g. with @costel/node',
  );
}

async function checkPrices(database: Database): Promise<Finding> {
  const rows = await database.query<{ provider: string; model: string; reason: string; calls: string }>(
    `SELECT provider, model, cost_reason AS reason, count() AS calls FROM llm_calls_final
WHERE counted AND cost_status = 'unpriced' AND counted_at >= now64(3) - INTERVAL 7 DAY
GROUP BY provider, model, reason ORDER BY count() DESC LIMIT 20`,
  );
  if (rows.length === 0) return fine('unpriced models', 'every call of 7 days has a price');
  const list = rows.map(
    (row) =>
      `${row.provider || '(no provider)'} ${row.model || '(no model)'}: ${row.reason.replaceAll('_', ' ')}, ${row.calls} calls`,
  );
  const fix = 'their cost is in no total: correct the model names, add prices to costel.yaml, or get newer price data';
  return warning('unpriced models', list.join('; '), fix);
}

const CLOCK_FIX = 'set the clock of these machines (NTP)';

async function checkStarts(database: Database): Promise<Finding> {
  const rows = await database.query<{ service: string; status: string; calls: string }>(
    `SELECT service, clock_status AS status, count() AS calls FROM llm_calls
WHERE clock_status != 'ok' AND received_at >= now64(3) - INTERVAL 7 DAY
GROUP BY service, status ORDER BY count() DESC LIMIT 20`,
  );
  if (rows.length === 0) return fine('clocks', 'no call of 7 days had an implausible start');
  const meanings: Readonly<Record<string, string>> = {
    corrected: 'corrected by its measured offset',
    received: 'counted at receipt',
  };
  const list = rows.map(
    (row) => `${row.service || '(no service)'}: ${row.calls} calls ${meanings[row.status] ?? row.status}`,
  );
  const fix = `${CLOCK_FIX}: their starts are more than 5 minutes ahead or over 400 days old`;
  return warning('clocks', list.join('; '), fix);
}

/** Spans of a service before its lag means anything. */
const LEAST_SPANS = 20;
/** Exporters and collectors wait seconds, not minutes; what ends after it is received has a clock that is ahead. */
const MOST_LAG_MS = 60_000;
const LEAST_LAG_MS = -2000;
/** Lag of a queue grows and shrinks; that of a wrong clock stays the same, but for the wait of a batch. */
const CONSTANT_WITHIN_MS = 30_000;

interface Lag {
  readonly service: string;
  readonly low_ms: number;
  readonly median_ms: number;
  readonly high_ms: number;
}

/** A service whose spans all arrive about equally late, or before they have ended, has a clock that is off by that much. */
async function checkSkew(database: Database): Promise<Finding> {
  const rows = await database.query<Lag>(
    `SELECT ServiceName AS service, count() AS spans, lag[1] AS low_ms, lag[2] AS median_ms, lag[3] AS high_ms,
  quantiles(0.1, 0.5, 0.9)(toUnixTimestamp64Milli(ReceivedAt) - intDiv(toUnixTimestamp64Nano(Timestamp), 1000000) - toInt64(intDiv(Duration, 1000000))) AS lag
FROM otel_traces
WHERE ReceivedAt >= now64(3) - INTERVAL 1 DAY AND Timestamp >= now() - INTERVAL 8 DAY AND ${NOT_OURS}
GROUP BY service HAVING spans >= ${LEAST_SPANS} AND (median_ms < ${LEAST_LAG_MS} OR median_ms > ${MOST_LAG_MS} AND high_ms - low_ms < ${CONSTANT_WITHIN_MS})
ORDER BY abs(median_ms) DESC LIMIT 20`,
  );
  if (rows.length === 0) return fine('clock skew', 'no service of 24 hours lags by the same time always');
  const list = rows.map(({ service, median_ms: medianMs }) => {
    const seconds = Math.round(Math.abs(medianMs) / 1000);
    return `${service || '(no service)'} is about ${seconds} s ${medianMs < 0 ? 'ahead' : 'behind'}`;
  });
  const fix = `${CLOCK_FIX}; a call near midnight or a month's end is counted in the wrong one`;
  return warning('clock skew', list.join('; '), fix);
}

async function checkDrift(database: Database): Promise<Finding> {
  const drift = await driftGauges(database, { nowMs: Date.now() });
  const { rawToLedgerCalls, ledgerToRollupCalls, ledgerToRollupUsd } = drift;
  if (rawToLedgerCalls === 0 && ledgerToRollupCalls === 0 && Number(ledgerToRollupUsd) === 0) {
    return fine('drift', 'raw spans, ledger and rollups of 24 hours agree');
  }
  const detail = `${rawToLedgerCalls} calls are missing in the ledger; rollups differ by ${ledgerToRollupCalls} calls, $${ledgerToRollupUsd}`;
  const fromDate = drift.from.toISOString().slice(0, 10);
  return problem('drift', detail, `run "costel repair --from ${fromDate}"; if it stays, report it`);
}

const CHECKS: readonly (readonly [string, (database: Database) => Promise<Finding>])[] = [
  ['spans', checkSpans],
  ['unpriced models', checkPrices],
  ['clocks', checkStarts],
  ['clock skew', checkSkew],
  ['drift', checkDrift],
];

/** Everything that the tables tell; a check that cannot be made is a problem of its own and does not hide the others. */
export async function checkStore(database: Database): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [name, check] of CHECKS) {
    findings.push(
      await check(database).catch((error: unknown) =>
        problem(name, `could not be checked: ${describe(error)}`, 'run "costel migrate", and see the log of the store'),
      ),
    );
  }
  return findings;
}
