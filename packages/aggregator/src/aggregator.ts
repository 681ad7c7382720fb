import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createOutbox, type Outbox } from '@costel/notify';
import { utcDay, type Database } from '@costel/store';
import type { Config } from './config/config.js';
import { alertsEndpoint, budgetsEndpoint } from './http/alert-endpoints.js';
import { createApp } from './http/app.js';
import type { BackUp } from './http/backup-endpoint.js';
import { costEndpoints } from './http/cost-endpoints.js';
import { forecastEndpoint } from './http/forecast-endpoint.js';
import type { GuardSources } from './http/guard-endpoint.js';
import { healthEndpoints } from './http/health-endpoints.js';
import { repricesEndpoint } from './http/reprice-endpoint.js';
import { createStderrLog, type Log } from './logger.js';
import { createPriceSource } from './prices/price-source.js';
import { createStoreParts } from './reading/create-store-parts.js';
import type { StoreParts } from './reading/store-parts.js';
import { BudgetReader } from './service/budget-reader.js';
import { createBudgetService, type BudgetService } from './service/budget-service.js';
import { toBudgets } from './service/budget-watch.js';
import { createChannels } from './service/channels.js';
import { createForecastService } from './service/forecast-service.js';
import { formatPrometheus, type MetricFamily } from './service/prometheus.js';
import { unpricedMetrics } from './service/quality-metrics.js';
import { budgetMetrics, tickMetrics, todayMetrics } from './service/service-metrics.js';
import { createUnpricedWatch, type UnpricedWatch } from './service/unpriced-alerts.js';
import { startTicker, type Tick, type TickHealth, type Ticker } from './service/ticker.js';

/** What an aggregator is made of. */
export interface AggregatorOptions {
  /** Migrated already. */
  readonly database: Database;
  /** The other shards of a cluster, migrated too: figures are of all, work is done on all. Default: none. */
  readonly shards?: readonly Database[];
  readonly config: Config;
  /** Milliseconds since 1970. Default: the machine's clock. */
  readonly clock?: () => number;
  /** Default: lines on stderr. */
  readonly log?: Log;
  /** Identity that `health` answers with. Default: random. */
  readonly instance?: string;
  /** Whoever sends it may have the ledger repaired over HTTP; nobody may where it is absent. */
  readonly adminToken?: string;
  /** The token of budget guards in applications, which may do nothing else; the admin token opens to them too. */
  readonly guardToken?: string;
  /** Lets the bearer of the token have a backup written; the embedded store's. Default: nobody may. */
  readonly backUp?: BackUp;
  /** Further metrics of the process, e.g. of the receiver beside it. */
  readonly readMetrics?: () => readonly MetricFamily[];
  /** Where the page's files are. Default: this package's build. */
  readonly webDirectory?: string;
}

/** The running service: rollups, budgets, alerts, API and page. */
export interface Aggregator {
  /** Where API and page are served. */
  readonly port: number;
  readonly instance: string;
  readonly ticker: Ticker;
  /** Serves no new request, ends what runs, and leaves the database open. */
  readonly stop: () => Promise<void>;
}

/** How often each piece of work is done; see the README for what each interval costs. */
const INTERVALS_MS = {
  resolve_rates: 500,
  judge_traces: 1000,
  build_rollups: 2000,
  evaluate_budgets: 2000,
  deliver_alerts: 1000,
  measure_drift: 300_000,
  drop_old_builds: 300_000,
  apply_retention: 86_400_000,
  heal_unpriced: 5000,
  watch_unpriced: 10_000,
  measure_quality: 60_000,
} as const;

/** Everything that the service is wired from. */
interface Wiring {
  readonly options: AggregatorOptions;
  readonly parts: StoreParts;
  readonly clock: () => number;
  readonly log: Log;
  readonly outbox: Outbox;
  readonly budgets: BudgetService;
  readonly unpriced: UnpricedWatch;
}

/** A wildcard address is no address to go to. */
const WILDCARDS: readonly string[] = ['0.0.0.0', '::'];

function publicUrlOf({ server }: Config, port: number): string {
  if (server.publicUrl !== undefined) return server.publicUrl;
  const host = WILDCARDS.includes(server.host) ? 'localhost' : server.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function wire(options: AggregatorOptions, parts: StoreParts, portOf: () => number): Wiring {
  const { config, database } = options;
  const clock = options.clock ?? Date.now;
  const log = options.log ?? createStderrLog(clock);
  const channels = createChannels(config.channels, (line) => log('warn', `alert ${line}`));
  const outbox = createOutbox({ database, channels, clock, tenant: config.tenant });
  const budgets = createBudgetService({
    config,
    readSpend: parts.readSpend,
    readLedgerVersion: parts.readLedgerVersion,
    outbox,
    publicUrl: () => publicUrlOf(config, portOf()),
    clock,
  });
  const unpriced = createUnpricedWatch({
    readUnpriced: parts.reader.readUnpriced,
    outbox,
    channelNames: config.channels.map(({ name }) => name),
    publicUrl: () => publicUrlOf(config, portOf()),
    clock,
  });
  return { options, parts, clock, log, outbox, budgets, unpriced };
}

function ticksOf({ parts, budgets, unpriced, outbox }: Wiring): Tick[] {
  const tick = (name: keyof typeof INTERVALS_MS, run: () => Promise<void>, isUpkeep = false): Tick => ({
    name,
    intervalMs: INTERVALS_MS[name],
    run,
    isUpkeep,
  });
  return [
    tick('resolve_rates', parts.resolveRates),
    tick('judge_traces', parts.judgeTraces),
    tick('build_rollups', parts.buildRollups),
    tick('evaluate_budgets', budgets.evaluate),
    tick('deliver_alerts', async () => void (await outbox.deliverPending())),
    tick('measure_drift', parts.measureDrift, true),
    tick('drop_old_builds', parts.dropOldBuilds, true),
    tick('apply_retention', parts.applyRetention, true),
    tick('heal_unpriced', parts.healUnpriced, true),
    tick('watch_unpriced', unpriced.evaluate, true),
    tick('measure_quality', parts.measureQuality, true),
  ];
}

async function renderMetrics(
  { options, parts, clock, budgets, unpriced }: Wiring,
  ticks: readonly TickHealth[],
): Promise<string> {
  const today = await parts.reader.readCosts({ range: utcDay(clock()), groupBy: [], filters: {} });
  return formatPrometheus([
    ...todayMetrics(today.total),
    ...budgetMetrics(await budgets.readStatuses()),
    ...unpricedMetrics(unpriced.models()),
    ...parts.readGauges(),
    ...tickMetrics(ticks),
    ...(options.readMetrics?.() ?? []),
  ]);
}

/** Listens; an address or port that cannot be had is the error of the system, e.g. `EADDRINUSE`. */
async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** How long requests that are under way may take to end when the service stops. */
const DRAIN_MS = 2000;

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(timer);
}

/** Starts the service on a migrated database. @throws the system's error when the port cannot be had. */
export async function createAggregator(options: AggregatorOptions): Promise<Aggregator> {
  const { database, shards, config, clock = Date.now } = options;
  const { tenant, retention } = config;
  const log = options.log ?? createStderrLog(clock);
  return startAggregator(
    options,
    createStoreParts({ database, shards, tenant, retention, clock, log, prices: createPriceSource(config, log) }),
  );
}

/** What guards are answered from; undefined where there is no token that they could show. */
function guardSources(
  { config, adminToken, guardToken }: AggregatorOptions,
  { readSpend, readLedgerVersion, findCounted }: StoreParts,
  clock: () => number,
): GuardSources | undefined {
  const tokens = [adminToken, guardToken].filter((token) => token !== undefined);
  if (tokens.length === 0) return undefined;
  const budgets = toBudgets(config.budgets);
  const reader = new BudgetReader({ budgets, readSpend, readLedgerVersion, clock });
  return { tokens, budgets, findCounted, readBudgets: () => reader.readNow() };
}

/** Starts the service on parts of a store: its ticks, API and page. */
async function startAggregator(options: AggregatorOptions, parts: StoreParts): Promise<Aggregator> {
  let port = options.config.server.port;
  const wiring = wire(options, parts, () => port);
  const { clock, log, outbox, budgets } = wiring;
  const { config } = options;
  const instance = options.instance ?? randomUUID();
  const startedAtMs = clock();
  // Requests are answered only once the ticker is there: it starts after the port is ours.
  const late: { ticker?: Ticker } = {};
  const tickHealth = (): readonly TickHealth[] => late.ticker?.health() ?? [];
  const app = createApp({
    endpoints: [
      ...costEndpoints(parts.reader),
      repricesEndpoint(parts.listReprices),
      forecastEndpoint(createForecastService(parts.reader, clock)),
      budgetsEndpoint(budgets.readStatuses),
      alertsEndpoint((filter) => outbox.listAlerts(filter)),
      ...healthEndpoints({ instance, startedAtMs, ping: parts.ping, tickHealth }),
    ],
    access: { host: config.server.host, allowedHosts: config.server.allowedHosts },
    clock,
    log,
    webDirectory: options.webDirectory,
    admin: options.adminToken === undefined ? undefined : { token: options.adminToken, ...parts },
    backUp: options.backUp,
    guard: guardSources(options, parts, clock),
    renderMetrics: () => renderMetrics(wiring, tickHealth()),
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  port = await listen(server, config.server.host, config.server.port);
  const running = startTicker(ticksOf(wiring), log, clock);
  late.ticker = running;
  return {
    port,
    instance,
    ticker: running,
    stop: async () => {
      await Promise.all([close(server), running.stop()]);
    },
  };
}
