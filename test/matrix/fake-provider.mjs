// One local server that answers as OpenAI, Anthropic, Groq and Together do and takes the OTLP that the instrumented apps send.
import { createServer } from 'node:http';
import protobuf from 'protobufjs';

const { root: schema } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span { string name = 5; repeated KeyValue attributes = 9; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const requestType = schema.lookupType('Request');

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

/** @param {Buffer} body @returns {{ service: string, spans: { name: string, attributes: Record<string, unknown> }[] }[]} */
function decodeTraces(body) {
  const request = requestType.toObject(requestType.decode(body), { longs: Number, defaults: false });
  const read = (/** @type {any[]} */ pairs = []) =>
    Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value ?? {})[0]]));
  return (request.resourceSpans ?? []).map((/** @type {any} */ resource) => ({
    service: read(resource.resource?.attributes)['service.name'] ?? '',
    spans: (resource.scopeSpans ?? []).flatMap((/** @type {any} */ scope) =>
      (scope.spans ?? []).map((/** @type {any} */ span) => ({ name: span.name, attributes: read(span.attributes) })),
    ),
  }));
}

/** Starts the server on a free port of 127.0.0.1. */
export async function startFakeProvider() {
  /** @type {Map<string, { name: string, attributes: Record<string, unknown> }[]>} */
  const spansByService = new Map();
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
      const answer = answers[/** @type {keyof typeof answers} */ (path)];
      response.setHeader('content-type', answer ? 'application/json' : 'application/x-protobuf');
      response.end(answer ? JSON.stringify(answer) : '');
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
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
