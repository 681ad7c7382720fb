import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAggregator, type Aggregator } from '../src/aggregator.js';
import { parseConfig } from '../src/config/load-config.js';
import { openTestDatabase, recordCalls, type TestDatabase } from './support/ledger.js';

interface Posted {
  readonly kind: string;
  readonly state: string;
  readonly scope: Readonly<Record<string, string>>;
  readonly message: string;
}

const received: Posted[] = [];
let webhook: Server;
let store: TestDatabase;
let aggregator: Aggregator;

async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  received.push(JSON.parse(body) as Posted);
  response.writeHead(200).end();
}

async function start(prices: string): Promise<void> {
  const { port } = webhook.address() as AddressInfo;
  const config = parseConfig(
    `
server: { port: 0 }
channels:
  - { name: ops, type: webhook, url: "http://127.0.0.1:${port}/hook", allow_private_addresses: true }
${prices}`,
    'costel.yaml',
  );
  aggregator = await createAggregator({ database: store.database, config, log: () => undefined });
}

beforeAll(async () => {
  webhook = createServer((request, response) => void receive(request, response));
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  store = await openTestDatabase();
  await start('');
});

afterAll(async () => {
  await aggregator?.stop();
  await store?.remove();
  webhook?.close();
});

async function runTicks(...names: readonly string[]): Promise<void> {
  for (const name of names) await aggregator.ticker.runNow(name);
}

const watch = () => runTicks('resolve_rates', 'judge_traces', 'watch_unpriced', 'deliver_alerts');

async function metricsWith(text: string): Promise<readonly string[]> {
  const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/metrics`);
  return (await response.text()).split('\n').filter((line) => !line.startsWith('#') && line.includes(text));
}

describe('a model without a price', () => {
  it('is told of once, however often it is called', async () => {
    await recordCalls(store.database, [{ model: 'house-1' }, { model: 'house-1' }, { model: 'gpt-4o-mini' }]);
    await watch();
    await recordCalls(store.database, [{ model: 'house-1' }]);
    await watch();
    expect(received).toMatchObject([
      { kind: 'unpriced_model', state: 'firing', scope: { provider: 'openai', model: 'house-1' } },
    ]);
    expect(received[0]?.message).toContain('2 calls of house-1 from openai have no price (unknown_model)');
  });

  it('shows in the metrics', async () => {
    expect(await metricsWith('costel_unpriced_model')).toEqual([
      'costel_unpriced_models 1',
      'costel_unpriced_model_calls{provider="openai",model="house-1",service_tier="",region="",reason="unknown_model"} 3',
    ]);
  });

  it('has an estimate by the ceiling price of the configuration, which is in no sum', async () => {
    await aggregator.stop();
    await start('prices: { ceiling: { per_million: { input: 10, output: 50 } } }');
    await watch();
    const at = `http://127.0.0.1:${aggregator.port}/api/v1`;
    const { models } = (await (await fetch(`${at}/unpriced?days=2`)).json()) as { models: readonly object[] };
    // 3 calls of 1 000 input tokens at $10 and 100 output tokens at $50 a million.
    expect(models).toMatchObject([{ model: 'house-1', calls: 3, ceiling_usd: '0.045' }]);
    expect(await metricsWith('costel_unpriced_ceiling_usd')).toEqual(['costel_unpriced_ceiling_usd 0.045']);
    const { total } = (await (await fetch(`${at}/costs/summary?days=2`)).json()) as { total: object };
    expect(total).toMatchObject({ cost_usd: '0.00021', unpriced_calls: 3 });
  });

  it('is not told of again after a restart', async () => {
    await aggregator.stop();
    await start('');
    await watch();
    expect(received).toHaveLength(1);
  });

  it('heals when the configuration gives it a price, and its alert is over', async () => {
    await aggregator.stop();
    await start('prices: { overrides: [{ name: house, model: house-1, per_million: { input: 1, output: 1 } }] }');
    await runTicks('heal_unpriced');
    await watch();
    expect(received.slice(1)).toMatchObject([
      { kind: 'unpriced_model', state: 'resolved', scope: { model: 'house-1' } },
    ]);
    expect(await metricsWith('costel_unpriced_models')).toEqual(['costel_unpriced_models 0']);
    const response = await fetch(`http://127.0.0.1:${aggregator.port}/api/v1/costs/summary?days=2&group_by=model`);
    const { groups } = (await response.json()) as { groups: readonly Record<string, unknown>[] };
    expect(groups).toContainEqual(
      expect.objectContaining({ key: { model: 'house-1' }, cost_usd: '0.0033', unpriced_calls: 0 }),
    );
  });

  it('that was invented by the thousand makes twenty alerts and no more', async () => {
    received.length = 0;
    await recordCalls(
      store.database,
      Array.from({ length: 50 }, (_, index) => ({ model: `flood-${index}` })),
    );
    await watch();
    await watch();
    expect(received.filter(({ state }) => state === 'firing')).toHaveLength(20);
  });
});

it('inconsistent usage is counted by reason, and what the application computed otherwise is a figure', async () => {
  const half = {
    'costel.cost.usd': '0.0001',
    'gen_ai.usage.input_tokens': '1000',
    'gen_ai.usage.output_tokens': '100',
  };
  await recordCalls(store.database, [
    { attributes: { 'gen_ai.usage.input_tokens': '-5' } },
    { attributes: { 'gen_ai.usage.input_tokens': '1.5' } },
    { attributes: { 'gen_ai.usage.input_tokens': '10', 'gen_ai.usage.cache_read.input_tokens': '11' } },
    { attributes: half },
    { attributes: { ...half, 'costel.cost.usd': '0.00021' } },
  ]);
  await runTicks('resolve_rates', 'measure_quality');
  expect(await metricsWith('costel_inconsistent_usage_calls')).toEqual([
    'costel_inconsistent_usage_calls{reason="count_invalid"} 2',
    'costel_inconsistent_usage_calls{reason="parts_exceed_total"} 1',
  ]);
  expect(await metricsWith('costel_app_cost')).toEqual([
    'costel_app_cost_compared_calls 2',
    'costel_app_cost_differing_calls 1',
    'costel_app_cost_difference_usd 0.00011',
  ]);
});
