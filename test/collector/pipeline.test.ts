import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startStack, waitFor, type RunningStack } from '../support/stack.js';
import { stackTarget, startCollector, type RunningCollector } from './support/collector.js';
import { costTotal, countRows, queryRows } from './support/read-stack.js';
import {
  chatCall,
  exportSpans,
  grpcTraceExporter,
  httpTraceExporter,
  idsOf,
  makeSpans,
  makeSpanWithEvent,
  nanoseconds,
  sendLogs,
  sendMetrics,
} from './support/sdk-telemetry.js';

const SECRET = 'the prompt that must not leave';

describe('telemetry through the collector', () => {
  let stack: RunningStack;
  let collector: RunningCollector;
  const queueDirectory = mkdtempSync(join(tmpdir(), 'costel-queue-'));

  beforeAll(async () => {
    stack = await startStack();
    collector = await startCollector({ ...stackTarget(stack), queueDirectory });
  });
  afterAll(async () => {
    await collector?.stop();
    await stack?.stop();
    rmSync(queueDirectory, { recursive: true, force: true });
  });

  it('brings spans sent over HTTP and gRPC to the API with their exact cost, and once when they come directly as well', async () => {
    // 1 000 × $2.50/M + 100 × $10/M = $0.0035; 2 000 × $2.50/M + 1 × $10/M = $0.00501.
    const overHttp = makeSpans([chatCall(1000, 100, { 'costel.feature': 'search', 'user.id': 'ada' })]);
    const overGrpc = makeSpans([chatCall(2000, 1, { 'costel.feature': 'chat', 'user.id': 'grace' })]);
    await exportSpans(httpTraceExporter(collector.httpUrl), overHttp);
    await exportSpans(grpcTraceExporter(collector.grpcUrl), overGrpc);
    await waitFor(
      async () => (await costTotal(stack)).cost_usd === '0.00851',
      `the cost of both calls; the collector says:\n${collector.log()}`,
    );
    const total = await costTotal(stack);
    expect(total).toMatchObject({ calls: 2, input_tokens: 3000, output_tokens: 101, unpriced_calls: 0 });

    const spans = [...overHttp, ...overGrpc];
    await exportSpans(httpTraceExporter(stack.otlpUrl), spans);
    await exportSpans(httpTraceExporter(collector.httpUrl), spans);
    // At least: what the collector had to send again is there again.
    await waitFor(async () => (await countRows(stack, 'otel_traces')) >= 6, 'each span to be stored three times');
    expect(await costTotal(stack)).toEqual(total);
    expect(await countRows(stack, 'llm_calls FINAL')).toBe(2);
  });

  it('stores the same row as the embedded receiver for the same span', async () => {
    const [span] = makeSpans([
      chatCall(5, 5, {
        'gen_ai.response.finish_reasons': ['stop'],
        'test.ratio': 0.5,
        'test.flag': true,
        marker: 'twin',
      }),
    ]);
    if (span === undefined) throw new Error('the SDK exported no span');
    await exportSpans(httpTraceExporter(collector.httpUrl), [span]);
    await exportSpans(httpTraceExporter(stack.otlpUrl), [span]);
    const { traceId, spanId } = idsOf(span);
    const read = async () =>
      queryRows<Record<string, unknown>>(
        stack,
        `SELECT * EXCEPT ReceivedAt, toUnixTimestamp64Nano(Timestamp) AS ns FROM otel_traces WHERE TraceId = '${traceId}' AND SpanId = '${spanId}'`,
      );
    await waitFor(async () => (await read()).length >= 2, 'both rows of the span');
    const [first, second] = await read();
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      SpanName: 'chat gpt-4o',
      SpanKind: 'Client',
      ServiceName: 'shop',
      ScopeName: 'collector-test',
      ScopeVersion: '1.0.0',
      ns: String(nanoseconds(span.startTime)),
    });
    expect(first?.['SpanAttributes']).toMatchObject({
      'gen_ai.response.finish_reasons': '["stop"]',
      'test.ratio': '0.5',
      'test.flag': 'true',
    });
  });

  it('is tried from end to end by costel doctor, which changes no total', async () => {
    const before = await costTotal(stack);
    const cli = resolve(import.meta.dirname, '../../packages/cli/bin/costel.cjs');
    const flags = ['doctor', '--json', '--data', stack.dataDirectory, '--otlp-endpoint', collector.httpUrl];
    const { stdout } = spawnSync(process.execPath, [cli, ...flags], { encoding: 'utf8', cwd: stack.dataDirectory });
    const { findings } = JSON.parse(stdout) as { findings: { check: string; status: string; detail: string }[] };
    const pipeline = findings.find(({ check }) => check === 'pipeline');
    expect([pipeline?.status, pipeline?.detail]).toEqual(['ok', expect.stringContaining(collector.httpUrl)]);
    expect(await costTotal(stack)).toEqual(before);
    expect(await countRows(stack, "llm_calls FINAL WHERE verdict = 'probe'")).toBe(1);
  });

  it('stores every kind of metric', async () => {
    await sendMetrics(collector.httpUrl);
    const tables = ['sum', 'gauge', 'histogram', 'exponential_histogram'].map((kind) => `otel_metrics_${kind}`);
    await waitFor(
      async () => {
        const counts = await Promise.all(tables.map(async (table) => countRows(stack, table)));
        return counts.every((count) => count === 1);
      },
      `one row in each of ${tables.join(', ')}; the collector says:\n${collector.log()}`,
    );
    const rows = await Promise.all([
      queryRows(stack, 'SELECT MetricName, Value, IsMonotonic FROM otel_metrics_sum'),
      queryRows(stack, 'SELECT MetricName, Value FROM otel_metrics_gauge'),
      queryRows(stack, 'SELECT MetricName, toUInt32(Count) AS Count, Sum FROM otel_metrics_histogram'),
      queryRows(stack, 'SELECT MetricName, toUInt32(Count) AS Count, Sum FROM otel_metrics_exponential_histogram'),
    ]);
    expect(rows.flat()).toEqual([
      { MetricName: 'gen_ai.client.cost', Value: 0.0035, IsMonotonic: true },
      { MetricName: 'queue.length', Value: 7 },
      { MetricName: 'gen_ai.client.operation.duration', Count: 1, Sum: 0.25 },
      { MetricName: 'request.size', Count: 1, Sum: 1234 },
    ]);
  });

  it('stores log records', async () => {
    await sendLogs(collector.httpUrl, (logger) =>
      logger.emit({ body: 'the cache was cold', severityNumber: SeverityNumber.WARN, attributes: { region: 'eu' } }),
    );
    const read = async () =>
      queryRows<Record<string, unknown>>(
        stack,
        "SELECT Body, SeverityNumber, ServiceName, LogAttributes FROM otel_logs WHERE Body = 'the cache was cold'",
      );
    await waitFor(async () => (await read()).length === 1, 'the log record');
    expect(await read()).toEqual([
      { Body: 'the cache was cold', SeverityNumber: 13, ServiceName: 'shop', LogAttributes: { region: 'eu' } },
    ]);
  });

  it('lets no prompt or completion through in clear, in whichever attribute an emitter put it', async () => {
    const contentKeys = [
      'gen_ai.input.messages',
      'gen_ai.output.messages',
      'gen_ai.system_instructions',
      'gen_ai.tool.definitions',
      'gen_ai.tool.call.arguments',
      'gen_ai.tool.call.result',
      'gen_ai.prompt',
      'gen_ai.prompt.0.content',
      'gen_ai.completion.0.content',
      'llm.prompts.0.content',
      'llm.completions.0.content',
      'llm.input_messages.0.message.content',
      'llm.output_messages.0.message.content',
      'traceloop.entity.input',
      'traceloop.entity.output',
      'input.value',
      'output.value',
      'ai.prompt',
      'ai.prompt.messages',
      'ai.prompt.tools',
      'ai.response.text',
      'ai.response.object',
      'ai.response.toolCalls',
      'ai.response.reasoning',
      'ai.toolCall.args',
      'ai.toolCall.result',
      'ai.value',
      'ai.values',
      'ai.embedding',
      'gen_ai.retrieval.query.text',
      'gen_ai.retrieval.documents',
      'gen_ai.evaluation.explanation',
      'llm.tools',
      'llm.prompt_template.variables',
      'retrieval.documents.0.document.content',
      'reranker.query',
      'embedding.embeddings.0.embedding.text',
      'tool.parameters',
      'pydantic_ai.all_messages',
      'all_messages_events',
      'tool_arguments',
      'langfuse.observation.input',
      'langfuse.trace.output',
      'mlflow.spanInputs',
      'gcp.vertex.agent.llm_request',
    ];
    const content = Object.fromEntries(contentKeys.map((key) => [key, SECRET]));
    const harmless = {
      'ai.response.model': 'gpt-4o',
      'gen_ai.output.type': 'json',
      'gen_ai.usage.prompt_tokens': 3,
      'llm.token_count.prompt': 1,
      'llm.usage.total_tokens': 2,
      'ai.usage.promptTokens': 4,
    };
    await exportSpans(httpTraceExporter(collector.httpUrl), [
      makeSpanWithEvent({ marker: 'content', ...harmless, ...content }, 'gen_ai.content.prompt', content),
    ]);
    await sendLogs(collector.httpUrl, (logger) => {
      logger.emit({ body: 'event', eventName: 'gen_ai.client.inference.operation.details', attributes: content });
      logger.emit({ body: { content: SECRET, role: 'user' }, eventName: 'gen_ai.user.message' });
      const choice = { index: 0, message: { content: SECRET, tool_calls: [{ function: { arguments: SECRET } }] } };
      logger.emit({ body: choice, eventName: 'gen_ai.choice' });
    });
    const read = async () =>
      queryRows<Record<string, Record<string, string>>>(
        stack,
        "SELECT *, SpanAttributes FROM otel_traces WHERE SpanAttributes['marker'] = 'content'",
      );
    const logs = async () =>
      queryRows<Record<string, unknown>>(stack, "SELECT * FROM otel_logs WHERE Body != 'the cache was cold'");
    await waitFor(
      async () => (await read()).length === 1 && (await logs()).length === 3,
      'the span and the log records',
    );
    expect(JSON.stringify([await read(), await logs()])).not.toContain(SECRET);
    const [span] = await read();
    expect(span?.['SpanAttributes']).toMatchObject(
      Object.fromEntries(Object.entries(harmless).map(([key, value]) => [key, String(value)])),
    );
    expect(Object.keys(span?.['SpanAttributes'] ?? {})).toEqual(expect.arrayContaining(contentKeys));
  });
});
