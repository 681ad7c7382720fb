import { loadConfigFile, loadPriceBook, type Config } from '@costel/aggregator';
import { connectDatabase, type Database } from '@costel/store';
import { existsSync } from 'node:fs';
import { checkPipeline } from '../doctor/check-pipeline.js';
import { checkStack, otlpUrlOf } from '../doctor/check-stack.js';
import { checkStore } from '../doctor/check-store.js';
import { describe, type Finding, findingLines, fine, problem, warning } from '../doctor/finding.js';
import { CliError } from '../exit-codes.js';
import { writeJson, writeLine } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { findRunningStack, reachableHost, type RunInfo } from '../run-file.js';
import { connectServer } from '../store-access.js';

/** How `costel doctor` looks and answers. */
export interface DoctorFlags extends CommonFlags {
  readonly json?: boolean;
  /** Base address of OTLP/HTTP that the marked span is sent to. */
  readonly otlpEndpoint?: string;
  /** False with `--no-send`: nothing is written. */
  readonly send: boolean;
}

const DAY_MS = 86_400_000;
/** Prices change every few weeks; older data misses new models. */
const PRICE_DATA_MAX_AGE_DAYS = 45;
/** Where a collector listens when it is told nothing. */
const DEFAULT_OTLP_URL = 'http://127.0.0.1:4318';

function checkConfig(flags: CommonFlags): { readonly finding: Finding; readonly config: Config | undefined } {
  try {
    const { path } = loadConfigFile(flags.config);
    const config = readConfig(flags);
    const holds = `${config.budgets.length} budgets, ${config.channels.length} channels besides the log`;
    const detail = path === undefined ? 'none for this command, which takes the defaults' : `${path}: ${holds}`;
    return { finding: fine('configuration', detail), config };
  } catch (error) {
    const fix = 'correct the file; "costel config check" prints it with its defaults';
    return { finding: problem('configuration', describe(error), fix), config: undefined };
  }
}

/** How old the price data is: that of the data directory where it was updated, else the one that ships. */
function checkPriceData(config: Config, nowMs: number): Finding {
  try {
    const asOf = loadPriceBook(config).catalogues[0]?.asOf;
    if (asOf === undefined) return problem('price data', 'there is none', 'install Costel again');
    const ageDays = Math.floor((nowMs - Date.parse(asOf)) / DAY_MS);
    const detail = `as of ${asOf}, ${ageDays} days old`;
    if (ageDays <= PRICE_DATA_MAX_AGE_DAYS) return fine('price data', detail);
    return warning('price data', detail, 'get newer ones or update Costel: newer models may have no price');
  } catch (error) {
    return problem('price data', describe(error), 'get the price data again, or remove that file');
  }
}

/** A store that was reached, or not. */
interface Reached {
  readonly findings: readonly Finding[];
  readonly database: Database | undefined;
  /** Where the store's own receiver listens; a server has none. */
  readonly otlpUrl: string | undefined;
}

async function reachServer(url: string): Promise<Reached> {
  try {
    const database = await connectServer(url);
    await database.query('SELECT 1 FROM llm_calls LIMIT 0');
    const finding = fine('clickhouse', `${new URL(url).host} answers and is migrated`);
    return { findings: [finding], database, otlpUrl: undefined };
  } catch (error) {
    const fix = 'check CLICKHOUSE_URL, CLICKHOUSE_USER and CLICKHOUSE_PASSWORD; "costel migrate" makes the tables';
    return { findings: [problem('clickhouse', describe(error), fix)], database: undefined, otlpUrl: undefined };
  }
}

async function reachStack(config: Config): Promise<Reached> {
  const { dataDirectory } = config.server;
  const unreached = (detail: string, fix: string): Reached => ({
    findings: [problem('stack', detail, fix)],
    database: undefined,
    otlpUrl: undefined,
  });
  let run: RunInfo | undefined;
  try {
    run = await findRunningStack(dataDirectory);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const fix =
      error.code === 'stack_silent' ? 'see the log of "costel up"' : 'its run.json is readable by its owner alone';
    return unreached(error.message, fix);
  }
  if (!run) {
    const where = existsSync(dataDirectory)
      ? `no stack runs on ${dataDirectory}`
      : `no stack runs, and there is no data in ${dataDirectory}`;
    return unreached(where, 'start one: npm start, or costel up');
  }
  const findings = await checkStack(run);
  const url = `http://${reachableHost(run.host)}:${run.ports.clickhouse}`;
  const database = await connectDatabase({ url, password: run.token });
  return { findings, database, otlpUrl: otlpUrlOf(run) };
}

async function examine(flags: DoctorFlags, config: Config): Promise<readonly Finding[]> {
  const url = process.env['CLICKHOUSE_URL'];
  const { database, findings, otlpUrl } =
    url !== undefined && url !== '' ? await reachServer(url) : await reachStack(config);
  if (database === undefined) return findings;
  try {
    const asked = flags.otlpEndpoint ?? process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    const endpoint = asked === undefined || asked === '' ? (otlpUrl ?? DEFAULT_OTLP_URL) : asked;
    const pipeline = flags.send ? [await checkPipeline({ otlpUrl: endpoint, database })] : [];
    return [...findings, ...pipeline, ...(await checkStore(database))];
  } finally {
    await database.close();
  }
}

/** `costel doctor`: says what works and what is missing; true when nothing needs attention. */
export async function runDoctor(flags: DoctorFlags): Promise<boolean> {
  const { finding, config } = checkConfig(flags);
  const findings = [finding];
  if (config) findings.push(checkPriceData(config, Date.now()), ...(await examine(flags, config)));
  const isWell = findings.every(({ status }) => status === 'ok');
  if (flags.json === true) await writeJson({ ok: isWell, findings });
  else for (const line of findings.flatMap(findingLines)) await writeLine(line);
  return isWell;
}
