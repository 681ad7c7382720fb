// One local server that answers as the providers do and takes the OTLP that the instrumented apps send.
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer } from 'node:net';
import { crc32 } from 'node:zlib';
import protobuf from 'protobufjs';

const { root: schema } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { Scope scope = 1; repeated Span spans = 2; }
  message Scope { string name = 1; }
  message Span { bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; repeated KeyValue attributes = 9; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message Metric { string name = 1; }
`);
const requestType = schema.lookupType('Request');
const metricsType = schema.lookupType('Metrics');

/**
 * A span that arrived.
 * @typedef {{ scope: string, traceId: string, spanId: string, parentSpanId: string, name: string, attributes: Record<string, unknown> }} ReceivedSpan
 */

/** What every answer counts. */
const INPUT_TOKENS = 1000;
const OUTPUT_TOKENS = 100;

/** List prices of the models that are asked for, in dollars per million tokens of input and output; Ollama's is one's own. */
const PRICES_USD = {
  'gpt-4o-mini': [0.15, 0.6],
  'claude-haiku-4-5-20251001': [1, 5],
  'llama-3.3-70b-versatile': [0.59, 0.79],
  'meta-llama/Llama-3.3-70B-Instruct-Turbo': [0.88, 0.88],
  'gemini-2.5-flash': [0.3, 2.5],
  'us.amazon.nova-lite-v1:0': [0.06, 0.24],
  'mistral-small-latest': [0.15, 0.6],
  'command-r-plus-08-2024': [2.5, 10],
  'llama3.2': undefined,
  'gpt-4.1-nano': [0.1, 0.4],
  'codestral-2508': [0.3, 0.9],
};

/** The price of a call, e.g. of gpt-4o-mini: 1,000 × $0.15/M + 100 × $0.60/M = $0.00021. @param {number[] | undefined} prices */
function costOf(prices) {
  if (prices === undefined) return 'unpriced';
  const [input = 0, output = 0] = prices;
  return String(Number(((INPUT_TOKENS * input + OUTPUT_TOKENS * output) / 1e6).toPrecision(6)));
}

/** A call of a tool, which costs nothing by itself. */
const TOOL_CALL = 'tools/call weather';

/** Each SDK makes an answer and a stream of its model. */
const EXPECTED_CALLS = [
  TOOL_CALL,
  ...Object.entries(PRICES_USD).flatMap(([model, prices]) => Array(2).fill(`${model} ${costOf(prices)}`)),
];

/** @typedef {{ type: string, body: string | Uint8Array }} Answer */

/** @param {object} body @returns {Answer} */
const json = (body) => ({ type: 'application/json', body: JSON.stringify(body) });
/**
 * Events under the name of their type, where they have one.
 * @param {readonly Record<string, unknown>[]} events @param {string} [end] @returns {Answer}
 */
function sse(events, end = '') {
  const lines = events.map(({ type, ...data }) => {
    const name = typeof type !== 'string' ? '' : `event: ${type}\n`;
    return `${name}data: ${JSON.stringify(type === undefined ? data : { type, ...data })}\n\n`;
  });
  return { type: 'text/event-stream', body: `${lines.join('')}${end}` };
}

/** A chat of OpenAI's API and of those made like it. @param {string} model @param {boolean} streams @returns {Answer} */
function chat(model, streams) {
  const id = `chatcmpl-${streams ? 2 : 1}`;
  const base = { id, object: `chat.completion${streams ? '.chunk' : ''}`, created: 1, model };
  const usage = {
    prompt_tokens: INPUT_TOKENS,
    completion_tokens: OUTPUT_TOKENS,
    total_tokens: INPUT_TOKENS + OUTPUT_TOKENS,
  };
  const message = { role: 'assistant', content: 'Hello.' };
  const choice = { index: 0, finish_reason: 'stop' };
  if (!streams) return json({ ...base, choices: [{ ...choice, message }], usage });
  const last = { ...base, choices: [], usage };
  return sse([{ ...base, choices: [{ ...choice, delta: message }] }, last], 'data: [DONE]\n\n');
}

/** @param {boolean} streams @returns {Answer} */
function message(streams) {
  const usage = { input_tokens: INPUT_TOKENS, output_tokens: OUTPUT_TOKENS };
  const body = {
    id: `msg_${streams ? 2 : 1}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: streams ? [] : [{ type: 'text', text: 'Hello.' }],
    stop_reason: streams ? null : 'end_turn',
    usage: streams ? { ...usage, output_tokens: 1 } : usage,
  };
  if (!streams) return json(body);
  return sse([
    { type: 'message_start', message: body },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello.' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: OUTPUT_TOKENS } },
    { type: 'message_stop' },
  ]);
}

/** @param {boolean} streams @returns {Answer} */
function generated(streams) {
  const body = {
    candidates: [{ content: { role: 'model', parts: [{ text: 'Hello.' }] }, index: 0, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: INPUT_TOKENS,
      candidatesTokenCount: OUTPUT_TOKENS,
      totalTokenCount: INPUT_TOKENS + OUTPUT_TOKENS,
    },
    modelVersion: 'gemini-2.5-flash',
    responseId: `generated-${streams ? 2 : 1}`,
  };
  return streams ? sse([body]) : json(body);
}

/** @param {boolean} streams @returns {Answer} */
function conversed(streams) {
  const usage = { inputTokens: INPUT_TOKENS, outputTokens: OUTPUT_TOKENS, totalTokens: INPUT_TOKENS + OUTPUT_TOKENS };
  const metrics = { latencyMs: 1 };
  if (!streams) {
    const said = { role: 'assistant', content: [{ text: 'Hello.' }] };
    return json({ output: { message: said }, stopReason: 'end_turn', usage, metrics });
  }
  const frames = [
    eventFrame('messageStart', { role: 'assistant' }),
    eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'Hello.' } }),
    eventFrame('messageStop', { stopReason: 'end_turn' }),
    eventFrame('metadata', { usage, metrics }),
  ];
  return { type: 'application/vnd.amazon.eventstream', body: Buffer.concat(frames) };
}

/** @param {boolean} streams @returns {Answer} */
function commanded(streams) {
  const tokens = { input_tokens: INPUT_TOKENS, output_tokens: OUTPUT_TOKENS };
  const [usage, role] = [{ billed_units: tokens, tokens }, 'assistant'];
  if (!streams) {
    const content = [{ type: 'text', text: 'Hello.' }];
    return json({ id: 'c-1', finish_reason: 'COMPLETE', message: { role, content }, usage });
  }
  return sse([
    { type: 'message-start', id: 'c-2', delta: { message: { role, content: [] } } },
    { type: 'content-delta', index: 0, delta: { message: { content: { text: 'Hello.' } } } },
    { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage } },
  ]);
}

/** @param {boolean} streams @returns {Answer} */
function chatted(streams) {
  const base = { model: 'llama3.2', created_at: '2026-11-01T00:00:00Z' };
  const message = { role: 'assistant', content: 'Hello.' };
  const counts = { prompt_eval_count: INPUT_TOKENS, eval_count: OUTPUT_TOKENS };
  const last = { ...base, message, done: true, done_reason: 'stop', ...counts };
  if (!streams) return json(last);
  const lines = [{ ...base, message, done: false }, last].map((line) => `${JSON.stringify(line)}\n`);
  return { type: 'application/x-ndjson', body: lines.join('') };
}

/** What answers at a path, told whether the request asks for a stream. @type {Record<string, (streams: boolean) => Answer>} */
const ANSWERS = {
  '/v1/chat/completions': (streams) => chat('gpt-4o-mini', streams),
  '/openai/v1/chat/completions': (streams) => chat('llama-3.3-70b-versatile', streams),
  '/together/chat/completions': (streams) => chat('meta-llama/Llama-3.3-70B-Instruct-Turbo', streams),
  '/mistral/v1/chat/completions': (streams) => chat('mistral-small-latest', streams),
  '/ai/chat/completions': (streams) => chat('gpt-4.1-nano', streams),
  '/v1/messages': message,
  // Versions 2 of Google's SDK ask at v1beta, later ones at v1.
  '/v1beta/models/gemini-2.5-flash:generateContent': () => generated(false),
  '/v1beta/models/gemini-2.5-flash:streamGenerateContent': () => generated(true),
  '/v1/models/gemini-2.5-flash:generateContent': () => generated(false),
  '/v1/models/gemini-2.5-flash:streamGenerateContent': () => generated(true),
  '/model/us.amazon.nova-lite-v1:0/converse': () => conversed(false),
  '/model/us.amazon.nova-lite-v1:0/converse-stream': () => conversed(true),
  '/cohere/v2/chat': commanded,
  '/api/chat': chatted,
};

/** An event of AWS's streams: lengths of the whole and of the headers, checksum, headers, payload, checksum of it all. */
function eventFrame(/** @type {string} */ type, /** @type {object} */ payload) {
  const headers = { ':message-type': 'event', ':event-type': type, ':content-type': 'application/json' };
  const head = Buffer.concat(
    Object.entries(headers).flatMap(([name, value]) => [
      Buffer.from([name.length]),
      Buffer.from(name),
      // Type 7 is a string.
      Buffer.from([7, 0, value.length]),
      Buffer.from(value),
    ]),
  );
  const body = Buffer.from(JSON.stringify(payload));
  const prelude = Buffer.concat([word(16 + head.length + body.length), word(head.length)]);
  const unsigned = Buffer.concat([prelude, word(crc32(prelude)), head, body]);
  return Buffer.concat([unsigned, word(crc32(unsigned))]);
}

/** @param {number} value */
function word(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** @param {ReceivedSpan} span whether it is a call: of a model, with its usage, or of a tool */
const isCall = ({ attributes }) =>
  'gen_ai.usage.input_tokens' in attributes || attributes['gen_ai.operation.name'] === 'execute_tool';

/**
 * Whether a span says again what the call around it has said: some versions of Mistral's SDK emit such spans by themselves.
 * @param {ReceivedSpan} span @param {readonly ReceivedSpan[]} spans
 */
const isRepeat = ({ attributes, parentSpanId }, spans) =>
  attributes['costel.cost.status'] === undefined &&
  spans.some(
    (call) =>
      call.spanId === parentSpanId &&
      call.attributes['costel.cost.status'] !== undefined &&
      call.attributes['gen_ai.response.id'] === attributes['gen_ai.response.id'],
  );

/** @param {ReceivedSpan} span */
function callOf({ name, attributes }) {
  if (attributes['gen_ai.operation.name'] === 'execute_tool') return name;
  const model = attributes['gen_ai.response.model'] ?? attributes['gen_ai.request.model'];
  return [model, attributes['costel.cost.usd'] ?? attributes['costel.cost.status']].join(' ');
}

/** @param {any[]} pairs @returns {Record<string, unknown>} */
const attributesOf = (pairs = []) =>
  Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value ?? {})[0]]));

/** @param {any} resource @returns {string} */
function serviceOf({ resource }) {
  const name = attributesOf(resource?.attributes)['service.name'];
  return typeof name === 'string' ? name : '';
}

/** @param {Buffer} body @returns {{ service: string, spans: ReceivedSpan[] }[]} */
function decodeTraces(body) {
  const request = requestType.toObject(requestType.decode(body), { longs: Number, bytes: Buffer, defaults: false });
  const hex = (/** @type {Uint8Array | undefined} */ bytes) => Buffer.from(bytes ?? []).toString('hex');
  return (request['resourceSpans'] ?? []).map((/** @type {any} */ resource) => ({
    service: serviceOf(resource),
    spans: (resource.scopeSpans ?? []).flatMap((/** @type {any} */ { scope, spans }) =>
      (spans ?? []).map((/** @type {any} */ span) => ({
        scope: scope?.name ?? '',
        traceId: hex(span.traceId),
        spanId: hex(span.spanId),
        parentSpanId: hex(span.parentSpanId),
        name: span.name,
        attributes: attributesOf(span.attributes),
      })),
    ),
  }));
}

/** @param {Buffer} body @returns {{ service: string, names: string[] }[]} */
function decodeMetrics(body) {
  const request = metricsType.toObject(metricsType.decode(body), { defaults: false });
  return (request['resourceMetrics'] ?? []).map((/** @type {any} */ resource) => ({
    service: serviceOf(resource),
    names: (resource.scopeMetrics ?? []).flatMap((/** @type {any} */ scope) =>
      (scope.metrics ?? []).map((/** @type {any} */ metric) => metric.name),
    ),
  }));
}

/** What one list has beyond another, by number. @param {readonly string[]} list @param {readonly string[]} others */
function without(list, others) {
  const left = [...others];
  return list.filter((item) => {
    const index = left.indexOf(item);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/**
 * Serves HTTP/1.1 and HTTP/2 on one port, told apart by a connection's first bytes: Bedrock's SDK speaks the newer.
 * @param {(request: any, response: any) => void} handle
 */
async function listen(handle) {
  // Longer than an application is busy between two calls: a connection that closes just then fails the second.
  const older = createServer({ keepAliveTimeout: 60_000 }, handle);
  const newer = createHttp2Server(handle);
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => undefined));
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      (first.toString('latin1').startsWith('PRI * HTTP/2') ? newer : older).emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return Object.assign(server, { closeAllConnections: () => sockets.forEach((socket) => socket.destroy()) });
}

/** Starts the server on a free port of 127.0.0.1. */
export async function startFakeProvider() {
  /** @type {Map<string, ReceivedSpan[]>} */
  const spansByService = new Map();
  /** @type {Map<string, Set<string>>} */
  const metricsByService = new Map();
  /** @param {any} request @param {any} response */
  const handle = (request, response) => {
    /** @type {Buffer[]} */
    const chunks = [];
    request.on('data', (/** @type {Buffer} */ chunk) => chunks.push(chunk));
    request.on('end', () => {
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
      if (path === '/v1/traces') {
        for (const { service, spans } of decodeTraces(Buffer.concat(chunks))) {
          spansByService.set(service, [...(spansByService.get(service) ?? []), ...spans]);
        }
      }
      if (path === '/v1/metrics') {
        for (const { service, names } of decodeMetrics(Buffer.concat(chunks))) {
          metricsByService.set(service, new Set([...(metricsByService.get(service) ?? []), ...names]));
        }
      }
      const answer = ANSWERS[path]?.(JSON.parse(Buffer.concat(chunks).toString() || '{}').stream === true);
      response.setHeader('content-type', answer?.type ?? 'application/x-protobuf');
      response.end(answer?.body);
    });
  };
  const server = await listen(handle);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    /**
     * @param {string} service
     * @returns {string | undefined} what is wrong with the spans of this service: exactly one priced span a call
     */
    checkSpans(service) {
      const spans = spansByService.get(service) ?? [];
      const calls = spans.filter((span) => isCall(span) && !isRepeat(span, spans)).map(callOf);
      const missing = without(EXPECTED_CALLS, calls);
      const beside = without(calls, EXPECTED_CALLS);
      if (missing.length + beside.length === 0) return undefined;
      return `missing: ${missing.join(', ') || 'none'}; beside what was wanted: ${beside.join(', ') || 'none'}`;
    },
    /** @param {string} service what arrived of it so far */
    spansOf: (service) => spansByService.get(service) ?? [],
    /** @param {string} service the names of the metrics that arrived of it so far */
    metricsOf: (service) => [...(metricsByService.get(service) ?? [])],
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
