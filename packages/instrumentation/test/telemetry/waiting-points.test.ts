import { context, createContextKey, metrics, type Attributes, type Context, type Meter } from '@opentelemetry/api';
import {
  AggregationTemporality,
  MeterProvider,
  MetricReader,
  type DataPoint,
  type Histogram,
} from '@opentelemetry/sdk-metrics';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { instrumentModule } from '../../src/index.js';
import { WaitingPoints } from '../../src/telemetry/waiting-points.js';
import { CHAT_MODEL, chatJson } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }] };
const DURATION = 'gen_ai.client.operation.duration';
const server = new ProviderServer();
const telemetry = new Telemetry();

beforeAll(() => server.start());
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

function clientOf() {
  const module = instrumentModule(loadOpenAi('openai-7', true), {});
  return new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
}

/** Collects when it is asked to, as a scrape does. */
class Scraped extends MetricReader {
  constructor(temporality: AggregationTemporality) {
    super({ aggregationTemporalitySelector: () => temporality });
  }

  /** How many calls the durations of this collection count. */
  async calls(): Promise<number> {
    const { resourceMetrics } = await this.collect();
    const points = resourceMetrics.scopeMetrics
      .flatMap(({ metrics: all }) => all)
      .filter(({ descriptor }) => descriptor.name === DURATION)
      .flatMap(({ dataPoints }) => dataPoints as DataPoint<Histogram>[]);
    return points.reduce((sum, { value }) => sum + value.count, 0);
  }

  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function useProvider(provider: { getMeter(name: string): Meter }): void {
  metrics.disable();
  metrics.setGlobalMeterProvider(provider);
}

describe('points of calls that ended', () => {
  it('are in the next collection of every reader, however many there were', async () => {
    const delta = new Scraped(AggregationTemporality.DELTA);
    const cumulative = new Scraped(AggregationTemporality.CUMULATIVE);
    useProvider(new MeterProvider({ readers: [delta, cumulative] }));
    const client = clientOf();
    for (let call = 0; call < 40; call += 1) {
      server.replies(chatJson());
      await client.chat.completions.create(ASK);
    }
    expect(await delta.calls()).toBe(40);
    expect(await delta.calls()).toBe(0);
    expect(await cumulative.calls()).toBe(40);
    server.replies(chatJson());
    await client.chat.completions.create(ASK);
    expect(await cumulative.calls()).toBe(41);
    expect(await delta.calls()).toBe(1);
  });

  it('stay with the provider under which the call ended', async () => {
    const readers = [AggregationTemporality.DELTA, AggregationTemporality.DELTA].map((form) => new Scraped(form));
    const client = clientOf();
    for (const reader of readers) {
      useProvider(new MeterProvider({ readers: [reader] }));
      server.replies(chatJson());
      await client.chat.completions.create(ASK);
    }
    expect(await Promise.all(readers.map((reader) => reader.calls()))).toEqual([1, 1]);
  });

  it('of many clients need one callback a meter', async () => {
    const provider = new MeterProvider({ readers: [new Scraped(AggregationTemporality.DELTA)] });
    useProvider(provider);
    const meter = provider.getMeter('@costel/instrumentation');
    const add = vi.spyOn(Object.getPrototypeOf(meter) as Meter, 'addBatchObservableCallback');
    for (const client of [clientOf(), clientOf(), clientOf()]) {
      server.replies(chatJson());
      await client.chat.completions.create(ASK);
    }
    expect(add).toHaveBeenCalledTimes(1);
  });

  it('are processed by views in the context in which the call ended', async () => {
    const key = createContextKey('shop');
    const seen: unknown[] = [];
    const attributesProcessor = {
      process: (attributes: Attributes, active?: Context) => {
        seen.push(active?.getValue(key));
        return attributes;
      },
    };
    const reader = new Scraped(AggregationTemporality.DELTA);
    const view = { instrumentName: DURATION, attributesProcessors: [attributesProcessor] };
    useProvider(new MeterProvider({ readers: [reader], views: [view] }));
    server.replies(chatJson());
    // Awaited inside: the SDK reads the answer where it is awaited.
    await context.with(context.active().setValue(key, 'north'), async () => {
      await clientOf().chat.completions.create(ASK);
    });
    expect(await reader.calls()).toBe(1);
    expect(seen).toEqual(['north']);
  });

  it('are recorded at once on a meter that is not known to call back before it collects', async () => {
    const record = vi.fn();
    metrics.disable();
    const meter: Meter = Object.assign(Object.create(metrics.getMeter('noop')) as Meter, {
      createHistogram: () => ({ record }),
    });
    useProvider({ getMeter: () => meter });
    server.replies(chatJson());
    await clientOf().chat.completions.create(ASK);
    expect(record).toHaveBeenCalledTimes(3);
  });

  it('are recorded within a tenth of a second where nobody collects, also beside one that fails', () => {
    vi.useFakeTimers();
    const waiting = new WaitingPoints(new MeterProvider().getMeter('app'));
    const recordPoints = vi.fn();
    waiting.add({ recordPoints });
    waiting.add({
      recordPoints: () => {
        throw new Error('a view failed');
      },
    });
    waiting.add({ recordPoints });
    expect(recordPoints).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(recordPoints).toHaveBeenCalledTimes(2);
    waiting.add({ recordPoints });
    vi.advanceTimersByTime(100);
    expect(recordPoints).toHaveBeenCalledTimes(3);
  });
});
