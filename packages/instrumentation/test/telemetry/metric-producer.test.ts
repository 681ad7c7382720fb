import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type DataPoint,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  CostelMetricProducer,
  instrumentModule,
  llmInstrumentations,
  recordCost,
  withCostAttribution,
  type CostelInstrumentationConfig,
} from '../../src/index.js';
import { CHAT_MODEL, chatBody, chatJson, chatSse, embeddingJson, rateLimited } from '../support/openai-replies.js';
import { json, ProviderServer } from '../support/provider-server.js';
import { loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }] };
const server = new ProviderServer();
const telemetry = new Telemetry();

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

function clientOf(config: CostelInstrumentationConfig) {
  const module = instrumentModule(loadOpenAi('openai-7', true), config);
  return new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
}

/** A reader as an application sets it up, and what it exported. */
class Exported {
  readonly producer: CostelMetricProducer;
  readonly #exporter: InMemoryMetricExporter;
  readonly #provider: MeterProvider;

  constructor(temporality: 'cumulative' | 'delta') {
    this.producer = new CostelMetricProducer({ temporality });
    this.#exporter = new InMemoryMetricExporter(
      temporality === 'delta' ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    );
    const reader = new PeriodicExportingMetricReader({
      exporter: this.#exporter,
      exportIntervalMillis: 3_600_000,
      metricProducers: [this.producer],
    });
    this.#provider = new MeterProvider({ readers: [reader] });
  }

  async metrics(): Promise<readonly MetricData[]> {
    this.#exporter.reset();
    await this.#provider.forceFlush();
    return this.#exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
  }

  async points(name: string): Promise<readonly DataPoint<number | Histogram>[]> {
    const found = (await this.metrics()).filter(({ descriptor }) => descriptor.name === name);
    return found.flatMap(({ dataPoints }) => dataPoints as DataPoint<number | Histogram>[]);
  }
}

/** All that a call makes: JSON, a stream, embeddings, an error, a model without a price, two features. */
async function makeCalls(client: ReturnType<typeof clientOf>): Promise<void> {
  server.replies(chatJson(), chatSse(), embeddingJson(), rateLimited(), json({ ...chatBody(), model: 'house-9' }));
  await withCostAttribution({ feature: 'search' }, () => client.chat.completions.create(ASK));
  for await (const _ of await client.chat.completions.create({ ...ASK, stream: true }));
  await client.embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
  await client.chat.completions.create(ASK).catch(() => undefined);
  await client.chat.completions.create({ ...ASK, model: 'house-9' });
}

/** What must be the same on both ways; how long things took is not. */
function comparable(name: string, points: readonly DataPoint<number | Histogram>[]): unknown[] {
  const isTimed = name.includes('duration') || name.includes('time_to');
  return points
    .map(({ attributes, value }) => ({
      attributes,
      value:
        isTimed && typeof value !== 'number' ? { count: value.count, boundaries: value.buckets.boundaries } : value,
    }))
    .toSorted((a, b) => JSON.stringify(a.attributes).localeCompare(JSON.stringify(b.attributes)));
}

describe('the metric producer', () => {
  it('exports what the instruments of a meter provider would', async () => {
    const exported = new Exported('delta');
    await makeCalls(clientOf({}));
    await makeCalls(clientOf({ metricProducer: exported.producer }));
    const metrics = await exported.metrics();
    expect(metrics.map(({ descriptor }) => descriptor.name).toSorted()).toEqual([
      'costel.cost',
      'costel.inexact_calls',
      'gen_ai.client.operation.duration',
      'gen_ai.client.operation.time_to_first_chunk',
      'gen_ai.client.token.usage',
    ]);
    for (const { descriptor, dataPoints } of metrics) {
      const own = comparable(descriptor.name, dataPoints as DataPoint<number | Histogram>[]);
      expect(own).toEqual(comparable(descriptor.name, await telemetry.points(descriptor.name)));
    }
  });

  it('says what came since the last export where deltas are asked for, else everything so far', async () => {
    for (const temporality of ['delta', 'cumulative'] as const) {
      const exported = new Exported(temporality);
      const client = clientOf({ metricProducer: exported.producer });
      server.replies(chatJson(), chatJson());
      await client.chat.completions.create(ASK);
      const [first] = await exported.points('gen_ai.client.operation.duration');
      await client.chat.completions.create(ASK);
      const [second] = await exported.points('gen_ai.client.operation.duration');
      expect(first?.value).toMatchObject({ count: 1 });
      expect(second?.value).toMatchObject({ count: temporality === 'delta' ? 1 : 2 });
      const hasMoved = JSON.stringify(second?.startTime) !== JSON.stringify(first?.startTime);
      expect(hasMoved).toBe(temporality === 'delta');
    }
  });

  it('counts values beyond the limit of series together, so that sums stay right', async () => {
    const exported = new Exported('cumulative');
    const config = { metricProducer: exported.producer, metricLabels: ['user' as const], metricLabelLimit: 10_000 };
    llmInstrumentations({ ...config, enabled: false });
    for (let user = 0; user < 2500; user += 1)
      recordCost({ kind: 'tool_call', name: 'search', costUsd: '0.001', attribution: { user: `u-${user}` } });
    const points = await exported.points('costel.cost');
    expect(points).toHaveLength(2000);
    expect(points.reduce((sum, { value }) => sum + Number(value), 0)).toBeCloseTo(2.5, 9);
  });

  it('is silent as long as there was no call', async () => {
    expect(await new Exported('cumulative').metrics()).toEqual([]);
  });
});
