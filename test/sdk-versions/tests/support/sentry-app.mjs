// An application with Sentry's instrumentation and ours: one chat and one stream, its spans to the stack.
//   node sentry-app.mjs PROVIDER_URL OTLP_URL 'sentry first'|'ours first'        writes one line of JSON: what it counted and saw
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [providerUrl = '', otlpUrl = '', order = ''] = process.argv.slice(2);
const workspace = fileURLToPath(new URL('../../../../', import.meta.url));
const own = createRequire(`${workspace}package.json`);
const theirs = createRequire(`${workspace}test/sdk-versions/side-by-side/package.json`);

const { CostSpanProcessor, llmInstrumentations } = own('@costel/instrumentation');
const { BasicTracerProvider, BatchSpanProcessor, InMemorySpanExporter, SimpleSpanProcessor } = own(
  '@opentelemetry/sdk-trace-base',
);
const { OTLPTraceExporter } = own('@opentelemetry/exporter-trace-otlp-http');
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } =
  own('@opentelemetry/sdk-metrics');
const { context, metrics, trace } = own('@opentelemetry/api');
const { AsyncLocalStorageContextManager } = own('@opentelemetry/context-async-hooks');

const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

const seen = new InMemorySpanExporter();
const exporting = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }));
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new CostSpanProcessor(), new SimpleSpanProcessor(seen), exporting] }),
);
let ofSentry = 0;
const Sentry = theirs('@sentry/node');
if (order === 'ours first') llmInstrumentations();
Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  traceLifecycle: 'static',
  beforeSendTransaction: (transaction) => {
    ofSentry += transaction.spans.filter(({ data }) => data['gen_ai.usage.input_tokens'] !== undefined).length;
    ofSentry += transaction.contexts.trace.data['gen_ai.usage.input_tokens'] === undefined ? 0 : 1;
    return null;
  },
});
if (order !== 'ours first') llmInstrumentations();

const { OpenAI } = createRequire(`${workspace}test/sdks/openai-6/package.json`)('openai');
const client = new OpenAI({ apiKey: 'key', baseURL: `${providerUrl}/v1`, maxRetries: 0 });
const ask = { model: 'gpt-4o', messages: [{ role: 'user', content: 'two and two?' }] };

const traceId = await trace.getTracer('app').startActiveSpan('request', (root) =>
  Sentry.startSpan({ name: 'request' }, async () => {
    await client.chat.completions.create(ask);
    const stream = await client.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) if (chunk.id === '') throw new Error('no id');
    root.end();
    return root.spanContext().traceId;
  }),
);
await Sentry.flush(2000);

await exporting.forceFlush();
await reader.forceFlush();
const points = metricExporter
  .getMetrics()
  .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  .filter(({ descriptor }) => descriptor.name === 'costel.cost')
  .flatMap(({ dataPoints }) => dataPoints);
const spans = seen.getFinishedSpans().map(({ attributes, instrumentationScope, name }) => ({
  name,
  scope: instrumentationScope.name,
  origin: attributes['sentry.origin'],
  inputTokens: attributes['gen_ai.usage.input_tokens'],
  usd: attributes['costel.cost.usd'],
}));
const counted = points.reduce((sum, { value }) => sum + value, 0);
process.stdout.write(`${JSON.stringify({ traceId, counted, ofSentry, spans })}\n`);
process.exit(0);
