// Sends recorded requests through a real SDK client and writes down what the application would see, and the spans.
//   node replay-client.mjs SDK_FOLDER BASE_URL OUTPUT_FILE with|without   < recordings as JSON lines
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const [sdkFolder = '', baseUrl = '', outputFile = '', mode = ''] = process.argv.slice(2);
const require = createRequire(`${sdkFolder}/`);
const isAnthropic = sdkFolder.includes('anthropic');

/** @type {{ spans(): { recording: string, name: string, attributes: object }[], run<T>(id: string, call: () => Promise<T>): Promise<T> }} */
const telemetry = mode === 'with' ? await instrument() : { spans: () => [], run: (_id, call) => call() };

/** Registers the instrumentations the way an application with a provider of its own does. */
async function instrument() {
  const { finishOpenCalls, llmInstrumentations, withCostAttribution } = await import('@costel/instrumentation');
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } =
    await import('@opentelemetry/sdk-trace-base');
  const { AsyncLocalStorageContextManager } = await import('@opentelemetry/context-async-hooks');
  const { context, trace } = await import('@opentelemetry/api');
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  registerInstrumentations({ instrumentations: llmInstrumentations(), tracerProvider: provider });
  return {
    spans: () => {
      // A response that was only put into the background is open until its end is seen, or the process ends.
      finishOpenCalls();
      const ended = exporter.getFinishedSpans();
      const ids = new Set(ended.map((span) => span.spanContext().spanId));
      return ended.map((span) => ({
        recording: String(span.attributes['costel.tag.recording'] ?? ''),
        name: span.name,
        attributes: span.attributes,
        // What a call bills beside its own counts (an adviser of another model) is below it.
        isPart: ids.has(span.parentSpanContext?.spanId ?? ''),
      }));
    },
    run: (/** @type {string} */ id, /** @type {() => Promise<any>} */ call) =>
      withCostAttribution({ tags: { recording: id } }, call),
  };
}

const options = (/** @type {any} */ recording) => ({
  headers: { 'x-recording': recording.id },
  maxRetries: 0,
  // Anthropic's client refuses a call with many output tokens unless its time-out is stated.
  timeout: 60_000,
});

/** @param {any} recording */
function clientFor(recording) {
  if (isAnthropic) {
    const Anthropic = require('@anthropic-ai/sdk');
    return new Anthropic({ apiKey: 'k', baseURL: baseUrl });
  }
  const OpenAI = require('openai');
  if (recording.provider === 'azure') {
    return new OpenAI.AzureOpenAI({
      apiKey: 'k',
      endpoint: baseUrl,
      apiVersion: '2025-04-01-preview',
      deployment: 'd',
    });
  }
  return new OpenAI({ apiKey: 'k', baseURL: `${baseUrl}/v1` });
}

/** What recordings of uploads do not hold. */
const file = () => new File([new Uint8Array([1, 2, 3])], 'file.bin');

/** The SDK's method for each recorded path of an API that has several. */
const methodsByPath = {
  '/images/generations': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.images.generate(body, o),
  '/images/edits': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.images.edit({ ...body, image: file() }, o),
  '/audio/transcriptions': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.audio.transcriptions.create({ ...body, file: file() }, o),
  '/audio/speech': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.audio.speech.create(body, o),
};

/** The SDK's method for each recorded API; what has none goes through the client's own generic request. */
const methods = {
  'chat.completions': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.chat.completions.create(body, o),
  responses: (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) => c.responses.create(body, o),
  'responses.compact': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.responses.compact(body, o),
  completions: (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) => c.completions.create(body, o),
  embeddings: (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) => c.embeddings.create(body, o),
  moderations: (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) => c.moderations.create(body, o),
  messages: (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) => c.messages.create(body, o),
  'messages.count_tokens': (/** @type {any} */ c, /** @type {any} */ body, /** @type {any} */ o) =>
    c.messages.countTokens(body, o),
};

/** @param {any} recording */
function bodyOf(recording) {
  const sent = recording.request?.body;
  const parsed =
    typeof sent === 'string' && sent.startsWith('{') ? JSON.parse(sent) : sent && typeof sent === 'object' ? sent : {};
  const model = recording.request_model ?? recording.response_model ?? 'unknown';
  const stream = recording.response.body_kind === 'sse' || recording.stream === true;
  return { model, messages: [], max_tokens: 1, ...parsed, ...(stream ? { stream: true } : {}) };
}

/** @param {any} client @param {any} recording @returns {Promise<any>} */
function send(client, recording) {
  // One recording is filed under another API than the one that answered; the answer's shape says which client method it belongs to.
  const api =
    recording.api === 'responses' && /"choices"/.test(recording.response.body ?? '')
      ? 'chat.completions'
      : recording.api;
  const method = methods[/** @type {keyof typeof methods} */ (api)];
  if (method && (recording.request?.method ?? 'POST') === 'POST')
    return method(client, bodyOf(recording), options(recording));
  const path = recording.request ? new URL(recording.request.url).pathname.replace(/^\/v1/, '') : '/unknown';
  const methodOfPath = methodsByPath[/** @type {keyof typeof methodsByPath} */ (path)];
  if (methodOfPath) return methodOfPath(client, bodyOf(recording), options(recording));
  if (recording.api === 'batches' && recording.request?.method === 'GET')
    return client.batches.retrieve(path.split('/').at(-1), options(recording));
  const verb = (recording.request?.method ?? 'POST').toLowerCase();
  const stream = recording.response.body_kind === 'sse';
  return client[verb](isAnthropic ? `/v1${path}` : path, {
    ...(verb === 'post' ? { body: bodyOf(recording) } : {}),
    ...options(recording),
    ...(stream ? { stream: true } : {}),
  });
}

/** What the application sees: the value, every chunk of a stream, or the error. @param {any} recording */
async function observe(recording) {
  try {
    const result = await telemetry.run(recording.id, async () => {
      const answer = await send(clientFor(recording), recording);
      if (answer && typeof answer === 'object' && Symbol.asyncIterator in answer) {
        const chunks = [];
        for await (const chunk of answer) chunks.push(chunk);
        return { stream: answer.constructor.name, chunks };
      }
      if (answer instanceof Response) {
        return {
          binary: createHash('sha256')
            .update(Buffer.from(await answer.arrayBuffer()))
            .digest('hex'),
        };
      }
      return {
        value: answer,
        keys: answer && typeof answer === 'object' ? Reflect.ownKeys(answer).map(String) : [],
        requestId: answer?._request_id ?? null,
      };
    });
    return JSON.parse(JSON.stringify(result));
  } catch (error) {
    const seen = /** @type {any} */ (error);
    return {
      error: {
        class: seen.constructor.name,
        message: seen.message,
        status: seen.status ?? null,
        code: seen.code ?? null,
        type: seen.type ?? null,
      },
    };
  }
}

/** @type {Record<string, unknown>} */
const results = {};
for await (const line of createInterface({ input: process.stdin })) {
  const recording = JSON.parse(line);
  results[recording.id] = await observe(recording);
}
writeFileSync(outputFile, JSON.stringify({ results, spans: telemetry.spans() }));
