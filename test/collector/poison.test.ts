import { DIALECT_COUNTS, SERVICE_TIER_ATTRIBUTES } from '@costel/semconv';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPicoUsd, picoUsd, USAGE_BUCKETS } from '@costel/pricing';
import * as semconv from '@costel/semconv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTRIBUTION_ATTRIBUTES, TEXT_ATTRIBUTES } from '../../packages/store/src/ledger/attribute-table.js';
import { startStack, waitFor, type RunningStack } from '../support/stack.js';
import { type RunningCollector, stackTarget, startCollector } from './support/collector.js';
import { readCollectorMetrics } from './support/collector-metrics.js';
import { hostileStrings } from './support/hostile-strings.js';
import { queryRows } from './support/read-stack.js';

/*
 * With unlimited retry one row that can never be stored stops the collector for good. Every attribute that the ledger
 * reads gets every hostile string, one at a time, among neighbours that must come out exact.
 */

const STRINGS = hostileStrings(1000);
const SPANS_A_REQUEST = 1000;
/** One neighbour after so many hostile spans. */
const NEIGHBOUR_EVERY = 250;
// gpt-4o: $2.50 a million input tokens are 2 500 000 pico-dollars a token.
const INPUT_PICO_USD = 2_500_000n;

type Attributes = Readonly<Record<string, string>>;

/** Names of attributes that the ledger reads: its own table's, and every one of ours. */
function readAttributes(): readonly string[] {
  const ours = Object.entries(semconv).filter(([name, value]) => name.startsWith('ATTR_') && typeof value === 'string');
  const names = [
    ...Object.values(TEXT_ATTRIBUTES).flat(),
    ...Object.values(ATTRIBUTION_ATTRIBUTES).flat(),
    ...Object.values(DIALECT_COUNTS).flat(),
    ...SERVICE_TIER_ATTRIBUTES,
    ...USAGE_BUCKETS.map((bucket) => `${semconv.ATTR_COSTEL_USAGE_PREFIX}${bucket}`),
    ...ours.flatMap(([, value]) => (typeof value === 'string' ? [value] : [])),
    'openinference.span.kind',
    'costel.tag.x',
  ];
  return [...new Set(names)].filter((name) => !name.endsWith('.')).toSorted();
}

const HARMLESS: Attributes = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.response.model': 'gpt-4o',
};

interface SpanText {
  readonly name?: string;
  readonly traceId?: string;
  readonly attributes: Attributes;
  readonly inputTokens?: number;
  readonly startNs?: string;
  readonly message?: string;
}

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });

function spanJson({ name = 'chat', attributes, inputTokens, startNs, message = '' }: SpanText): object {
  const nowNs = String(BigInt(Date.now() - 1000) * 1_000_000n);
  return {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name,
    kind: 3,
    startTimeUnixNano: startNs ?? nowNs,
    endTimeUnixNano: startNs ?? nowNs,
    status: { message },
    attributes: [
      ...Object.entries(attributes).map(([key, value]) => text(key, value)),
      ...(inputTokens === undefined
        ? []
        : [{ key: 'gen_ai.usage.input_tokens', value: { intValue: String(inputTokens) } }]),
    ],
  };
}

describe('hostile telemetry through the collector', () => {
  const queueDirectory = mkdtempSync(join(tmpdir(), 'costel-poison-'));
  let stack: RunningStack;
  let collector: RunningCollector;

  beforeAll(async () => {
    stack = await startStack();
    collector = await startCollector({ ...stackTarget(stack), queueDirectory });
  });
  afterAll(async () => {
    await collector?.stop();
    await stack?.stop();
    rmSync(queueDirectory, { recursive: true, force: true });
  });

  async function post(path: string, body: object): Promise<void> {
    const answer = await fetch(`${collector.httpUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect([answer.status, await answer.text()]).toEqual([200, '{"partialSuccess":{}}']);
  }

  const sendSpans = (spans: readonly object[], service = 'shop'): Promise<void> =>
    post('/v1/traces', {
      resourceSpans: [{ resource: { attributes: [text('service.name', service)] }, scopeSpans: [{ spans }] }],
    });

  /** The sum of one of the collector's own metrics; 0 before it first counts. */
  async function metric(name: string): Promise<number> {
    const lines = await readCollectorMetrics(collector.metricsUrl);
    const samples = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name}_total{`));
    return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  const count = async (sql: string): Promise<number> =>
    Number((await queryRows<{ n: string | number }>(stack, `SELECT count() AS n FROM ${sql}`))[0]?.n ?? Number.NaN);

  /** Waits until so many rows are stored; says what the collector says when they never are. */
  const stored = (rows: number, sql: string): Promise<void> =>
    waitFor(async () => (await count(sql)) >= rows, `${rows} rows in ${sql}; ${collector.log().slice(-1500)}`, 240_000);

  async function expectQuietCollector(): Promise<void> {
    await waitFor(async () => (await metric('otelcol_exporter_queue_size')) === 0, 'the queue to be empty');
    for (const kind of ['spans', 'metric_points', 'log_records']) {
      expect(await metric(`otelcol_exporter_send_failed_${kind}`), kind).toBe(0);
      expect(await metric(`otelcol_exporter_enqueue_failed_${kind}`), kind).toBe(0);
    }
    expect(collector.log()).not.toMatch(/Exporting failed|dropping/i);
  }

  it('of every attribute and a thousand strings drains from the queue, and the neighbours are exact', async () => {
    const names = readAttributes();
    // 60 columns come from about 100 names; a table that lost most of them would make this test mean little.
    expect(names.length).toBeGreaterThan(80);
    expect(new Set(STRINGS).size).toBe(1000);
    const before = await count('otel_traces');
    let sent = 0;
    let neighbours = 0;
    let pico = 0n;
    let batch: object[] = [];
    const flush = async (): Promise<void> => {
      sent += batch.length;
      if (batch.length > 0) await sendSpans(batch);
      batch = [];
    };
    for (const name of names) {
      for (const [index, hostile] of STRINGS.entries()) {
        // The longest go round, or this would be a test of bandwidth.
        const value =
          hostile.length > 10_000 && index % names.length !== names.indexOf(name) ? hostile.slice(0, 300) : hostile;
        batch.push(spanJson({ attributes: { ...HARMLESS, 'gen_ai.usage.output_tokens': '1', [name]: value } }));
        if (index % NEIGHBOUR_EVERY === 0) {
          neighbours += 1;
          pico += BigInt(neighbours) * INPUT_PICO_USD;
          batch.push(spanJson({ attributes: { ...HARMLESS, 'costel.feature': 'neighbour' }, inputTokens: neighbours }));
        }
        if (batch.length >= SPANS_A_REQUEST) await flush();
      }
    }
    await flush();
    await stored(before + sent, 'otel_traces');
    await expectQuietCollector();
    expect(await count('otel_traces')).toBe(before + sent);
    const cost = formatPicoUsd(picoUsd(pico));
    const read = async () => {
      const answer = await fetch(`${stack.url}/api/v1/costs/summary?days=2&filter.feature=neighbour`);
      return ((await answer.json()) as { total: object }).total;
    };
    await waitFor(
      async () => Reflect.get(await read(), 'cost_usd') === cost,
      `the neighbours to cost $${cost}`,
      180_000,
    );
    expect(await read()).toMatchObject({ cost_usd: cost, calls: neighbours, unpriced_calls: 0 });
  }, 600_000);

  it('in names, messages, services and times drains as well', async () => {
    const before = await count('otel_traces');
    const times = [
      '0',
      '1',
      '9223372036854775807',
      '9223372036854775808',
      '18446744073709551615',
      '4102444800000000000',
    ];
    const spans = [
      ...STRINGS.map((hostile) => spanJson({ name: hostile, message: hostile, attributes: HARMLESS })),
      ...STRINGS.map((hostile) => spanJson({ attributes: { ...HARMLESS, [hostile]: 'a name of an attribute' } })),
      ...STRINGS.map((hostile) => spanJson({ attributes: { ...HARMLESS, [`costel.tag.${hostile}`]: hostile } })),
      ...times.map((startNs) => spanJson({ startNs, attributes: HARMLESS, inputTokens: 1 })),
    ];
    for (let start = 0; start < spans.length; start += SPANS_A_REQUEST)
      await sendSpans(spans.slice(start, start + SPANS_A_REQUEST));
    const services = STRINGS.filter((hostile) => hostile !== '');
    const bodies = services.map((service) => ({
      resource: { attributes: [text('service.name', service), text('costel.tenant', service)] },
      scopeSpans: [
        { scope: { name: service, version: service }, spans: [spanJson({ attributes: HARMLESS, inputTokens: 1 })] },
      ],
    }));
    await post('/v1/traces', { resourceSpans: bodies });
    const sent = spans.length + services.length;
    await stored(before + sent, 'otel_traces');
    await expectQuietCollector();
    expect(await count('otel_traces')).toBe(before + sent);
    expect(await count("llm_calls WHERE tenant != 'default'")).toBe(0);
  });

  it('of metrics: one without data costs itself, not the metrics behind it', async () => {
    const point = (value: object) => ({ timeUnixNano: String(BigInt(Date.now()) * 1_000_000n), ...value });
    const times = ['0', '18446744073709551615', '9223372036854775808'];
    const metrics = [
      { name: 'without data' },
      ...STRINGS.map((name) => ({ name, unit: name.slice(0, 63), gauge: { dataPoints: [point({ asDouble: 1 })] } })),
      ...times.map((timeUnixNano) => ({ name: 'at a time', gauge: { dataPoints: [{ timeUnixNano, asInt: '1' }] } })),
      { name: 'no value', gauge: { dataPoints: [point({})] } },
    ];
    await post('/v1/metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics }] }] });
    await stored(metrics.length - 1, 'otel_metrics_gauge');
    await expectQuietCollector();
  });

  it('of logs drains as well', async () => {
    const logRecords = STRINGS.map((hostile) => ({
      observedTimeUnixNano: String(BigInt(Date.now()) * 1_000_000n),
      severityText: hostile,
      body: { stringValue: hostile },
      attributes: [text('hostile', hostile)],
    }));
    await post('/v1/logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] });
    await stored(logRecords.length, 'otel_logs');
    await expectQuietCollector();
  });
});
