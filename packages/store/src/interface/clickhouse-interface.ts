import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import { AccessRules } from './access.js';
import { frameBlocks } from './block-framing.js';
import { InterfaceError, toInterfaceError } from './interface-error.js';
import { isFramedRequest, isOn, readInterfaceRequest } from './interface-request.js';
import type { BodyLimits } from './request-body.js';
import { DEFAULT_LIMITS } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import { StatementGate } from './statement-gate.js';
import { runStatement } from './statement-runner.js';
import type { StatementResult } from './statement-runner.js';

const gzipAsync = promisify(gzip);

/** How {@link createClickHouseInterface} answers. */
export interface ClickHouseInterfaceOptions {
  readonly database: EmbeddedDatabase;
  /** Whoever sends it as password may insert and create tables; everybody else reads. At least 16 characters. */
  readonly writeToken: string;
  /** Names besides `localhost`, `127.0.0.1` and `[::1]` by which clients may call this server, without a port. */
  readonly allowedHosts?: readonly string[];
  /** See {@link StatementLimits} and {@link BodyLimits}; defaults 30 s, 256 MiB, 2 GiB, bodies of 64 MiB unpacking to 256 MiB. */
  readonly limits?: Partial<StatementLimits & BodyLimits>;
}

/** The ClickHouse HTTP interface over the embedded engine. */
export interface ClickHouseInterface {
  /** Not yet listening. */
  readonly server: Server;
  /** Answers one request; the server's listener. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

const DEFAULT_BODY_LIMITS: BodyLimits = { maxBodyBytes: 64 * 1024 * 1024, maxUnpackedBytes: 256 * 1024 * 1024 };
const MIN_TOKEN_CHARACTERS = 16;

/**
 * Makes the HTTP interface that `@clickhouse/client`, clickhouse-go (the collector), Grafana and `curl` speak. It is a
 * boundary of its own: see `checkStatement` for what may run and {@link AccessRules} for who may ask.
 * @throws RangeError for a short token; StoreError where the engine does not answer.
 */
export async function createClickHouseInterface(options: ClickHouseInterfaceOptions): Promise<ClickHouseInterface> {
  if (options.writeToken.length < MIN_TOKEN_CHARACTERS)
    throw new RangeError(`the write token must have at least ${MIN_TOKEN_CHARACTERS} characters`);
  const { database } = options;
  const limits = { ...DEFAULT_LIMITS, ...DEFAULT_BODY_LIMITS, ...options.limits };
  const gate = await database.withGuestConnection(async (connection) =>
    StatementGate.create(connection, database.database, limits),
  );
  const handler = new InterfaceHandler(
    database,
    gate,
    new AccessRules(options.writeToken, options.allowedHosts),
    limits,
  );
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    handler.handle(request, response);
  const server = createServer((request, response) => void handle(request, response));
  // Longer than any statement may run, shorter than forever: an idle upload does not hold a socket.
  server.requestTimeout = (limits.maxExecutionSeconds + 60) * 1000;
  return { server, handle };
}

class InterfaceHandler {
  readonly #database: EmbeddedDatabase;
  readonly #gate: StatementGate;
  readonly #access: AccessRules;
  readonly #limits: StatementLimits & BodyLimits;

  constructor(
    database: EmbeddedDatabase,
    gate: StatementGate,
    access: AccessRules,
    limits: StatementLimits & BodyLimits,
  ) {
    this.#database = database;
    this.#gate = gate;
    this.#access = access;
    this.#limits = limits;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = parseUrl(request.url);
    try {
      this.#access.checkOrigin(request.headers);
      if (request.method !== 'GET' && request.method !== 'POST' && request.method !== 'HEAD')
        throw new InterfaceError(36, 'BAD_ARGUMENTS', 'use GET or POST', 405);
      if (isPing(request, url)) sendText(response, 'Ok.\n');
      else if (url.pathname === '/') await this.#answer(request, url.searchParams, response);
      else
        throw new InterfaceError(
          36,
          'BAD_ARGUMENTS',
          `there is nothing at ${url.pathname.slice(0, 100)}: statements go to /`,
          404,
        );
    } catch (error) {
      await sendError(request, response, url.searchParams, toInterfaceError(error));
    }
  }

  async #answer(request: IncomingMessage, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const mayWrite = this.#access.hasWriteToken(request.headers, query);
    const understood = await readInterfaceRequest(request, query, {
      database: this.#database.database,
      limits: this.#limits,
    });
    if (understood.text.length === 0) throw new InterfaceError(62, 'SYNTAX_ERROR', 'Syntax error: empty query');
    // A browser can be made to GET anything: only POST writes.
    const authority = mayWrite && request.method === 'POST' ? 'writer' : 'reader';
    const result = await runStatement(this.#database, this.#gate, understood, { authority, limits: this.#limits });
    response.setHeader('X-ClickHouse-Query-Id', understood.queryId);
    response.setHeader('X-ClickHouse-Summary', JSON.stringify(summaryOf(result)));
    response.setHeader('X-ClickHouse-Format', result.format);
    response.setHeader('X-ClickHouse-Timezone', 'UTC');
    response.setHeader('X-ClickHouse-Server-Display-Name', 'costel');
    response.setHeader('Content-Type', contentTypeOf(result.format));
    await sendBody(request, response, query, result.bytes);
  }
}

function parseUrl(target: string | undefined): URL {
  return new URL(target ?? '/', 'http://localhost');
}

function isPing(request: IncomingMessage, url: URL): boolean {
  if (url.pathname === '/ping' || url.pathname === '/replicas_status') return true;
  return request.method !== 'POST' && url.pathname === '/' && !url.searchParams.has('query');
}

function summaryOf(result: StatementResult): Record<string, string> {
  return {
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: String(result.rowsWritten),
    written_bytes: String(result.bytesWritten),
    total_rows_to_read: String(result.rowsRead),
    result_rows: '0',
    result_bytes: String(result.bytes.length),
    elapsed_ns: String(Math.round(result.elapsedSeconds * 1e9)),
  };
}

function contentTypeOf(format: string): string {
  if (/EachRow|NDJSON|JSONL/.test(format)) return 'application/x-ndjson; charset=UTF-8';
  if (format.startsWith('JSON')) return 'application/json; charset=UTF-8';
  if (/^(?:TSV|TabSeparated|TSKV)/.test(format)) return 'text/tab-separated-values; charset=UTF-8';
  if (format.startsWith('CSV')) return 'text/csv; charset=UTF-8';
  if (/^(?:Native|RowBinary|Parquet|Arrow|ORC|Avro|MsgPack|Npy|BSON|RawBLOB)/.test(format))
    return 'application/octet-stream';
  return 'text/plain; charset=UTF-8';
}

function sendText(response: ServerResponse, text: string): void {
  response.setHeader('Content-Type', 'text/plain; charset=UTF-8');
  response.end(text);
}

async function sendBody(
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  bytes: Uint8Array,
): Promise<void> {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  if (isOn(query.get('compress'))) {
    response.end(frameBlocks(bytes));
    return;
  }
  const isGzip =
    isOn(query.get('enable_http_compression')) && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (!isGzip) {
    response.end(bytes);
    return;
  }
  response.setHeader('Content-Encoding', 'gzip');
  response.end(await gzipAsync(bytes, { level: 1 }));
}

/** clickhouse-go reads errors through its decompressor whenever it sends compressed blocks, so they are framed too. */
async function sendError(
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
  const isFramed = isOn(query.get('compress')) || isFramedRequest(query);
  if (isFramed) response.end(frameBlocks(body));
  else await sendBody(request, response, new URLSearchParams(), body);
}
