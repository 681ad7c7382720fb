import { InvalidArgumentError, type Command } from 'commander';
import type { ExitCode } from '../exit-codes.js';

/** Tells the exit code of a command that ended without an error. */
export type ReportExit = (code: ExitCode) => void;

/*
 * Every command loads its code when it runs: `costel price` must not wait for the ClickHouse engine to load.
 */

/** Adds all commands to the program, in the order in which the help lists them. */
export function addCommands(program: Command, _reportExit: ReportExit): void {
  addForecast(program);
  addConfig(program);
}

/** Reads a port number; 0 lets the system pick. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('A port is a whole number from 0 to 65535.');
  return port;
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

function addConfig(program: Command): void {
  const config = program.command('config').summary('check costel.yaml, print its schema');
  config
    .command('check')
    .summary('print the configuration with its defaults, or every problem with line, value and fix')
    .argument('[file]', 'default: $COSTEL_CONFIG, costel.yaml, .yml, .toml or .json here, then in /etc/costel')
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
