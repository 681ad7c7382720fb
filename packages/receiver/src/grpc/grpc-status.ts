import protobuf from 'protobufjs/minimal.js';
import type { HttpRefusalReason } from '../stats.js';

/** Codes of google.rpc.Code that are answered. */
export const GRPC_CODES = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
} as const;

/** One of `GRPC_CODES`. */
export type GrpcCode = (typeof GRPC_CODES)[keyof typeof GRPC_CODES];

/**
 * What each refusal is answered with. OTLP senders repeat after `UNAVAILABLE`, and after `RESOURCE_EXHAUSTED` where it
 * comes with a `RetryInfo`; a request that can never be taken is therefore an `INVALID_ARGUMENT`.
 */
const CODES: Readonly<Record<HttpRefusalReason, GrpcCode>> = {
  forbidden_host: GRPC_CODES.permissionDenied,
  forbidden_origin: GRPC_CODES.permissionDenied,
  not_found: GRPC_CODES.unimplemented,
  method_not_allowed: GRPC_CODES.unimplemented,
  unsupported_content_type: GRPC_CODES.unimplemented,
  unsupported_content_encoding: GRPC_CODES.unimplemented,
  body_too_large: GRPC_CODES.invalidArgument,
  malformed_encoding: GRPC_CODES.invalidArgument,
  malformed_body: GRPC_CODES.invalidArgument,
  decoder_failed: GRPC_CODES.invalidArgument,
  aborted_by_client: GRPC_CODES.cancelled,
  queue_full: GRPC_CODES.resourceExhausted,
  decoder_restarted: GRPC_CODES.unavailable,
  insert_failed: GRPC_CODES.unavailable,
};

/** The status of a refusal as gRPC's trailers. */
export interface GrpcStatus {
  readonly 'grpc-status': string;
  readonly 'grpc-message': string;
  /** google.rpc.Status in base64; with a `RetryInfo` where the sender is to try again. */
  readonly 'grpc-status-details-bin'?: string;
}

/** The trailers that answer a refusal; a sender that is to try again is told after how many seconds. */
export function grpcStatus(reason: HttpRefusalReason, message: string, retryAfterSeconds: number): GrpcStatus {
  const code = CODES[reason];
  const status = { 'grpc-status': String(code), 'grpc-message': percentEncode(message) };
  const mayRetry = code === GRPC_CODES.resourceExhausted || code === GRPC_CODES.unavailable;
  if (!mayRetry) return status;
  return { ...status, 'grpc-status-details-bin': encodeDetails(code, message, retryAfterSeconds) };
}

/** Trailers hold printable ASCII; everything else, and `%` itself, is written as its UTF-8 bytes in percent signs. */
function percentEncode(text: string): string {
  const isPlain = (byte: number): boolean => byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
  const encode = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return Array.from(Buffer.from(text), (byte) => (isPlain(byte) ? String.fromCodePoint(byte) : encode(byte))).join('');
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** google.rpc.Status { code = 1, message = 2, details = 3 } with Any { type_url = 1, value = 2 } of RetryInfo { retry_delay = 1 }. */
function encodeDetails(code: GrpcCode, message: string, retryAfterSeconds: number): string {
  const wholeSeconds = Math.floor(retryAfterSeconds);
  const nanos = Math.round((retryAfterSeconds - wholeSeconds) * 1e9);
  const writer = protobuf.Writer.create();
  writer.uint32(8).int32(code).uint32(18).string(message);
  writer.uint32(26).fork().uint32(10).string(RETRY_INFO);
  writer.uint32(18).fork().uint32(10).fork();
  writer.uint32(8).int64(wholeSeconds).uint32(16).int32(nanos);
  const bytes = writer.ldelim().ldelim().ldelim().finish();
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '');
}
