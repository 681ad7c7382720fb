// OTLP/HTTP requests of LLM calls, as an instrumented application sends them.
import { attribute, field, fixed64 } from '../support/otlp-encoding.mjs';

const randomId = (bytes) => Buffer.from(Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)));
const pick = (count) => Math.floor(Math.random() * count);

const MODELS = [
  ['openai', 'gpt-5-mini', 'gpt-5-mini-2025-08-07'],
  ['openai', 'gpt-4o', 'gpt-4o-2024-08-06'],
  ['anthropic', 'claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
  ['gcp.gemini', 'gemini-2.5-flash', 'gemini-2.5-flash'],
];

/** A call that ended just now: most took a second or two, one in a thousand half a minute and more. */
function encodeSpan() {
  const [provider, requestModel, responseModel] = MODELS[pick(MODELS.length)];
  const durationMs = Math.round(300 + 1500 * Math.random() ** -0.5 * Math.random());
  const endNs = BigInt(Date.now()) * 1_000_000n - BigInt(pick(1_000_000));
  const feature = Math.floor(Math.exp(Math.random() * Math.log(40)));
  const input = 200 + pick(3000);
  const output = 20 + pick(600);
  const user = Math.floor(Math.exp(Math.random() * Math.log(1e6)));
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': provider,
    'gen_ai.request.model': requestModel,
    'gen_ai.response.model': responseModel,
    'gen_ai.response.id': `chatcmpl-${randomId(12).toString('hex')}`,
    'gen_ai.usage.input_tokens': input,
    'gen_ai.usage.output_tokens': output,
    'costel.usage.input': input,
    'costel.usage.output': output,
    'costel.usage.quality': 'reported',
    'costel.feature': `feature-${feature}`,
    'costel.team': `team-${feature % 8}`,
    'costel.project': `project-${feature % 5}`,
    'costel.customer': `customer-${user % 5000}`,
    'user.id': `user-${user}`,
    'gen_ai.conversation.id': `conversation-${randomId(8).toString('hex')}`,
    'server.address': 'api.example.com',
    'server.port': 443,
  };
  return Buffer.concat([
    field(1, randomId(16)),
    field(2, randomId(8)),
    field(5, Buffer.from(`chat ${requestModel}`)),
    Buffer.from([0x30, 3]),
    fixed64(7, endNs - BigInt(durationMs) * 1_000_000n),
    fixed64(8, endNs),
    ...Object.entries(attributes).map(([key, value]) => attribute(9, key, value)),
  ]);
}

/** @param {number} count spans of one service @returns {Buffer} an ExportTraceServiceRequest */
export function encodeRequest(count) {
  const attributes = { 'service.name': `service-${pick(12)}`, 'deployment.environment.name': 'production' };
  const resource = Object.entries(attributes).map(([key, value]) => attribute(1, key, value));
  const spans = Array.from({ length: count }, () => field(2, encodeSpan()));
  const scope = field(1, field(1, Buffer.from('@costel/instrumentation')));
  return field(1, Buffer.concat([field(1, Buffer.concat(resource)), field(2, Buffer.concat([scope, ...spans]))]));
}
