import { resolve } from 'node:path';
import type { PriceRules } from '@costel/pricing';
import { toPriceRules } from './prices-config.js';
import type { ConfigFile } from './schema.js';

/** Where the stack listens and keeps its data. */
export interface ServerConfig {
  readonly host: string;
  /** Page and API; 0 lets the system pick. */
  readonly port: number;
  readonly otlpPort: number;
  readonly clickhousePort: number;
  /** Absolute path. */
  readonly dataDirectory: string;
  readonly publicUrl?: string;
  readonly allowedHosts: readonly string[];
}

/** A limit on what may be spent in a calendar window. */
export interface BudgetConfig {
  readonly name: string;
  /** Dimension values that a call must have to count; empty means everything. */
  readonly scope: Readonly<Record<string, readonly string[]>>;
  /** Dimensions whose every combination of values has the whole limit for itself. */
  readonly groupBy: readonly string[];
  /** Exact decimal dollars, > 0. */
  readonly limitUsd: string;
  readonly window: 'day' | 'week' | 'month';
  readonly timeZone: string;
  /** Percent of the limit, ascending. */
  readonly thresholdsPercent: readonly number[];
  /** Channel names; absent means all. */
  readonly channels?: readonly string[];
}

/** A channel that alerts are posted to. */
export interface WebhookConfig {
  readonly name: string;
  readonly type: 'webhook';
  readonly url: string;
  readonly allowPrivateAddresses: boolean;
}

/** How long rows are kept. */
export interface RetentionConfig {
  /** Spans, logs and metric points. */
  readonly rawDays: number;
  /** Calls and quarter-hour rollups. */
  readonly ledgerDays: number;
}

/** Everything that `costel.yaml` says, with defaults. */
export interface Config {
  readonly server: ServerConfig;
  readonly tenant: string;
  readonly budgets: readonly BudgetConfig[];
  readonly channels: readonly WebhookConfig[];
  readonly retention: RetentionConfig;
  /** What is paid instead of list prices. */
  readonly prices: PriceRules;
}

/** The one place where the file's names become ours. `baseDirectory` is what relative paths in the file start from. */
export function toConfig(file: ConfigFile, baseDirectory: string): Config {
  const { server } = file;
  return {
    server: {
      host: server.host,
      port: server.port,
      otlpPort: server.otlp_port,
      clickhousePort: server.clickhouse_port,
      dataDirectory: resolve(baseDirectory, server.data_directory),
      ...(server.public_url === undefined ? {} : { publicUrl: server.public_url }),
      allowedHosts: server.allowed_hosts,
    },
    tenant: file.tenant,
    budgets: file.budgets.map(toBudgetConfig),
    retention: { rawDays: file.retention.raw_days, ledgerDays: file.retention.ledger_days },
    prices: toPriceRules(file.prices),
    channels: file.channels.map((channel) => ({
      name: channel.name,
      type: channel.type,
      url: channel.url,
      allowPrivateAddresses: channel.allow_private_addresses,
    })),
  };
}

function toScope(scope: Readonly<Record<string, string | string[] | undefined>>): Record<string, readonly string[]> {
  const entries = Object.entries(scope).flatMap(([dimension, value]) =>
    value === undefined ? [] : [[dimension, [value].flat()] as const],
  );
  return Object.fromEntries(entries);
}

/** Maps one budget of a file. */
export function toBudgetConfig(budget: ConfigFile['budgets'][number]): BudgetConfig {
  return {
    name: budget.name,
    scope: toScope(budget.scope),
    groupBy: budget.group_by,
    limitUsd: budget.limit_usd,
    window: budget.window,
    timeZone: budget.time_zone,
    thresholdsPercent: [...budget.thresholds].sort((a, b) => a - b),
    ...(budget.channels === undefined ? {} : { channels: budget.channels }),
  };
}
