import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import { AccessRules } from './access.js';
import { answerMalformed, contentTypeOf, noteFraming, sendBody, sendError, sendText } from './answer.js';
import { BodyDecoder } from './body-decoder.js';
import { InterfaceError, toInterfaceError } from './interface-error.js';
import { readInterfaceRequest } from './interface-request.js';
import type { RequestContext } from './interface-request.js';
import type { BodyLimits } from './request-body.js';
import { DEFAULT_LIMITS } from './setting-rules.js';
import type { StatementLimits } from './setting-rules.js';
import { StatementGate } from './statement-gate.js';
import type { StatementResult } from './statement-result.js';
import { StatementRunner } from './statement-runner.js';

/** How {@link createClickHouseInterface} answers. */
export interface ClickHouseInterfaceOptions {
  readonly database: EmbeddedDatabase;
  /** Whoever sends it as password may insert and create tables; everybody else reads. At least 16 characters. */
  readonly writeToken: string;
  /** Whoever sends it as password reads, and then nobody reads without it or the write token. Default: everybody reads. */
  readonly readToken?: string | undefined;
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
/** As a server takes it: clients send parameters in the URL, and a list of a thousand trace ids has 35 kB. */
const MAX_URL_BYTES = 1024 * 1024;

/**
 * Makes the HTTP interface that `@clickhouse/client`, clickhouse-go (the collector), Grafana and `curl` speak. It is a
 * boundary of its own: see `checkStatement` for what may run and {@link AccessRules} for who may ask.
 * @throws RangeError for a short token; StoreError where the engine does not answer.
 */
export async function createClickHouseInterface(options: ClickHouseInterfaceOptions): Promise<ClickHouseInterface> {
  const { writeToken, readToken, allowedHosts } = options;
  if (writeToken.length < MIN_TOKEN_CHARACTERS)
    throw new RangeError(`the write token must have at least ${MIN_TOKEN_CHARACTERS} characters`);
  if (readToken !== undefined && (readToken.length < MIN_TOKEN_CHARACTERS || readToken === writeToken))
    throw new RangeError(
      `the read token must have at least ${MIN_TOKEN_CHARACTERS} characters and differ from the write token`,
    );
  const { database } = options;
  const limits = { ...DEFAULT_LIMITS, ...DEFAULT_BODY_LIMITS, ...options.limits };
  const gate = await database.withGuestConnection(async (connection) =>
    StatementGate.create(connection, database.database, limits),
  );
  const decoder = new BodyDecoder(database);
  const handler = new InterfaceHandler({
    runner: new StatementRunner(database, gate, limits),
    access: new AccessRules({ writeToken, readToken, allowedHosts }),
    context: { database: database.database, decoder, limits },
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    handler.handle(request, response);
  const server = createServer({ maxHeaderSize: MAX_URL_BYTES }, (request, response) => void handle(request, response));
  server.on('clientError', answerMalformed);
  // Longer than any statement may run, shorter than forever: an idle upload does not hold a socket.
  server.once('close', () => void decoder.close());
  server.requestTimeout = (limits.maxExecutionSeconds + 60) * 1000;
  return { server, handle };
}

/** What requests are answered with. */
interface HandlerParts {
  readonly runner: StatementRunner;
  readonly access: AccessRules;
  readonly context: RequestContext;
}

class InterfaceHandler {
  readonly #runner: StatementRunner;
  readonly #access: AccessRules;
  readonly #context: RequestContext;

  constructor({ runner, access, context }: HandlerParts) {
    this.#runner = runner;
    this.#access = access;
    this.#context = context;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = parseUrl(request.url);
    noteFraming(request, url.searchParams);
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
    const isWriter = this.#access.hasWriteToken(request.headers, query);
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished) gone.abort();
    });
    const understood = await readInterfaceRequest(request, query, this.#context);
    if (understood.text.length === 0) throw new InterfaceError(62, 'SYNTAX_ERROR', 'Syntax error: empty query');
    // A browser can be made to GET anything: only POST writes.
    const mayWrite = isWriter && request.method === 'POST';
    const result = await this.#runner.run(understood, { isWriter, mayWrite, signal: gone.signal });
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
