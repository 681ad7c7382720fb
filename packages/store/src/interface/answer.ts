import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { brotliCompress, constants, deflate, gzip } from 'node:zlib';
import { FRAME_CONTENT_BYTES, frameBlocks, framedBlocks } from './block-framing.js';
import { InterfaceError } from './interface-error.js';
import { isFramedRequest, isOn } from './interface-request.js';
import { lz4FrameBlock, lz4FrameEnd, lz4FrameHead } from './lz4-encoder.js';

const gzipAsync = promisify(gzip);
const deflateAsync = promisify(deflate);
const brotliAsync = promisify(brotliCompress);

/** Connections on which a native client has asked for framed answers. */
const framedConnections = new WeakSet<Socket>();

/**
 * clickhouse-go with lz4 reads every error through its decompressor, but says that it wants framing on queries only: for
 * its other statements, what it said before on the same connection counts.
 */
function isFramedConnection(request: IncomingMessage, query: URLSearchParams): boolean {
  return query.has('client_protocol_version') && framedConnections.has(request.socket);
}

/** To be called for each request. */
export function noteFraming(request: IncomingMessage, query: URLSearchParams): void {
  if (query.has('client_protocol_version') && isOn(query.get('compress'))) framedConnections.add(request.socket);
}

/** Says what is wrong with what is no HTTP request, above all with an address that is too long for one. */
export function answerMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const isTooLong = error.code === 'HPE_HEADER_OVERFLOW';
  const message = isTooLong
    ? 'the address and the headers are larger than 1 MiB: send the parameters as fields of a form (multipart/form-data)'
    : 'this is no HTTP request';
  const { body, number } = new InterfaceError(36, 'BAD_ARGUMENTS', message);
  const status = isTooLong ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const headers = `X-ClickHouse-Exception-Code: ${number}\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${headers}\r\n\r\n${body}`);
}

/** What the bytes of a format are called in HTTP, as a server calls them: the first that fits. */
const CONTENT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^(?:Pretty)?(?:JSONEachRow|NDJSON|JSONLines)$|^JSONL$|^JSONStringsEachRow$/, 'application/x-ndjson; charset=UTF-8'],
  [/^JSONCompact(?:Strings)?EachRow(?:WithNames(?:AndTypes)?)?$/, 'text/plain; charset=UTF-8'],
  [/^JSON/, 'application/json; charset=UTF-8'],
  [/^(?:TSV|TabSeparated|TSKV|Raw(?:WithNames|$)|LineAsString)/, 'text/tab-separated-values; charset=UTF-8'],
  [/^CSVWithNames/, 'text/csv; charset=UTF-8; header=present'],
  [/^CSV/, 'text/csv; charset=UTF-8; header=absent'],
  [/^XML$/, 'application/xml; charset=UTF-8'],
  [/^(?:Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Npy|BSON|Buffers|Protobuf)/, 'application/octet-stream'],
];

/** See {@link CONTENT_TYPES}; text for every other format. */
export function contentTypeOf(format: string): string {
  return CONTENT_TYPES.find(([names]) => names.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
}

/** A short answer of ours. */
export function sendText(response: ServerResponse, text: string): void {
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.end(text);
}

/** Sends an answer framed, packed or as it is, as the request asked for it. */
export async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  bytes: Uint8Array,
): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (isOn(query.get('compress'))) {
    await sendPieces(response, framedBlocks(bytes));
    return;
  }
  const isAsked = isOn(query.get('enable_http_compression'));
  const packer = isAsked ? packerOf(request.headers['accept-encoding']) : undefined;
  if (packer === undefined) {
    response.end(bytes);
    return;
  }
  response.setHeader('Content-Encoding', packer.encoding);
  await sendPieces(response, await packer.pack(bytes));
}

/** Packs and sends piece after piece, each some milliseconds of work, and lets others work in between. */
async function sendPieces(response: ServerResponse, pieces: Iterable<Uint8Array>): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
    await setImmediate();
  }
  response.end();
}

interface Packer {
  readonly encoding: string;
  readonly pack: (bytes: Uint8Array) => Promise<Iterable<Uint8Array>> | Iterable<Uint8Array>;
}

function* lz4Frame(bytes: Uint8Array): Generator<Uint8Array> {
  yield lz4FrameHead();
  for (let at = 0; at < bytes.length; at += FRAME_CONTENT_BYTES)
    yield lz4FrameBlock(bytes.subarray(at, at + FRAME_CONTENT_BYTES));
  yield lz4FrameEnd();
}

/** In the order of preference: what takes least time of this thread comes first. Node has zstd from 22.15 on. */
const PACKERS: readonly Packer[] = [
  ...zstdPackers(),
  { encoding: 'gzip', pack: async (bytes) => [await gzipAsync(bytes, { level: 1 })] },
  { encoding: 'deflate', pack: async (bytes) => [await deflateAsync(bytes, { level: 1 })] },
  {
    encoding: 'br',
    pack: async (bytes) => [await brotliAsync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  },
  { encoding: 'lz4', pack: lz4Frame },
];

function zstdPackers(): readonly Packer[] {
  const { zstdCompress } = zlib as { readonly zstdCompress?: ZstdCompress };
  if (zstdCompress === undefined) return [];
  const zstdAsync = promisify(zstdCompress);
  return [{ encoding: 'zstd', pack: async (bytes) => [await zstdAsync(bytes)] }];
}

type ZstdCompress = (bytes: Uint8Array, done: (error: Error | null, packed: Buffer) => void) => void;

function packerOf(acceptEncoding: string | string[] | undefined): Packer | undefined {
  const accepted = new Map(
    String(acceptEncoding ?? '')
      .toLowerCase()
      .split(',')
      .map((part) => {
        const [name = '', ...rest] = part.split(';').map((piece) => piece.trim());
        return [name, !rest.some((piece) => /^q=0(?:\.0*)?$/.test(piece))];
      }),
  );
  return PACKERS.find(({ encoding }) => accepted.get(encoding) === true);
}

/** clickhouse-go reads errors through its decompressor whenever it sends compressed blocks, so they are framed too. */
export async function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  error: InterfaceError,
): Promise<void> {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  // The rest of a refused body is not worth reading.
  if (!request.complete) response.setHeader('Connection', 'close');
  response.statusCode = error.status;
  response.setHeader('X-ClickHouse-Exception-Code', String(error.number));
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  const body = Buffer.from(error.body, 'utf8');
  const isFramed = isOn(query.get('compress')) || isFramedRequest(query) || isFramedConnection(request, query);
  if (isFramed) response.end(frameBlocks(body));
  else await sendBody(request, response, new URLSearchParams(), body);
}
