import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { untilDayLasts } from '../../../test/support/day.js';
import { openTestDatabase, recordCalls, type TestDatabase } from './support/ledger.js';

interface Alert {
  readonly id: string;
  readonly idempotency_key: string;
  readonly state: string;
  readonly budget: string;
  readonly threshold: number;
  readonly spent_usd: string;
  readonly limit_usd: string;
  readonly scope: Record<string, string>;
  readonly url: string;
}

const received: { alert: Alert; key: string | undefined }[] = [];
let answer = 200;
let webhook: Server;
let store: TestDatabase;
let aggregator: Aggregator;
const log: string[] = [];

async function readBody(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const alert = JSON.parse(await readBody(request)) as Alert;
  received.push({ alert, key: request.headers['idempotency-key'] as string | undefined });
  response.writeHead(answer).end();
}

beforeAll(async () => {
  await untilDayLasts(60_000);
  webhook = createServer((request, response) => void receive(request, response));
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  store = await openTestDatabase();
  await start();
});

afterAll(async () => {
  await aggregator?.stop();
  await store?.remove();
  webhook?.close();
});

async function start(): Promise<void> {
  const { port } = webhook.address() as AddressInfo;
  const config = parseConfig(
    `
server: { port: 0 }
channels:
  - { name: ops, type: webhook, url: "http://127.0.0.1:${port}/hook", allow_private_addresses: true }
budgets:
  - { name: everything, limit_usd: 0.001, window: month, time_zone: Asia/Kathmandu }
  - { name: search, limit_usd: 0.0004, window: day, scope: { feature: search }, thresholds: [50, 100] }
  - { name: quiet, limit_usd: 0.0002, window: day, thresholds: [100], channels: [log] }
`,
    'costel.yaml',
  );
  const record = (_level: string, message: string): unknown => log.push(message);
  aggregator = await createAggregator({ database: store.database, config, log: record });
}

/** Runs what the ticks run, in the order of the flow. */
async function settle(): Promise<void> {
  for (const name of ['resolve_rates', 'judge_traces', 'evaluate_budgets', 'deliver_alerts'])
    await aggregator.ticker.runNow(name);
}

interface ListedAlert {
  readonly budget: string;
  readonly threshold: number;
  readonly deliveries: readonly { channel: string; outcome: string; attempts: number }[];
}

async function firingAlerts(): Promise<readonly ListedAlert[]> {
  const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/alerts?state=firing`);
  return ((await response.json()) as { alerts: readonly ListedAlert[] }).alerts;
}

/** What the webhook has got, as `budget threshold`, in any order. */
function told(): string[] {
  return received
    .map(({ alert }) => `${alert.budget} ${alert.threshold} ${alert.state}`)
    .sort((a, b) => (a < b ? -1 : 1));
}

describe('a budget', () => {
  it('tells each threshold that was crossed once, with its figures and its key', async () => {
    // $0.00021 a call: 42 % and 52.5 %.
    await recordCalls(store.database, [
      { attributes: { 'costel.feature': 'search' } },
      { attributes: { 'costel.feature': 'search' } },
    ]);
    await settle();
    await settle();
    expect(told()).toEqual(['search 100 firing', 'search 50 firing']);
    const { alert, key } = received[0] ?? {};
    expect(alert).toMatchObject({ spent_usd: '0.00042', limit_usd: '0.0004', scope: { feature: 'search' } });
    expect(alert?.url).toBe(`http://127.0.0.1:${aggregator.port}`);
    expect(key).toBe(alert?.idempotency_key);
    expect(log.filter((line) => line.startsWith('alert ') && line.includes('"quiet"'))).toHaveLength(1);
  });

  it('tells nothing again after a restart, and goes on where it was', async () => {
    await aggregator.stop();
    await store.reopen();
    await start();
    await settle();
    expect(told()).toHaveLength(2);
    await recordCalls(store.database, [{}, {}]);
    await settle();
    // 84 % of everything: two thresholds at once.
    expect(told()).toEqual(['everything 50 firing', 'everything 75 firing', 'search 100 firing', 'search 50 firing']);
  });

  it('is told again until the receiver takes it, under one key', async () => {
    answer = 503;
    await recordCalls(store.database, [{}]);
    await settle();
    expect(told()).toContain('everything 100 firing');
    answer = 200;
    const isDelivered = async () => {
      await aggregator.ticker.runNow('deliver_alerts');
      return (await firingAlerts()).every(({ deliveries }) =>
        deliveries.every(({ outcome }) => outcome === 'delivered'),
      );
    };
    await expect.poll(isDelivered).toBe(true);
    const keys = new Map<string, Set<string>>();
    for (const { alert, key } of received) keys.set(alert.id, (keys.get(alert.id) ?? new Set()).add(key ?? ''));
    for (const used of keys.values()) expect(used.size).toBe(1);
    const alerts = await firingAlerts();
    expect(alerts).toHaveLength(7);
    const isFull = ({ budget, threshold }: { budget: string; threshold: number }) =>
      budget === 'everything' && threshold === 100;
    // The service delivers by itself as well: on a busy machine it may be refused more than once.
    const attempts = received.filter(({ alert }) => isFull(alert)).length;
    expect(attempts).toBeGreaterThanOrEqual(2);
    expect(alerts.find(isFull)?.deliveries).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ channel: 'ops', outcome: 'delivered', attempts }),
        expect.objectContaining({ channel: 'log', outcome: 'delivered', attempts: 1 }),
      ]),
    );
  });

  it('resolves the alerts of a budget that was removed', async () => {
    await aggregator.stop();
    const config = parseConfig('server: { port: 0 }', 'costel.yaml');
    const lines: string[] = [];
    aggregator = await createAggregator({
      database: store.database,
      config,
      log: (_level, message) => lines.push(message),
    });
    await settle();
    await settle();
    const resolved = lines.filter((line) => line.includes('"state":"resolved"'));
    expect(resolved).toHaveLength(7);
    expect(resolved[0]).toContain('the budget was changed or removed');
  });
});
