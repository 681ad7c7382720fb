import { loadConfig, type Config } from '@costel/aggregator';
import { ratePeriods } from '@costel/pricing';
import { connectDatabase, type Database } from '@costel/store';
import { existsSync } from 'node:fs';
import { writeJson, writeLine } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { findRunningStack, reachableHost, type RunInfo } from '../run-file.js';
import { apiUrlOf, connectServer } from '../store-access.js';

/** How `costel doctor` answers. */
export interface DoctorFlags extends CommonFlags {
  readonly json?: boolean;
}

/** What was found out about one thing. */
interface Finding {
  readonly check: string;
  /** `warning`: figures may be incomplete; `problem`: something does not work. */
  readonly status: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  readonly fix?: string;
}

const DAY_MS = 86_400_000;
/** Prices change every few weeks; older data misses new models. */
const PRICE_DATA_MAX_AGE_DAYS = 45;
const REQUEST_TIMEOUT_MS = 5000;

function describe(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

function checkConfig(flags: CommonFlags): { readonly finding: Finding; readonly config: Config | undefined } {
  try {
    loadConfig(flags.config);
    const config = readConfig(flags);
    const detail = `${config.budgets.length} budgets, ${config.channels.length} channels besides the log`;
    return { finding: { check: 'configuration', status: 'ok', detail }, config };
  } catch (error) {
    const fix = 'correct the file; "costel config check" prints it with its defaults';
    return { finding: { check: 'configuration', status: 'problem', detail: describe(error), fix }, config: undefined };
  }
}

function checkPriceData(nowMs: number): Finding {
  const periods = ratePeriods({ provider: 'openai', model: 'gpt-4o-mini', serviceTier: '', region: '' });
  const asOf = 'reason' in periods ? undefined : periods.at(-1)?.asOf;
  if (asOf === undefined)
    return {
      check: 'price data',
      status: 'problem',
      detail: 'the price list cannot be read',
      fix: 'install Costel again',
    };
  const ageDays = Math.floor((nowMs - Date.parse(asOf)) / DAY_MS);
  const detail = `as of ${asOf}, ${ageDays} days old`;
  if (ageDays <= PRICE_DATA_MAX_AGE_DAYS) return { check: 'price data', status: 'ok', detail };
  return { check: 'price data', status: 'warning', detail, fix: 'update Costel: newer models may have no price' };
}

async function checkReady(run: RunInfo): Promise<Finding> {
  try {
    const response = await fetch(`${apiUrlOf(run)}/ready`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const body = (await response.json()) as { detail?: string };
    if (response.ok) return { check: 'stack', status: 'ok', detail: `process ${run.pid} serves ${apiUrlOf(run)}` };
    return {
      check: 'stack',
      status: 'problem',
      detail: body.detail ?? `HTTP ${response.status}`,
      fix: 'see the log of "costel up"',
    };
  } catch (error) {
    return { check: 'stack', status: 'problem', detail: describe(error), fix: 'see the log of "costel up"' };
  }
}

async function checkReceiver(run: RunInfo): Promise<Finding> {
  const url = `http://${reachableHost(run.host)}:${run.ports.otlp}`;
  try {
    // An export of nothing: answered like any other, and stores nothing.
    const response = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (response.ok) return { check: 'receiver', status: 'ok', detail: `takes OTLP/HTTP at ${url}` };
    return {
      check: 'receiver',
      status: 'problem',
      detail: `${url} answers HTTP ${response.status}`,
      fix: 'see the log of "costel up"',
    };
  } catch (error) {
    return {
      check: 'receiver',
      status: 'problem',
      detail: `${url}: ${describe(error)}`,
      fix: 'see the log of "costel up"',
    };
  }
}

async function checkSpans(database: Database): Promise<Finding> {
  const [spans] = await database.query<{ spans: string; last: string }>(
    'SELECT count() AS spans, toString(max(ReceivedAt)) AS last FROM otel_traces WHERE ReceivedAt >= now64(3) - INTERVAL 1 DAY',
  );
  const [calls] = await database.query<{ calls: string }>(
    'SELECT count() AS calls FROM llm_calls_final WHERE received_at >= now64(3) - INTERVAL 1 DAY',
  );
  if (Number(spans?.spans ?? 0) === 0) {
    const fix =
      'set OTEL_EXPORTER_OTLP_ENDPOINT in the application, or add register() of @costel/node; "npm run demo" sends some';
    return { check: 'spans', status: 'problem', detail: 'none arrived in 24 hours', fix };
  }
  const detail = `${spans?.spans ?? 0} in 24 hours, ${calls?.calls ?? 0} of them LLM calls; the last at ${spans?.last ?? ''} UTC`;
  if (Number(calls?.calls ?? 0) > 0) return { check: 'spans', status: 'ok', detail };
  return {
    check: 'spans',
    status: 'warning',
    detail,
    fix: 'none carries gen_ai.* attributes: instrument the LLM client, e.g. with @costel/node',
  };
}

async function checkPrices(database: Database): Promise<Finding> {
  const rows = await database.query<{ provider: string; model: string; reason: string; calls: string }>(
    `SELECT provider, model, cost_reason AS reason, count() AS calls FROM llm_calls_final
WHERE counted AND cost_status = 'unpriced' AND counted_at >= now64(3) - INTERVAL 7 DAY
GROUP BY provider, model, reason ORDER BY count() DESC LIMIT 20`,
  );
  if (rows.length === 0) return { check: 'unpriced models', status: 'ok', detail: 'every call of 7 days has a price' };
  const list = rows.map(
    (row) =>
      `${row.provider || '(no provider)'} ${row.model || '(no model)'}: ${row.reason.replaceAll('_', ' ')}, ${row.calls} calls`,
  );
  return {
    check: 'unpriced models',
    status: 'warning',
    detail: list.join('; '),
    fix: 'their cost is in no total; check the model names, or update Costel for newer prices',
  };
}

async function checkClocks(database: Database): Promise<Finding> {
  const rows = await database.query<{ service: string; status: string; calls: string }>(
    `SELECT service, clock_status AS status, count() AS calls FROM llm_calls
WHERE clock_status != 'ok' AND received_at >= now64(3) - INTERVAL 7 DAY
GROUP BY service, status ORDER BY count() DESC LIMIT 20`,
  );
  if (rows.length === 0) return { check: 'clocks', status: 'ok', detail: 'no call of 7 days had an implausible start' };
  const meanings: Readonly<Record<string, string>> = {
    corrected: 'corrected by its measured offset',
    received: 'counted at receipt',
  };
  const list = rows.map(
    (row) => `${row.service || '(no service)'}: ${row.calls} calls ${meanings[row.status] ?? row.status}`,
  );
  return {
    check: 'clocks',
    status: 'warning',
    detail: list.join('; '),
    fix: 'set the clock of these machines (NTP): their starts are more than 5 minutes ahead or over 400 days old',
  };
}

async function checkStore(database: Database): Promise<Finding[]> {
  const checks = [checkSpans, checkPrices, checkClocks];
  const findings: Finding[] = [];
  for (const check of checks) findings.push(await check(database));
  return findings;
}

interface Reached {
  readonly findings: readonly Finding[];
  readonly database: Database | undefined;
}

async function reachServer(url: string): Promise<Reached> {
  try {
    const database = await connectServer(url);
    await database.query('SELECT 1 FROM llm_calls LIMIT 0');
    return {
      findings: [{ check: 'clickhouse', status: 'ok', detail: `${new URL(url).host} answers and is migrated` }],
      database,
    };
  } catch (error) {
    const fix = 'check CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD; "costel migrate" makes the tables';
    return {
      findings: [{ check: 'clickhouse', status: 'problem', detail: describe(error), fix }],
      database: undefined,
    };
  }
}

async function reachStack(config: Config): Promise<Reached> {
  const { dataDirectory } = config.server;
  const run = await findRunningStack(dataDirectory);
  if (!run) {
    const where = existsSync(dataDirectory)
      ? `no stack runs on ${dataDirectory}`
      : `no stack runs, and there is no data in ${dataDirectory}`;
    return {
      findings: [{ check: 'stack', status: 'problem', detail: where, fix: 'start one: npm start, or costel up' }],
      database: undefined,
    };
  }
  const findings = [await checkReady(run), await checkReceiver(run)];
  const url = `http://${reachableHost(run.host)}:${run.ports.clickhouse}`;
  const database = await connectDatabase({ url, password: run.token });
  return { findings, database };
}

function toLines(finding: Finding): string[] {
  const mark = { ok: 'ok      ', warning: 'WARNING ', problem: 'PROBLEM ' }[finding.status];
  return [
    `${mark}${finding.check}: ${finding.detail}`,
    ...(finding.fix === undefined ? [] : [`        → ${finding.fix}`]),
  ];
}

/** `costel doctor`: says what works and what is missing; true when nothing needs attention. */
export async function runDoctor(flags: DoctorFlags): Promise<boolean> {
  const { finding, config } = checkConfig(flags);
  const findings: Finding[] = [finding, checkPriceData(Date.now())];
  if (config) {
    const url = process.env['CLICKHOUSE_URL'];
    const reached = url !== undefined && url !== '' ? await reachServer(url) : await reachStack(config);
    findings.push(...reached.findings);
    if (reached.database) {
      findings.push(...(await checkStore(reached.database)));
      await reached.database.close();
    }
  }
  if (flags.json === true) await writeJson({ findings });
  else for (const line of findings.flatMap(toLines)) await writeLine(line);
  return findings.every(({ status }) => status === 'ok');
}
