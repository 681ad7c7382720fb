import protobuf from 'protobufjs/minimal.js';
import type { BodyFormat } from '../decode/decode-request.js';
import type { Signal } from '../tables.js';

const CONTENT_TYPES: Readonly<Record<BodyFormat, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

const REJECTED_NAMES: Readonly<Record<Signal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
};

/** Codes of google.rpc.Status by HTTP status. */
const RPC_CODES: ReadonlyMap<number, number> = new Map([
  [400, 3],
  [403, 7],
  [404, 5],
  [405, 12],
  [413, 3],
  [415, 3],
  [429, 8],
  [503, 14],
]);
const RPC_UNKNOWN = 2;

/** A body and what it is. */
export interface EncodedResponse {
  readonly contentType: string;
  readonly body: Uint8Array;
}

const jsonBytes = (value: object): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** An export response, in the form of the request; with `rejected` records, and why, as its partial success. */
export function encodeExportResponse(
  signal: Signal,
  format: BodyFormat,
  rejected: number,
  message: string,
): EncodedResponse {
  const contentType = CONTENT_TYPES[format];
  if (rejected === 0) return { contentType, body: format === 'json' ? jsonBytes({}) : new Uint8Array() };
  if (format === 'json') {
    const partialSuccess = { [REJECTED_NAMES[signal]]: String(rejected), errorMessage: message };
    return { contentType, body: jsonBytes({ partialSuccess }) };
  }
  const writer = protobuf.Writer.create().uint32(10).fork();
  writer.uint32(8).int64(rejected).uint32(18).string(message);
  return { contentType, body: writer.ldelim().finish() };
}

/** A google.rpc.Status for an HTTP status of 4xx or 5xx, in the form of the request. */
export function encodeStatusResponse(httpStatus: number, format: BodyFormat, message: string): EncodedResponse {
  const code = RPC_CODES.get(httpStatus) ?? RPC_UNKNOWN;
  const contentType = CONTENT_TYPES[format];
  if (format === 'json') return { contentType, body: jsonBytes({ code, message }) };
  return { contentType, body: protobuf.Writer.create().uint32(8).int32(code).uint32(18).string(message).finish() };
}
