import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { toConfig, type Config } from './config.js';
import { describeIssue, labelOf } from './describe-issue.js';
import { parseSource, type ConfigPath } from './parse-source.js';
import { configSchema, losesDigits, type ConfigFile } from './schema.js';
import { resolveSecrets, type SecretSources } from './secrets.js';

/** The names that are looked for, in this order, when no file is given. */
export const CONFIG_FILE_NAMES = ['costel.yaml', 'costel.yml', 'costel.toml', 'costel.json'] as const;

/** Where a system-wide configuration is looked for, after the current directory. */
const SYSTEM_DIRECTORY = '/etc/costel';

function findConfigFile(sources: SecretSources): string | undefined {
  const named = sources.env['COSTEL_CONFIG'];
  if (named !== undefined && named !== '') return named;
  const candidates = [...CONFIG_FILE_NAMES, ...CONFIG_FILE_NAMES.map((name) => join(SYSTEM_DIRECTORY, name))];
  return candidates.find((path) => existsSync(path));
}

/**
 * Reads and checks a configuration file. Without a path it is the one that `COSTEL_CONFIG` names, else the first of
 * `CONFIG_FILE_NAMES` in the current directory, else in /etc/costel; where none exists the defaults hold.
 * @throws ConfigError with every problem of the file, each with file, line, value, limit and fix.
 */
export function loadConfig(path?: string, sources: SecretSources = { env: process.env }): Config {
  const found = path ?? findConfigFile(sources);
  if (found === undefined) return parseConfig('', 'costel.yaml', sources);
  let text: string;
  try {
    text = readFileSync(found, 'utf8');
  } catch (error) {
    const message = `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfigError('config_unreadable', [{ message, file: found }], error);
  }
  return parseConfig(text, found, sources);
}

/** Checks a configuration given as text; `file` tells its language and is named in errors. */
export function parseConfig(text: string, file: string, sources: SecretSources = { env: {} }): Config {
  const shownFile = basename(file);
  const source = parseSource(text, shownFile);
  const { value, references, problems } = resolveSecrets(source.value ?? {}, sources);
  const at = (problemPath: ConfigPath, message: string): ConfigProblem => {
    const line = source.lineOf(problemPath);
    return { message, file: shownFile, ...(line === undefined ? {} : { line }) };
  };
  const found: ConfigProblem[] = problems.map((problem) =>
    at(problem.path, `${labelOf(problem.path, value)}${problem.message}`),
  );
  const parsed = configSchema.safeParse(value);
  for (const issue of found.length > 0 ? [] : (parsed.error?.issues ?? [])) {
    for (const described of describeIssue(issue, value, references)) found.push(at(described.path, described.message));
  }
  if (parsed.success) found.push(...checkReferences(parsed.data, value, at));
  if (found.length > 0 || !parsed.success) throw new ConfigError('config_invalid', inFileOrder(found));
  return toConfig(parsed.data, dirname(resolve(file)));
}

function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

/** What one value alone cannot tell: names that repeat, channels that do not exist, numbers that lost digits. */
function checkReferences(
  config: ConfigFile,
  written: unknown,
  at: (path: ConfigPath, message: string) => ConfigProblem,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (path: ConfigPath, message: string): number =>
    problems.push(at(path, `${labelOf(path, written)}${message}`));
  for (const section of ['budgets', 'channels'] as const) {
    const seen = new Map<string, number>();
    for (const [index, item] of config[section].entries()) {
      const first = seen.get(item.name);
      if (first !== undefined)
        report(
          [section, index, 'name'],
          `name ${JSON.stringify(item.name)} is taken by ${section} #${first + 1}; choose another`,
        );
      else seen.set(item.name, index);
    }
  }
  const channels = new Set(['log', ...config.channels.map((channel) => channel.name)]);
  for (const [index, budget] of config.budgets.entries()) {
    for (const [position, channel] of (budget.channels ?? []).entries()) {
      if (channels.has(channel)) continue;
      report(
        ['budgets', index, 'channels', position],
        `channel ${JSON.stringify(channel)} is not configured; configured are ${[...channels].join(', ')}`,
      );
    }
    const limit = (written as { budgets?: { limit_usd?: unknown }[] }).budgets?.[index]?.limit_usd;
    if (typeof limit === 'number' && losesDigits(limit)) {
      report(
        ['budgets', index, 'limit_usd'],
        `limit_usd ${limit} has more than 15 digits and would be rounded; write it in quotes`,
      );
    }
  }
  return problems;
}
