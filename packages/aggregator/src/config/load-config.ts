import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkSource, type ReportAt } from './check-source.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { toConfig, type Config } from './config.js';
import { losesDigits } from './number-text.js';
import { checkPrices } from './prices-config.js';
import { configSchema, type ConfigFile } from './schema.js';
import type { SecretSources } from './secrets.js';

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

/** A checked configuration in its file's own names, with defaults, and the file that it came from. */
export interface LoadedConfigFile {
  readonly config: ConfigFile;
  /** Undefined where no file exists and the defaults hold. */
  readonly path: string | undefined;
}

/**
 * Reads and checks a configuration file. Without a path it is the one that `COSTEL_CONFIG` names, else the first of
 * `CONFIG_FILE_NAMES` in the current directory, else in /etc/costel; where none exists the defaults hold.
 * @throws ConfigError with every problem of the file, each with file, line, value, limit and fix.
 */
export function loadConfigFile(path?: string, sources: SecretSources = { env: process.env }): LoadedConfigFile {
  const found = path ?? findConfigFile(sources);
  if (found === undefined) return { config: checkConfigText('', 'costel.yaml', sources), path: undefined };
  let text: string;
  try {
    text = readFileSync(found, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    // The system's message ends with the name, which the problem has anyway.
    const message = `the configuration cannot be read: ${reason.replace(/, open '.*'$/, '')}`;
    throw new ConfigError('config_unreadable', [{ message, file: found }], error);
  }
  return { config: checkConfigText(text, found, sources), path: found };
}

/** Reads and checks a configuration file as `loadConfigFile` does, and maps it to our names. @throws ConfigError. */
export function loadConfig(path?: string, sources: SecretSources = { env: process.env }): Config {
  const loaded = loadConfigFile(path, sources);
  return toConfig(loaded.config, dirname(resolve(loaded.path ?? 'costel.yaml')));
}

/** Checks a configuration given as text; `file` tells its language and is named in errors. @throws ConfigError. */
export function parseConfig(text: string, file: string, sources: SecretSources = { env: {} }): Config {
  return toConfig(checkConfigText(text, file, sources), dirname(resolve(file)));
}

function checkConfigText(text: string, file: string, sources: SecretSources): ConfigFile {
  return checkSource({ text, file, schema: configSchema, sources, checkWhole: checkReferences });
}

/** What one value alone cannot tell: names that repeat, channels that do not exist, numbers that lost digits. */
function checkReferences(config: ConfigFile, written: unknown, reportAt: ReportAt): ConfigProblem[] {
  const channelNames = ['log', ...config.channels.map((channel) => channel.name)];
  return [
    ...repeatedNames('budgets', config.budgets, reportAt),
    ...repeatedNames('channels', [{ name: 'log' }, ...config.channels], reportAt),
    ...config.budgets.flatMap((budget, index) =>
      (budget.channels ?? []).flatMap((channel, position) =>
        channelNames.includes(channel)
          ? []
          : [
              reportAt(
                ['budgets', index, 'channels', position],
                `channel ${JSON.stringify(channel)} is not configured; configured are ${channelNames.join(', ')}`,
              ),
            ],
      ),
    ),
    ...roundedLimits(written, reportAt),
    ...checkPrices(config.prices).map(({ path, message }) => reportAt(path, message)),
  ];
}

/** The log is a channel that is always there, so its name is taken. */
function repeatedNames(
  section: 'budgets' | 'channels',
  items: readonly { readonly name: string }[],
  reportAt: ReportAt,
): ConfigProblem[] {
  const builtIn = section === 'channels' ? 1 : 0;
  const firstByName = new Map<string, number>();
  return items.flatMap(({ name }, index) => {
    const first = firstByName.get(name);
    if (first === undefined) {
      firstByName.set(name, index);
      return [];
    }
    const holder = first < builtIn ? 'Costel itself' : `${section} #${first - builtIn + 1}`;
    const message = `name ${JSON.stringify(name)} is taken by ${holder}; choose another`;
    return [reportAt([section, index - builtIn, 'name'], message)];
  });
}

function roundedLimits(written: unknown, reportAt: ReportAt): ConfigProblem[] {
  const budgets = (written as { readonly budgets?: readonly { readonly limit_usd?: unknown }[] }).budgets ?? [];
  return budgets.flatMap(({ limit_usd: limit }, index) =>
    typeof limit === 'number' && losesDigits(limit)
      ? [
          reportAt(
            ['budgets', index, 'limit_usd'],
            `limit_usd ${limit} has more than 15 digits and would be rounded; write it in quotes`,
          ),
        ]
      : [],
  );
}
