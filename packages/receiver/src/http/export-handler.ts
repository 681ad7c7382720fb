import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BodyFormat } from '../decode/decode-request.js';
import { type ContentEncoding, SUPPORTED_ENCODINGS } from '../decode/inflate.js';
import type { ReceiverLimits } from '../limits.js';
import type { Logger } from '../logger.js';
import type { HttpRefusalReason, ReceiverCounters } from '../stats.js';
import type { Signal } from '../tables.js';
import { Refusal, refusalOf } from './refusal.js';
import { encodeExportResponse, encodeStatusResponse, type EncodedResponse } from './otlp-response.js';
import type { ExportIntake } from './export-intake.js';
import type { RequestGuard } from './request-guard.js';

/** What answers requests. */
export interface ExportHandlerOptions {
  readonly intake: ExportIntake;
  readonly limits: ReceiverLimits;
  readonly counters: ReceiverCounters;
  readonly guard: RequestGuard;
  readonly logger: Logger;
}

/** Handles one HTTP request; never throws. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

const SIGNAL_PATHS: ReadonlyMap<string, Signal> = new Map([
  ['/v1/traces', 'traces'],
  ['/v1/metrics', 'metrics'],
  ['/v1/logs', 'logs'],
]);

const FORMATS: ReadonlyMap<string, BodyFormat> = new Map([
  ['application/x-protobuf', 'protobuf'],
  ['application/json', 'json'],
]);

/** HTTP status of each refusal. OTLP senders repeat a request after 429 and 503, and drop it after the others. */
const STATUS: Readonly<Record<HttpRefusalReason, number>> = {
  forbidden_host: 403,
  forbidden_origin: 403,
  not_found: 404,
  method_not_allowed: 405,
  unsupported_content_type: 415,
  unsupported_content_encoding: 415,
  body_too_large: 413,
  malformed_encoding: 400,
  malformed_body: 400,
  decoder_failed: 400,
  aborted_by_client: 400,
  queue_full: 429,
  decoder_restarted: 503,
  insert_failed: 503,
};

/** Answers OTLP exports under `/v1/` and `GET /health`. */
export function createExportHandler(options: ExportHandlerOptions): HttpHandler {
  return (request, response) => {
    respond(options, request, response).catch((error: unknown) => {
      if (!(error instanceof Refusal)) options.logger.warn('a request failed unexpectedly', { error: String(error) });
      refuse(options, request, response, refusalOf(error));
    });
  };
}

async function respond(
  options: ExportHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  checkSender(options.guard, request);
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (path === '/health') {
    checkMethod(request, response, ['GET', 'HEAD']);
    return send(response, 200, { contentType: 'application/json', body: Buffer.from('{"status":"ok"}') });
  }
  const signal = SIGNAL_PATHS.get(path);
  if (signal === undefined) throw new Refusal('not_found', `there is no ${path}; OTLP is at ${paths()}`);
  checkMethod(request, response, ['POST']);
  return exportRequest(options, request, response, signal);
}

const paths = (): string => [...SIGNAL_PATHS.keys()].join(', ');

function checkSender(guard: RequestGuard, request: IncomingMessage): void {
  const refused = guard.check({
    host: request.headers.host,
    origin: request.headers.origin,
    localAddress: request.socket.localAddress,
  });
  if (refused === 'forbidden_host') {
    throw new Refusal(refused, `host ${request.headers.host ?? '(none)'} is not one that this port answers to`);
  }
  if (refused !== undefined) throw new Refusal(refused, 'this port does not take requests from web pages');
}

function checkMethod(request: IncomingMessage, response: ServerResponse, methods: readonly string[]): void {
  if (methods.includes(request.method ?? '')) return;
  response.setHeader('Allow', methods.join(', '));
  throw new Refusal('method_not_allowed', `${request.method ?? ''} is not one of ${methods.join(', ')}`);
}

async function exportRequest(
  { intake }: ExportHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: Signal,
): Promise<void> {
  const format = requireFormat(request);
  const encoding = requireEncoding(request);
  const declaredBytes = Number(request.headers['content-length'] ?? 0);
  const { rejected, message } = await intake.take({ stream: request, declaredBytes }, (body) => ({
    signal,
    format,
    encoding,
    body,
  }));
  send(response, 200, encodeExportResponse(signal, format, rejected, message));
}

function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

function requireFormat(request: IncomingMessage): BodyFormat {
  const format = FORMATS.get(mediaType(request));
  if (format !== undefined) return format;
  throw new Refusal(
    'unsupported_content_type',
    `Content-Type ${request.headers['content-type'] ?? '(none)'} is not one of ${[...FORMATS.keys()].join(', ')}`,
  );
}

function requireEncoding(request: IncomingMessage): ContentEncoding {
  const named = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const encoding = SUPPORTED_ENCODINGS.find((supported) => supported === named);
  if (encoding !== undefined) return encoding;
  throw new Refusal(
    'unsupported_content_encoding',
    `Content-Encoding ${named} is not one of ${SUPPORTED_ENCODINGS.join(', ')}`,
  );
}

function send(response: ServerResponse, status: number, { contentType, body }: EncodedResponse): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': body.length,
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}

function refuse(
  { counters, limits, logger }: ExportHandlerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { reason, message }: Refusal,
): void {
  counters.countRefused(reason);
  if (reason === 'insert_failed') logger.warn('an insert failed; the sender may repeat its request', { message });
  const status = STATUS[reason];
  if (response.headersSent) return;
  if (status === 429 || status === 503) response.setHeader('Retry-After', String(limits.retryAfterSeconds));
  const format = FORMATS.get(mediaType(request)) ?? 'json';
  send(response, status, encodeStatusResponse(status, format, message));
  // What is left of the body is read and thrown away, so that the sender sees the answer and not a broken connection.
  request.resume();
}
