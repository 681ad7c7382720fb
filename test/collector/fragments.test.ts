import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, afterAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/free-port.mjs';
import { startStack, waitFor, type RunningStack } from '../support/stack.js';
import { type CollectorOptions, type RunningCollector, stackTarget, startCollector } from './support/collector.js';
import { readCollectorMetrics } from './support/collector-metrics.js';
import { costTotal, countRows, queryRows } from './support/read-stack.js';
import {
  chatCall,
  exportSpans,
  grpcTraceExporter,
  httpTraceExporter,
  idsOf,
  makeSpans,
  sendLogs,
  sendMetrics,
} from './support/sdk-telemetry.js';

const SECRET = 'the prompt of the test';
const MEBIBYTE = 1024 * 1024;

/*
 * The configurations that are merged over config.yaml. The second back end is a real one: the stack's own OTLP receiver,
 * so every span is stored twice, once by the exporter and once by the tail, and counted once.
 */
describe('a collector with more than its first configuration', () => {
  let stack: RunningStack;
  let collector: RunningCollector | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'costel-fragments-'));

  beforeAll(async () => {
    stack = await startStack();
  });
  afterEach(async () => {
    await collector?.stop();
  });
  afterAll(async () => {
    await stack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(name: string, options: Partial<CollectorOptions>): Promise<RunningCollector> {
    collector = await startCollector({ ...stackTarget(stack), queueDirectory: join(folder, name), ...options });
    return collector;
  }

  /** Spans that an exporter has delivered, by the collector's own metrics. */
  async function sentSpans(metricsUrl: string, exporter: string): Promise<number> {
    const lines = await readCollectorMetrics(metricsUrl);
    const samples = lines.filter((line) => /^otelcol_exporter_sent_spans(_total)?\{/.test(line));
    return samples
      .filter((line) => line.includes(`exporter="${exporter}"`))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  const rowsOf = (spanId: string) =>
    queryRows<{ SpanAttributes: Record<string, string> }>(
      stack,
      `SELECT * EXCEPT ReceivedAt FROM otel_traces WHERE SpanId = '${spanId}'`,
    );

  it('sends on what ClickHouse gets, masked as there, and nothing is counted twice', async () => {
    const { httpUrl } = await start('tail', {
      fragments: ['tail.yaml'],
      environment: { TAIL_ENDPOINT: stack.otlpUrl },
    });
    const before = await costTotal(stack);
    const [span] = makeSpans([chatCall(1000, 100, { 'gen_ai.input.messages': SECRET })]);
    if (span === undefined) throw new Error('the SDK exported no span');
    await exportSpans(httpTraceExporter(httpUrl), [span]);
    await sendMetrics(httpUrl);
    await sendLogs(httpUrl, (logger) => logger.emit({ body: 'once here, once there' }));
    await waitFor(
      async () =>
        (await countRows(stack, `otel_traces WHERE SpanId = '${idsOf(span).spanId}'`)) === 2 &&
        (await countRows(stack, 'otel_metrics_sum')) === 2 &&
        (await countRows(stack, 'otel_logs')) === 2,
      'both copies of span, metric and log record',
    );
    const [first, second] = await rowsOf(idsOf(span).spanId);
    expect(first).toEqual(second);
    expect(first?.SpanAttributes['gen_ai.input.messages']).toBe('****');
    // 1 000 × $2.50/M + 100 × $10/M = $0.0035.
    await waitFor(async () => (await costTotal(stack)).cost_usd === '0.0035', 'the cost of the call');
    expect((await costTotal(stack)).calls - before.calls).toBe(1);
  });

  it('stores everything at once although the second back end is away', async () => {
    const environment = { TAIL_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
    const { httpUrl, grpcUrl, metricsUrl } = await start('away', { fragments: ['tail.yaml'], environment });
    const spans = makeSpans(Array.from({ length: 500 }, (_, index) => chatCall(index + 1, 0)));
    await exportSpans(httpTraceExporter(httpUrl), spans.slice(0, 250));
    await exportSpans(grpcTraceExporter(grpcUrl), spans.slice(250));
    const ids = spans.map((span) => `'${idsOf(span).traceId}'`).join(', ');
    await waitFor(async () => (await countRows(stack, `otel_traces WHERE TraceId IN (${ids})`)) === 500, 'all spans');
    // The exporter counts what it has sent a moment after the store has it.
    await waitFor(async () => (await sentSpans(metricsUrl, 'clickhouse')) === 500, 'the exporter to count its spans');
    expect(await sentSpans(metricsUrl, 'otlp_http/tail')).toBe(0);
  });

  it('lets prompts through where they are wanted, and stores more of them than one insert can take', async () => {
    const running = await start('content', { fragments: ['keep-content.yaml'] });
    // Text that does not compress: 80 spans of 1 MiB are more than the store takes in one body.
    const prompts = Array.from({ length: 80 }, () => randomBytes((MEBIBYTE / 4) * 3).toString('base64'));
    const spans = makeSpans(prompts.map((prompt, index) => chatCall(index + 1, 0, { 'gen_ai.prompt': prompt })));
    for (let from = 0; from < spans.length; from += 10)
      await exportSpans(httpTraceExporter(running.httpUrl), spans.slice(from, from + 10));
    const ids = spans.map((span) => `'${idsOf(span).traceId}'`).join(', ');
    const where = `otel_traces WHERE TraceId IN (${ids}) AND length(SpanAttributes['gen_ai.prompt']) = ${MEBIBYTE}`;
    // By span: what the collector had to send again is there again.
    const prompted = () => countRows(stack, `(SELECT DISTINCT SpanId FROM ${where})`);
    await waitFor(async () => (await prompted()) === 80, `80 prompts; ${running.log().slice(-1000)}`);
  });
});
