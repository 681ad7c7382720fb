import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CommonFlags } from '../read-config.js';
import type { BackupFlags } from './backup.js';
import type { CostsFlags } from './costs.js';
import type { DoctorFlags } from './doctor.js';
import type { ExportFlags } from './export.js';
import { addPrice, addPrices } from './price-commands.js';
import type { RepairFlags } from './repair.js';
import type { RepriceFlags } from './reprice.js';
import type { UpFlags } from './up.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';

/** Tells the exit code of a command that ended without an error. */
export type ReportExit = (code: ExitCode) => void;

/*
 * Every command loads its code when it runs: `costel price` must not wait for the ClickHouse engine to load.
 */

/** Adds all commands to the program, in the order in which the help lists them. */
export function addCommands(program: Command, reportExit: ReportExit): void {
  addUp(program);
  addServer(program);
  addDoctor(program, reportExit);
  addCosts(program);
  addPrice(program, reportExit, parseInstant);
  addPrices(program, reportExit, parseInstant);
  addForecast(program);
  addExport(program);
  addRepair(program);
  addBackup(program);
  addReprice(program);
  addBudget(program, reportExit);
  addConfig(program);
}

/** Reads a port number; 0 lets the system pick. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
}

/** Reads how many rows are wanted. */
function parseLimit(text: string): number {
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(limit >= 1 && limit <= 1000)) throw new InvalidArgumentError('A limit is a whole number from 1 to 1000.');
  return limit;
}

/** Reads a date or an instant with a zone as milliseconds; a date means its first moment in UTC. */
export function parseInstant(text: string): number {
  const isInstant = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const ms = isInstant ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('A date is written 2026-11-22, an instant 2026-11-22T10:00:00Z.');
  return ms;
}

const CONFIG_HELP = 'default: $COSTEL_CONFIG, costel.yaml, .yml, .toml or .json here, then in /etc/costel';
const DATA_HELP = 'data directory of the embedded stack (default: ./.costel)';

function addUp(program: Command): void {
  program
    .command('up')
    .summary('run the embedded stack: engine, OTLP receiver, ClickHouse interface, page and API')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', 'where the data is kept (default: ./.costel)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'page and API (default: 4320; 0: any free one)', parsePort)
    .option('--otlp-port <port>', 'OTLP/HTTP (default: 4318)', parsePort)
    .option('--otlp-grpc-port <port>', 'OTLP/gRPC, 4317 by custom (default: none)', parsePort)
    .option('--clickhouse-port <port>', 'ClickHouse HTTP interface (default: 8123)', parsePort)
    .action(async (options: UpFlags) => {
      const { runUp } = await import('./up.js');
      await runUp(options);
    });
}

function addServer(program: Command): void {
  program
    .command('aggregator')
    .summary('run the service, page and API on a ClickHouse server')
    .description(
      'Needs CLICKHOUSE_URL; CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and CLICKHOUSE_DATABASE are honoured. Run "costel migrate" before.',
    )
    .option('--config <file>', CONFIG_HELP)
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--port <port>', 'page and API (default: 4320; 0: any free one)', parsePort)
    .action(async (options: CommonFlags) => {
      const { runAggregator } = await import('./server.js');
      await runAggregator(options);
    });
  program
    .command('migrate')
    .summary('bring the tables of the store to this version')
    .description(
      'Of the server that CLICKHOUSE_URL names, else of the data directory. Prints which migrations were applied.',
    )
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .option('--cluster <name>', 'create replicated and distributed tables on this ClickHouse cluster')
    .option('--dry-run', 'print every statement of the schema, and run none; needs neither server nor data directory')
    .action(async (options: MigrateFlags) => {
      const { runMigrate } = await import('./server.js');
      await runMigrate(options);
    });
}

type MigrateFlags = CommonFlags & { readonly cluster?: string; readonly dryRun?: boolean };

function addDoctor(program: Command, reportExit: ReportExit): void {
  program
    .command('doctor')
    .summary('say what works and what is missing: stack, spans, prices, clocks')
    .description(
      'Sends one marked span through OTLP and looks for it in the raw table and in the ledger (where it counts as no call), then looks at prices, clocks, drift and what was rejected. Of the server that CLICKHOUSE_URL names, else of the running stack. Every finding that is not ok says what to do. Exit code 3 when something needs attention.',
    )
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .option(
      '--otlp-endpoint <url>',
      'receiver or collector to send the span to (default: $OTEL_EXPORTER_OTLP_ENDPOINT, the running stack, http://127.0.0.1:4318)',
    )
    .option('--no-send', 'send no span')
    .option('--json', 'print the findings as one JSON object')
    .action(async (options: DoctorFlags) => {
      const { runDoctor } = await import('./doctor.js');
      if (!(await runDoctor(options))) reportExit(EXIT_CODES.findings);
    });
}

function addCosts(program: Command): void {
  program
    .command('costs')
    .summary('what calls cost, by model, feature, user or any other dimension')
    .description('Exact dollars of this month (UTC) unless a range is given, the dearest first.')
    .option('--by <dimension>', 'model, provider, feature, user, customer, team, service, …, or tag.NAME', 'model')
    .option('--from <date>', 'calls counted then or later (default: start of the month)', parseInstant)
    .option('--to <date>', 'calls counted before (default: now)', parseInstant)
    .option('--limit <rows>', 'how many values are shown; the others are one row', parseLimit, 20)
    .option('--json', 'print one JSON object, as GET /api/v1/costs/by/DIMENSION does')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (options: CostsFlags) => {
      const { showCosts } = await import('./costs.js');
      await showCosts(options);
    });
}

function addBackup(program: Command): void {
  program
    .command('backup')
    .summary('copy the data directory, also of a running stack, into a new directory that a stack can be started on')
    .requiredOption('--to <directory>', 'where to; must not exist')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (options: BackupFlags) => {
      const { runBackup } = await import('./backup.js');
      await runBackup(options);
    });
}

function addRepair(program: Command): void {
  program
    .command('repair')
    .summary('derive the ledger from raw spans again where rows are missing; running it twice changes nothing')
    .requiredOption('--from <date>', 'spans that started then or later', parseInstant)
    .option('--to <date>', 'spans that started before (default: now)', parseInstant)
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (options: RepairFlags) => {
      const { runRepair } = await import('./repair.js');
      await runRepair(options);
    });
}

function addReprice(program: Command): void {
  program
    .command('reprice')
    .summary('price the calls of a range again by the prices known now; a preview, unless --apply is given')
    .description(
      'Prints calls and dollars before and after, by model. With --apply the calls get new versions under the same identity; readers see the old total or the new one and nothing between, while spans go on coming in. What a provider stated as its cost stays. GET /api/v1/reprices lists what was done.',
    )
    .requiredOption('--from <date>', 'calls counted then or later', parseInstant)
    .option('--to <date>', 'calls counted before (default: now)', parseInstant)
    .option('--apply', 'write the new prices')
    .option('--json', 'print one JSON object')
    .option('--config <file>', CONFIG_HELP)
    .option('--data <directory>', DATA_HELP)
    .action(async (options: RepriceFlags) => {
      const { runReprice } = await import('./reprice.js');
      await runReprice(options);
    });
}

function addExport(program: Command): void {
  const parent = program.command('export').summary('calls, or costs by hour, as CSV or JSON lines');
  const add = (name: 'calls' | 'hourly', summary: string): void => {
    parent
      .command(name)
      .summary(summary)
      .requiredOption('--from <date>', 'start, inclusive', parseInstant)
      .option('--to <date>', 'end, exclusive (default: now)', parseInstant)
      .addOption(
        new Option('--format <format>', 'csv, or json: an object a line').choices(['csv', 'json']).default('csv'),
      )
      .option('--config <file>', CONFIG_HELP)
      .option('--data <directory>', DATA_HELP)
      .action(async (options: ExportFlags) => {
        const { exportCalls, exportHourly } = await import('./export.js');
        await (name === 'calls' ? exportCalls(options) : exportHourly(options));
      });
  };
  add('calls', 'every call that counts, with its dimensions, usage and exact cost');
  add('hourly', 'cost by UTC hour and the dimensions of few values');
}

function addForecast(program: Command): void {
  program
    .command('forecast')
    .summary('forecast daily spend and the sum to a month’s end, JSON lines in and out')
    .description(
      'Reads one task a line, {"id", "history": [["2026-11-01", 1.5], …], "dates": […], "rem": 8}, and writes mean, quantiles and the sum of the first "rem" dates.',
    )
    .argument('[files...]', 'files of JSON lines; stdin when none is given')
    .action(async (files: string[]) => {
      const { forecastLines } = await import('./forecast.js');
      await forecastLines(files);
    });
}

function addBudget(program: Command, reportExit: ReportExit): void {
  program
    .command('budget')
    .summary('try budgets out')
    .command('test')
    .summary('spend in, alerts expected: does a budget do what is meant?')
    .description(
      'Reads files with "budgets" as in costel.yaml, "spend" [{at, usd, of: {feature: search}}] and "alerts" [{at, budget, threshold, of}] that must fire and no others. Exit code 3 when they differ.',
    )
    .argument('<files...>', 'YAML, TOML or JSON')
    .action(async (files: string[]) => {
      const { testBudgetFiles } = await import('./budget.js');
      if (!(await testBudgetFiles(files))) reportExit(EXIT_CODES.findings);
    });
}

function addConfig(program: Command): void {
  const config = program.command('config').summary('check costel.yaml, print its schema');
  config
    .command('check')
    .summary('print the configuration with its defaults, or every problem with line, value and fix')
    .argument('[file]', CONFIG_HELP)
    .action(async (file: string | undefined) => {
      const { checkConfig } = await import('./config.js');
      await checkConfig(file);
    });
  config
    .command('schema')
    .summary('print the JSON schema of the configuration file')
    .action(async () => {
      const { printConfigSchema } = await import('./config.js');
      await printConfigSchema();
    });
}
