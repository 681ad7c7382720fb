// One local server that answers as OpenAI, Anthropic, Groq and Together do and takes the OTLP that the instrumented apps send.
import { createServer } from 'node:http';
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

/** What each call must cost: tokens × list price, e.g. gpt-4o-mini: 1 000 × $0.15/M + 100 × $0.60/M. */
const EXPECTED_COSTS_USD = {
  'gpt-4o-mini': '0.00021',
  'claude-haiku-4-5-20251001': '0.0015',
  'llama-3.3-70b-versatile': '0.000669',
  'meta-llama/Llama-3.3-70B-Instruct-Turbo': '0.000968',
};

/** @param {string} model */
const chatOf = (model) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model,
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello.' } }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
});

const answers = {
  '/v1/chat/completions': chatOf('gpt-4o-mini'),
  '/openai/v1/chat/completions': chatOf('llama-3.3-70b-versatile'),
  '/together/chat/completions': chatOf('meta-llama/Llama-3.3-70B-Instruct-Turbo'),
  '/v1/messages': {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-haiku-4-5-20251001',
    content: [{ type: 'text', text: 'Hello.' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1000, output_tokens: 100 },
  },
};

/** A chat in one piece, as the pieces of a stream; the last holds the usage. @param {object} answer */
function piecesOf(answer) {
  const { choices, usage, ...rest } = /** @type {ReturnType<typeof chatOf>} */ (answer);
  const chunk = { ...rest, object: 'chat.completion.chunk' };
  const deltas = choices.map(({ message, ...choice }) => ({ ...choice, delta: message }));
  const pieces = [
    { ...chunk, choices: deltas },
    { ...chunk, choices: [], usage },
  ];
  return `${pieces.map((piece) => `data: ${JSON.stringify(piece)}\n\n`).join('')}data: [DONE]\n\n`;
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
  const hex = (/** @type {Buffer | undefined} */ bytes) => Buffer.from(bytes ?? []).toString('hex');
  return (request.resourceSpans ?? []).map((/** @type {any} */ resource) => ({
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
  return (request.resourceMetrics ?? []).map((/** @type {any} */ resource) => ({
    service: serviceOf(resource),
    names: (resource.scopeMetrics ?? []).flatMap((/** @type {any} */ scope) =>
      (scope.metrics ?? []).map((/** @type {any} */ metric) => metric.name),
    ),
  }));
}

/** Starts the server on a free port of 127.0.0.1. */
export async function startFakeProvider() {
  /** @type {Map<string, ReceivedSpan[]>} */
  const spansByService = new Map();
  /** @type {Map<string, Set<string>>} */
  const metricsByService = new Map();
  const server = createServer((request, response) => {
    /** @type {Buffer[]} */
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname;
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
      const answer = answers[/** @type {keyof typeof answers} */ (path)];
      if (!answer) {
        response.setHeader('content-type', 'application/x-protobuf').end();
      } else if (JSON.parse(Buffer.concat(chunks).toString()).stream === true) {
        response.setHeader('content-type', 'text/event-stream').end(piecesOf(answer));
      } else {
        response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    /**
     * @param {string} service
     * @returns {string | undefined} what is wrong with the spans of this service: exactly one priced span a call
     */
    checkSpans(service) {
      const spans = (spansByService.get(service) ?? []).filter(
        (span) => 'gen_ai.usage.input_tokens' in span.attributes,
      );
      const costs = Object.fromEntries(
        spans.map((span) => [span.attributes['gen_ai.response.model'], span.attributes['costel.cost.usd']]),
      );
      const right =
        spans.length === Object.keys(EXPECTED_COSTS_USD).length &&
        Object.entries(EXPECTED_COSTS_USD).every(([model, cost]) => costs[model] === cost);
      return right
        ? undefined
        : `wanted ${JSON.stringify(EXPECTED_COSTS_USD)} on one span each, got ${JSON.stringify(spans, undefined, 2)}`;
    },
    /** @param {string} service what arrived of it so far */
    spansOf: (service) => spansByService.get(service) ?? [],
    /** @param {string} service the names of the metrics that arrived of it so far */
    metricsOf: (service) => [...(metricsByService.get(service) ?? [])],
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
