import {
  constants,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type ContentEncoding, SUPPORTED_ENCODINGS } from '../decode/inflate.js';
import type { ExportIntake } from '../http/export-intake.js';
import { encodeExportResponse } from '../http/otlp-response.js';
import { Refusal, refusalOf } from '../http/refusal.js';
import type { RequestGuard } from '../http/request-guard.js';
import type { ReceiverLimits } from '../limits.js';
import type { Logger } from '../logger.js';
import type { ReceiverCounters } from '../stats.js';
import type { Signal } from '../tables.js';
import { GRPC_CODES, grpcStatus } from './grpc-status.js';

/*
 * OTLP's three unary calls over HTTP/2 without TLS, on node:http2. A gRPC library reads a message whole before it asks
 * anybody; here every byte is taken from the queue's budget as it arrives, and unpacked by the decoding worker, never on
 * the event loop.
 */

/** What answers calls. */
export interface GrpcServerOptions {
  readonly intake: ExportIntake;
  readonly guard: RequestGuard;
  readonly limits: ReceiverLimits;
  readonly counters: ReceiverCounters;
  readonly logger: Logger;
}

const METHODS: ReadonlyMap<string, Signal> = new Map([
  ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'traces'],
  ['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'metrics'],
  ['/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'logs'],
]);

/** A byte that says whether the message is compressed, and its length in four. */
const PREFIX_BYTES = 5;
const STREAM_WINDOW_BYTES = 1024 * 1024;
const CONCURRENT_STREAMS = 100;
const CONTENT_TYPE = 'application/grpc';

/** Makes a server that answers OTLP/gRPC; `close` is the caller's, see `closeGrpcServer`. */
export function createGrpcServer(options: GrpcServerOptions): Http2Server {
  const settings = { initialWindowSize: STREAM_WINDOW_BYTES, maxConcurrentStreams: CONCURRENT_STREAMS };
  const server = createServer({ settings });
  server.on('stream', (stream, headers) => {
    // A sender that goes away is seen where the body is read; here it must only not count as unhandled.
    stream.on('error', () => undefined);
    stream.setTimeout(options.limits.requestMs, () => stream.close(constants.NGHTTP2_CANCEL));
    answer(options, stream, headers).catch((error: unknown) => refuse(options, stream, error));
  });
  server.on('sessionError', () => undefined);
  return server;
}

async function answer(options: GrpcServerOptions, stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
  const { guard, intake } = options;
  checkSender(guard, stream, headers);
  const path = headers[':path'] ?? '';
  const signal = METHODS.get(path);
  if (signal === undefined || headers[':method'] !== 'POST') throw new Refusal('not_found', `there is no ${path}`);
  const encoding = requireEncoding(headers);
  const declaredBytes = Number(headers['content-length'] ?? 0);
  const { rejected, message } = await intake.take({ stream, declaredBytes }, (body) => {
    const { isCompressed, content } = unframe(body);
    return { signal, format: 'protobuf', encoding: isCompressed ? encoding : 'identity', body: content };
  });
  sendMessage(stream, encodeExportResponse(signal, 'protobuf', rejected, message).body);
}

function checkSender(guard: RequestGuard, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const refused = guard.check({
    host: headers[':authority'] ?? headers.host,
    origin: headers.origin,
    localAddress: stream.session?.socket.localAddress,
  });
  if (refused !== undefined) throw new Refusal(refused, 'this port does not answer to that authority or origin');
  if (!(headers['content-type'] ?? '').startsWith(CONTENT_TYPE)) {
    throw new Refusal('unsupported_content_type', `Content-Type is not ${CONTENT_TYPE}`);
  }
}

function requireEncoding(headers: IncomingHttpHeaders): ContentEncoding {
  const named = String(headers['grpc-encoding'] ?? 'identity');
  const encoding = SUPPORTED_ENCODINGS.find((supported) => supported === named);
  if (encoding !== undefined) return encoding;
  throw new Refusal('unsupported_content_encoding', `grpc-encoding ${named} is not one of ${acceptedEncodings}`);
}

const acceptedEncodings = SUPPORTED_ENCODINGS.join(',');

/** The one message of a unary call. @throws Refusal where the body holds anything else. */
function unframe(body: Uint8Array): { readonly isCompressed: boolean; readonly content: Uint8Array } {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const isWhole = body.length >= PREFIX_BYTES && view.getUint32(1) === body.length - PREFIX_BYTES;
  const compressed = isWhole ? view.getUint8(0) : undefined;
  if (compressed !== 0 && compressed !== 1) throw new Refusal('malformed_body', 'the call is not one whole message');
  return { isCompressed: compressed === 1, content: body.subarray(PREFIX_BYTES) };
}

function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (stream.destroyed) return;
  const frame = Buffer.alloc(PREFIX_BYTES + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, PREFIX_BYTES);
  stream.respond(
    { ':status': 200, 'content-type': CONTENT_TYPE, 'grpc-accept-encoding': acceptedEncodings },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(GRPC_CODES.ok) }));
  stream.end(frame);
}

function refuse({ counters, limits, logger }: GrpcServerOptions, stream: ServerHttp2Stream, error: unknown): void {
  if (!(error instanceof Refusal)) logger.warn('a call failed unexpectedly', { error: String(error) });
  const { reason, message } = refusalOf(error);
  counters.countRefused(reason);
  if (reason === 'insert_failed') logger.warn('an insert failed; the sender may repeat its request', { message });
  if (stream.destroyed || stream.headersSent) return;
  stream.respond(
    {
      ':status': 200,
      'content-type': CONTENT_TYPE,
      'grpc-accept-encoding': acceptedEncodings,
      ...grpcStatus(reason, message, limits.retryAfterSeconds),
    },
    { endStream: true },
  );
  // What is left of the message is thrown away.
  stream.resume();
}

/** How long calls under way may take to end when a server closes. */
const GRACE_MS = 5000;

/** Takes no more calls, answers those under way, then closes every connection. */
export function closeGrpcServer(server: Http2Server, sessions: ReadonlySet<ServerHttp2Session>): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      for (const session of sessions) session.destroy();
    }, GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    for (const session of sessions) session.close();
  });
}

/** The connections that a server has open. */
export function trackSessions(server: Http2Server): ReadonlySet<ServerHttp2Session> {
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => undefined);
  });
  return sessions;
}
