import type { Random } from './random.js';
import { bytes, double, encodeFields, fixed64, message, text, varint, type WireField } from './wire.js';

/** An attribute value: text, an integer or a double. */
type Value = string | bigint | number;

/** One LLM call as its sender knows it. */
export interface Call {
  readonly traceId: string;
  readonly spanId: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly attributes: Readonly<Record<string, Value>>;
  /** What it costs, in pico-dollars: what the books say. */
  readonly costPicoUsd: bigint;
}

// OpenAI's list price of gpt-4o: $2.50 a million input tokens, $10 a million output tokens.
const INPUT_PICO_USD = 2_500_000n;
const OUTPUT_PICO_USD = 10_000_000n;

const HOUR_MS = 3_600_000;

/** How calls are made. */
export interface CallOptions {
  /** Calls start at most this long before now, in hours: their quarter hours are sealed, built and dirty by turns. */
  readonly hoursBack?: number;
  readonly service?: string;
}

/** A call that no other call equals: priced from its tokens, or with a cost that its provider stated. */
export function makeCall(random: Random, nowMs: number, { hoursBack = 50 }: CallOptions = {}): Call {
  const startMs = nowMs - 1000 - Math.floor(random.next() ** 2 * hoursBack * HOUR_MS);
  const common = { traceId: random.hex(16), spanId: random.hex(8), startMs, durationMs: random.between(1, 20_000) };
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.response.id': `resp-${common.spanId}`,
    'costel.feature': `feature-${random.below(7)}`,
    'user.id': `user-${random.below(500)}`,
  };
  const input = BigInt(random.between(1, 30_000));
  const output = BigInt(random.between(1, 4000));
  const usage = { 'gen_ai.usage.input_tokens': input, 'gen_ai.usage.output_tokens': output };
  if (random.chance(0.6)) {
    const model = { 'gen_ai.request.model': 'gpt-4o', 'gen_ai.response.model': 'gpt-4o' };
    const costPicoUsd = input * INPUT_PICO_USD + output * OUTPUT_PICO_USD;
    return { ...common, attributes: { ...attributes, ...model, ...usage }, costPicoUsd };
  }
  // As fine as money gets here: every digit down to the pico-dollar.
  const costPicoUsd = BigInt(random.between(1, 2_000_000_000)) * 1000n + BigInt(random.below(1000));
  const stated = {
    'gen_ai.request.model': 'house-model',
    'gen_ai.usage.cost.source': 'provider',
    'costel.cost.usd': decimalUsd(costPicoUsd),
  };
  return { ...common, attributes: { ...attributes, ...usage, ...stated }, costPicoUsd };
}

/** Dollars as a decimal of 12 places, e.g. 1500000000000n is `1.500000000000`. */
export function decimalUsd(picoUsd: bigint): string {
  const digits = picoUsd.toString().padStart(13, '0');
  return `${digits.slice(0, -12)}.${digits.slice(-12)}`;
}

/** The form of a body. */
export type BodyFormat = 'protobuf' | 'json';

/** One OTLP request with all calls, as a sender puts it on the wire. */
export function encodeCalls(calls: readonly Call[], format: BodyFormat, service = 'shop'): Buffer {
  return format === 'protobuf'
    ? encodeFields(callsAsFields(calls, service))
    : Buffer.from(JSON.stringify(callsAsJson(calls, service)));
}

/** The request as protobuf fields that can still be changed. */
export function callsAsFields(calls: readonly Call[], service = 'shop'): WireField[] {
  const resource = message(1, [attributeField(1, 'service.name', service)]);
  const scope = message(1, [text(1, 'faults'), text(2, '1.0')]);
  return [message(1, [resource, message(2, [scope, ...calls.map((call) => message(2, spanFields(call)))])])];
}

function spanFields(call: Call): WireField[] {
  return [
    bytes(1, Buffer.from(call.traceId, 'hex')),
    bytes(2, Buffer.from(call.spanId, 'hex')),
    text(5, 'chat'),
    varint(6, 3),
    fixed64(7, startNs(call)),
    fixed64(8, endNs(call)),
    ...Object.entries(call.attributes).map(([key, value]) => attributeField(9, key, value)),
    message(15, []),
  ];
}

function attributeField(number: number, key: string, value: Value): WireField {
  if (typeof value === 'string') return message(number, [text(1, key), message(2, [text(1, value)])]);
  return message(number, [text(1, key), message(2, [typeof value === 'bigint' ? varint(3, value) : double(4, value)])]);
}

/** The request as OTLP/JSON. */
export function callsAsJson(calls: readonly Call[], service = 'shop'): object {
  const spans = calls.map((call) => ({
    traceId: call.traceId,
    spanId: call.spanId,
    name: 'chat',
    kind: 3,
    startTimeUnixNano: String(startNs(call)),
    endTimeUnixNano: String(endNs(call)),
    attributes: Object.entries(call.attributes).map(([key, value]) => ({ key, value: jsonValue(value) })),
    status: {},
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'faults', version: '1.0' }, spans }] }] };
}

function jsonValue(value: Value): object {
  if (typeof value === 'string') return { stringValue: value };
  return typeof value === 'bigint' ? { intValue: String(value) } : { doubleValue: value };
}

const startNs = (call: Call): bigint => BigInt(call.startMs) * 1_000_000n;
const endNs = (call: Call): bigint => startNs(call) + BigInt(call.durationMs) * 1_000_000n;
