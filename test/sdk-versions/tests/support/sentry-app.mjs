// An application with Sentry's instrumentation and ours: an answer and a stream of OpenAI's SDK, of two of Anthropic's (the
// second has spans of its own), of LangChain and of Bedrock, its spans to the stack.
//   node sentry-app.mjs PROVIDER_URL BEDROCK_URL OTLP_URL 'sentry first'|'ours first'
// writes one line of JSON: what it counted and saw
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const [providerUrl = '', bedrockUrl = '', otlpUrl = '', order = ''] = process.argv.slice(2);
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
/** What Sentry reported tokens of, by the origin that it names. @type {Record<string, number>} */
const ofSentry = {};
/** @param {Record<string, any>} data */
const note = (data) => {
  if (data['gen_ai.usage.input_tokens'] === undefined) return;
  const origin = String(data['sentry.origin']);
  ofSentry[origin] = (ofSentry[origin] ?? 0) + 1;
};
const Sentry = theirs('@sentry/node');
if (order === 'ours first') llmInstrumentations();
Sentry.init({
  dsn: 'http://key@127.0.0.1:9/1',
  tracesSampleRate: 1,
  traceLifecycle: 'static',
  integrations: [Sentry.awsIntegration()],
  beforeSendTransaction: (transaction) => {
    for (const { data } of transaction.spans) note(data);
    note(transaction.contexts.trace.data);
    return null;
  },
});
if (order !== 'ours first') llmInstrumentations();

const messages = [{ role: 'user', content: 'two and two?' }];
/** @param {any} stream */
const drain = async (stream) => {
  for await (const chunk of stream) if (chunk === null) throw new Error('no chunk');
};

async function useOpenAi() {
  const { OpenAI } = createRequire(`${workspace}test/sdks/openai-6/package.json`)('openai');
  const client = new OpenAI({ apiKey: 'key', baseURL: `${providerUrl}/v1`, maxRetries: 0 });
  await client.chat.completions.create({ model: 'gpt-4o', messages });
  const options = { stream: true, stream_options: { include_usage: true } };
  await drain(await client.chat.completions.create({ model: 'gpt-4o', messages, ...options }));
}

/** @param {string} copy */
async function useAnthropic(copy) {
  const { Anthropic } = createRequire(`${workspace}test/sdks/${copy}/package.json`)('@anthropic-ai/sdk');
  const client = new Anthropic({ apiKey: 'key', baseURL: providerUrl, maxRetries: 0 });
  const ask = { model: 'claude-sonnet-4-6', max_tokens: 64, messages };
  await client.messages.create(ask);
  await drain(await client.messages.create({ ...ask, stream: true }));
}

async function useLangChain() {
  const { ChatOpenAI } = createRequire(`${workspace}test/sdk-versions/langchain-1/package.json`)('@langchain/openai');
  const model = new ChatOpenAI({ model: 'gpt-4o', apiKey: 'key', configuration: { baseURL: `${providerUrl}/v1` } });
  await model.invoke('two and two?');
  await drain(await model.stream('two and two?'));
}

async function useBedrock() {
  const { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand } = createRequire(
    `${workspace}test/sdk-versions/bedrock-3/package.json`,
  )('@aws-sdk/client-bedrock-runtime');
  const credentials = { accessKeyId: 'id', secretAccessKey: 'secret' };
  const client = new BedrockRuntimeClient({ region: 'us-west-2', endpoint: bedrockUrl, credentials });
  const ask = {
    modelId: 'us.amazon.nova-lite-v1:0',
    messages: [{ role: 'user', content: [{ text: 'two and two?' }] }],
  };
  await client.send(new ConverseCommand(ask));
  await drain((await client.send(new ConverseStreamCommand(ask))).stream);
  client.destroy();
}

const traceId = await trace.getTracer('app').startActiveSpan('request', (root) =>
  Sentry.startSpan({ name: 'request' }, async () => {
    await useOpenAi();
    for (const copy of ['anthropic-0-133', 'anthropic-1']) await useAnthropic(copy);
    await useLangChain();
    await useBedrock();
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
