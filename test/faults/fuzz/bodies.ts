import { deflateSync, gzipSync } from 'node:zlib';
import { callsAsFields, callsAsJson, encodeCalls, makeCall, type Call } from '../support/calls.js';
import type { Random } from '../support/random.js';
import { double, encodeFields, fixed64, message, text, varint, type WireField } from '../support/wire.js';
import { mutateBytes } from './mutate-bytes.js';
import { mutateFields } from './mutate-fields.js';
import { mutateJson } from './mutate-json.js';

/** One request of the fuzzer. */
export interface FuzzRequest {
  /** What was done to it. */
  readonly kind: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Valid calls in the same request: stored where it is acknowledged. */
  readonly neighbours: readonly Call[];
  /** Whether the request as a whole is beyond reproach: it must be acknowledged. */
  readonly isValid: boolean;
}

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';

type Maker = (random: Random, nowMs: number) => FuzzRequest;

/** Kinds of requests and how often each comes, in parts of their sum. */
const MAKERS: readonly (readonly [number, Maker])[] = [
  [24, mutatedSpanInProtobuf],
  [16, mutatedSpanInJson],
  [14, damagedProtobuf],
  [12, damagedJson],
  [8, mutatedMetrics],
  [8, mutatedLogs],
  [6, wrongEnvelope],
  [4, compressed],
  [1, bomb],
  [2, deepJson],
  [5, validRequest],
];
const WEIGHTS = MAKERS.reduce((sum, [weight]) => sum + weight, 0);

/** The next request of a seeded stream. */
export function makeRequest(random: Random, nowMs: number): FuzzRequest {
  let rest = random.below(WEIGHTS);
  for (const [weight, maker] of MAKERS) {
    if (rest < weight) return maker(random, nowMs);
    rest -= weight;
  }
  return validRequest(random, nowMs);
}

const calls = (random: Random, nowMs: number, most: number): Call[] =>
  Array.from({ length: random.between(1, most) }, () => makeCall(random, nowMs, { hoursBack: 2 }));

function traces(kind: string, body: Buffer, type: string, more: Partial<FuzzRequest> = {}): FuzzRequest {
  const headers = { 'content-type': type };
  return { kind, path: '/v1/traces', headers, body, neighbours: [], isValid: false, ...more };
}

function validRequest(random: Random, nowMs: number): FuzzRequest {
  const neighbours = calls(random, nowMs, 20);
  const isJson = random.chance(0.4);
  const body = encodeCalls(neighbours, isJson ? 'json' : 'protobuf', 'neighbour');
  return traces('valid', body, isJson ? JSON_TYPE : PROTOBUF, { neighbours, isValid: true });
}

/** The first span is changed anywhere inside; its length is right, so its neighbours can be told from it. */
function mutatedSpanInProtobuf(random: Random, nowMs: number): FuzzRequest {
  const [victim, ...neighbours] = calls(random, nowMs, 6);
  if (victim === undefined) throw new Error('no call');
  const fields = callsAsFields([victim, ...neighbours], 'neighbour');
  const span = contentOf(contentOf(fields[0])[1])[1];
  if (span === undefined) throw new Error('no span');
  span.value = mutateFields(contentOf(span), random);
  return traces('a span of a protobuf body', encodeFields(fields), PROTOBUF, { neighbours });
}

const contentOf = (field: WireField | undefined): WireField[] => (Array.isArray(field?.value) ? field.value : []);

interface JsonTraces {
  readonly resourceSpans: readonly [{ readonly scopeSpans: readonly [{ readonly spans: unknown[] }] }];
}

function mutatedSpanInJson(random: Random, nowMs: number): FuzzRequest {
  const [victim, ...neighbours] = calls(random, nowMs, 6);
  if (victim === undefined) throw new Error('no call');
  const request = callsAsJson([victim, ...neighbours], 'neighbour') as JsonTraces;
  const { spans } = request.resourceSpans[0].scopeSpans[0];
  spans[0] = mutateJson(spans[0] as object, random);
  return traces('a span of a JSON body', Buffer.from(JSON.stringify(request)), JSON_TYPE, { neighbours });
}

function damagedProtobuf(random: Random, nowMs: number): FuzzRequest {
  const some = calls(random, nowMs, 4);
  const body = random.chance(0.4)
    ? encodeFields(mutateFields(callsAsFields(some, 'damaged'), random))
    : mutateBytes(encodeCalls(some, 'protobuf', 'damaged'), random);
  return traces('damaged protobuf', body, PROTOBUF);
}

function damagedJson(random: Random, nowMs: number): FuzzRequest {
  const some = calls(random, nowMs, 4);
  const body = random.chance(0.4)
    ? Buffer.from(JSON.stringify(mutateJson(callsAsJson(some, 'damaged'), random)) ?? '')
    : mutateBytes(encodeCalls(some, 'json', 'damaged'), random);
  return traces('damaged JSON', body, JSON_TYPE);
}

const resource = (): WireField => message(1, [message(1, [text(1, 'service.name'), message(2, [text(1, 'damaged')])])]);
const attribute = (number: number): WireField => message(number, [text(1, 'k'), message(2, [double(4, 0.5)])]);

function mutatedMetrics(random: Random, nowMs: number): FuzzRequest {
  const at = BigInt(nowMs) * 1_000_000n;
  const times = [fixed64(2, at - 1_000_000_000n), fixed64(3, at)];
  const number = message(1, [attribute(7), ...times, double(4, 1.5), message(5, [fixed64(2, at), double(3, 1)])]);
  const histogram = message(1, [attribute(9), ...times, fixed64(4, 2n), double(5, 3), text(6, '\u0001'.repeat(16))]);
  const summary = message(1, [attribute(7), ...times, fixed64(4, 2n), double(5, 3), message(6, [double(1, 0.5)])]);
  const exponential = message(1, [attribute(1), ...times, fixed64(4, 2n), varint(6, 3n), message(8, [varint(1, 1n)])]);
  const metric = (data: WireField): WireField => message(2, [text(1, 'm'), text(2, 'd'), text(3, 's'), data]);
  const metrics = [
    metric(message(5, [number])),
    metric(message(7, [number, varint(2, 2n), varint(3, 1n)])),
    metric(message(9, [histogram, varint(2, 2n)])),
    metric(message(10, [exponential, varint(2, 2n)])),
    metric(message(11, [summary])),
  ];
  const fields = [message(1, [resource(), message(2, [message(1, [text(1, 'faults')]), ...metrics])])];
  return other('metrics', fields, random);
}

function mutatedLogs(random: Random, nowMs: number): FuzzRequest {
  const at = BigInt(nowMs) * 1_000_000n;
  const body = message(5, [message(6, [message(1, [text(1, 'k'), message(2, [text(1, 'v')])])])]);
  const ids = [message(9, []), text(9, 'a'.repeat(16)), text(10, 'b'.repeat(8))];
  const record = message(2, [
    fixed64(1, at),
    fixed64(11, at),
    varint(2, 9n),
    text(3, 'INFO'),
    body,
    attribute(6),
    ...ids,
  ]);
  const fields = [message(1, [resource(), message(2, [message(1, [text(1, 'faults')]), record, record])])];
  return other('logs', fields, random);
}

function other(signal: 'metrics' | 'logs', fields: WireField[], random: Random): FuzzRequest {
  const body = random.chance(0.6)
    ? encodeFields(mutateFields(fields, random))
    : mutateBytes(encodeFields(fields), random);
  const headers = { 'content-type': PROTOBUF };
  return { kind: signal, path: `/v1/${signal}`, headers, body, neighbours: [], isValid: false };
}

/** A good body that says of itself what it is not. */
function wrongEnvelope(random: Random, nowMs: number): FuzzRequest {
  const body = encodeCalls(calls(random, nowMs, 3), random.chance(0.5) ? 'json' : 'protobuf', 'damaged');
  const type = random.pick([
    '',
    'text/plain',
    'application/grpc',
    'application/x-protobuf; charset=x',
    JSON_TYPE,
    PROTOBUF,
  ]);
  const encoding = random.pick(['', 'gzip', 'deflate', 'zstd', 'br', 'gzip, gzip', 'identity', 'x'.repeat(300)]);
  const path = random.pick([
    '/v1/traces',
    '/v1/metrics',
    '/v1/logs',
    '/v1/traces/',
    '/v1/profiles',
    '/',
    '/v1/traces?x=1',
  ]);
  const headers = {
    ...(type === '' ? {} : { 'content-type': type }),
    ...(encoding === '' ? {} : { 'content-encoding': encoding }),
  };
  return { kind: 'wrong envelope', path, headers, body, neighbours: [], isValid: false };
}

/** Compressed as it says, whole or damaged. */
function compressed(random: Random, nowMs: number): FuzzRequest {
  const some = calls(random, nowMs, 10);
  const [encoding, compress] = random.pick([['gzip', gzipSync] as const, ['deflate', deflateSync] as const]);
  const whole = compress(encodeCalls(some, 'protobuf', 'neighbour'));
  const isDamaged = random.chance(0.6);
  const headers = { 'content-type': PROTOBUF, 'content-encoding': encoding };
  const body = isDamaged ? mutateBytes(whole, random) : whole;
  return traces('compressed', body, PROTOBUF, { headers, neighbours: isDamaged ? [] : some, isValid: !isDamaged });
}

const BOMB_BYTES = 30 * 1024 * 1024;
const zeros = gzipSync(Buffer.alloc(BOMB_BYTES));
const jsonArrays = gzipSync(Buffer.from('['.repeat(BOMB_BYTES)));
const manySpans = gzipSync(
  Buffer.concat(Array.from({ length: 400_000 }, () => Buffer.from([0x0a, 4, 0x12, 2, 0x12, 0]))),
);
// A frame of zstd: magic, a window of 128 MiB, then a block that repeats one byte 128 KiB long, 4,000 times.
const zstdBomb = Buffer.concat([
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88]),
  ...Array.from({ length: 4000 }, (_, index) => Buffer.from([index === 3999 ? 0x03 : 0x02, 0x00, 0x10, 0x00])),
]);

/** Small on the wire, huge once unpacked. */
function bomb(random: Random): FuzzRequest {
  const [encoding, body, type] = random.pick([
    ['gzip', zeros, PROTOBUF] as const,
    ['gzip', jsonArrays, JSON_TYPE] as const,
    ['gzip', manySpans, PROTOBUF] as const,
    ['gzip', gzipSync(zeros), PROTOBUF] as const,
    ['zstd', zstdBomb, PROTOBUF] as const,
  ]);
  return traces('bomb', body, type, { headers: { 'content-type': type, 'content-encoding': encoding } });
}

function deepJson(random: Random): FuzzRequest {
  const depth = random.pick([50, 1000, 100_000]);
  const open = random.pick(['[', '{"a":', '{"resourceSpans":[', '{"kvlistValue":{"values":[{"key":"k","value":']);
  return traces('nested JSON', Buffer.from(open.repeat(depth)), JSON_TYPE);
}
