import { randomFillSync } from 'node:crypto';
import { attribute, field, fixed64 } from '../support/otlp-encoding.mjs';

/*
 * OTLP requests of instrumented calls: 18 attributes a span, like those of @costel/instrumentation, which writes the buckets
 * (`costel.usage.*`) only where the conventions' counts do not tell all, and line items that are not here. A template is
 * encoded once; each request is a copy with fresh ids and times, so that no span is sent twice and the ledger has as many rows.
 */

/** Where the ids and times of a span start, from its own start: trace id, span id, parent id, start, end. */
const TRACE_ID_AT = 2;
const SPAN_ID_AT = 20;
const PARENT_ID_AT = 30;
const START_AT = 39;
const END_AT = 48;
/** Bytes of the three ids of a span. */
const ID_BYTES = 32;

function encodeSpan(index) {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.response.model': 'gpt-5-mini-2025-08-07',
    'gen_ai.response.id': `chatcmpl-${String(index).padStart(24, '0')}`,
    'gen_ai.usage.input_tokens': 1000 + (index % 500),
    'gen_ai.usage.output_tokens': 300,
    'costel.usage.input': 1000 + (index % 500),
    'costel.usage.output': 300,
    'costel.usage.quality': 'reported',
    'costel.cost.status': 'priced',
    'costel.cost.usd': '0.00085',
    'costel.feature': `feature-${index % 7}`,
    'costel.customer': `customer-${index % 50}`,
    'user.id': `user-${index % 1000}`,
    'server.address': 'api.openai.com',
    'server.port': 443,
    'gen_ai.conversation.id': `conversation-${index % 2000}`,
  };
  return Buffer.concat([
    field(1, Buffer.alloc(16)),
    field(2, Buffer.alloc(8)),
    field(4, Buffer.alloc(8)),
    fixed64(7, 0n),
    fixed64(8, 0n),
    field(5, Buffer.from('chat gpt-5-mini')),
    Buffer.from([0x30, 3]),
    ...Object.entries(attributes).map(([key, value]) => attribute(9, key, value)),
  ]);
}

/** @param {number} count spans a request @returns {() => Buffer} makes one request after the other */
export function requestMaker(count) {
  const resource = field(1, Buffer.concat([attribute(1, 'service.name', 'shop'), attribute(1, 'host.name', 'h1')]));
  const scope = field(1, field(1, Buffer.from('@costel/instrumentation')));
  const spans = Array.from({ length: count }, (_, index) => encodeSpan(index));
  const scopeSpans = Buffer.concat([scope, ...spans.map((span) => field(2, span))]);
  const template = field(1, Buffer.concat([resource, field(2, scopeSpans)]));
  const starts = [];
  let at = template.length - scopeSpans.length + scope.length;
  for (const span of spans) {
    const header = field(2, span).length - span.length;
    starts.push(at + header);
    at += header + span.length;
  }
  const ids = Buffer.alloc(count * ID_BYTES);
  return () => {
    const body = Buffer.from(template);
    const nowNs = BigInt(Date.now()) * 1_000_000n - 2_000_000_000n;
    randomFillSync(ids);
    for (let index = 0; index < count; index++) {
      const start = starts[index];
      const id = index * ID_BYTES;
      ids.copy(body, start + TRACE_ID_AT, id, id + 16);
      ids.copy(body, start + SPAN_ID_AT, id + 16, id + 24);
      ids.copy(body, start + PARENT_ID_AT, id + 24, id + ID_BYTES);
      body.writeBigUInt64LE(nowNs + BigInt(index), start + START_AT);
      body.writeBigUInt64LE(nowNs + BigInt(index) + 900_000_000n, start + END_AT);
    }
    return body;
  };
}
