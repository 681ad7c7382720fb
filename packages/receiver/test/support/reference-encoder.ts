import protobuf from 'protobufjs';
import { LOGS_REQUEST, type Message, METRICS_REQUEST, TRACES_REQUEST } from '../../src/decode/otlp-schema.js';
import type { Signal } from '../../src/tables.js';

const REQUESTS = { traces: TRACES_REQUEST, metrics: METRICS_REQUEST, logs: LOGS_REQUEST };

/**
 * Encodes an OTLP JSON request with protobufjs: shortest lengths, packed arrays, fields in the order of their numbers.
 * Our own encoder does none of this, so the two check each other.
 */
export function encodeWithProtobufjs(signal: Signal, request: unknown): Uint8Array {
  const root = new protobuf.Root();
  const type = defineType(root, new Map(), REQUESTS[signal]);
  root.resolveAll();
  return type.encode(type.fromObject(withBinaryIds(request) as Record<string, unknown>)).finish();
}

function defineType(root: protobuf.Root, known: Map<Message, protobuf.Type>, message: Message): protobuf.Type {
  const before = known.get(message);
  if (before !== undefined) return before;
  const type = new protobuf.Type(`Message${known.size}`);
  known.set(message, type);
  root.add(type);
  for (const [name, { number, type: fieldType, isRepeated }] of message.fields) {
    if (name.includes('_')) continue;
    type.add(new protobuf.Field(name, number, nameOf(root, known, fieldType), isRepeated ? 'repeated' : undefined));
  }
  return type;
}

type FieldType =
  Message['fields'] extends ReadonlyMap<string, infer Field extends { type: unknown }> ? Field['type'] : never;

function nameOf(root: protobuf.Root, known: Map<Message, protobuf.Type>, type: FieldType): string {
  if (typeof type === 'string') return type === 'id' ? 'bytes' : type;
  const resolved = typeof type === 'function' ? type() : type;
  return 'words' in resolved ? 'int32' : defineType(root, known, resolved).name;
}

/** Ids are hexadecimal in OTLP JSON and base64 everywhere else in protobuf's JSON. */
function withBinaryIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBinaryIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, content]) =>
      /^(traceId|spanId|parentSpanId)$/.test(key) && typeof content === 'string'
        ? [key, Buffer.from(content, 'hex')]
        : [key, withBinaryIds(content)],
    ),
  );
}
