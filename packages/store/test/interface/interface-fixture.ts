import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedDatabase } from '../../src/engine/embedded-database.js';
import type { EmbeddedDatabase } from '../../src/engine/embedded-database.js';
import { createClickHouseInterface } from '../../src/interface/clickhouse-interface.js';
import type { ClickHouseInterfaceOptions } from '../../src/interface/clickhouse-interface.js';

/** The credential of every fixture. */
export const WRITE_TOKEN = 'token-of-the-tests-0123';

/** A request; `query` are fields of the URL. */
export interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the write token. */
  readonly isWriter?: boolean;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** A running interface over an engine in a directory of its own. */
export interface InterfaceFixture {
  readonly database: EmbeddedDatabase;
  readonly directory: string;
  readonly url: string;
  readonly port: number;
  ask(ask: Ask): Promise<Answer>;
  /** Sends a statement with the token, waits for nothing, and gives a way to hang up. */
  begin(body: string, query?: Readonly<Record<string, string>>): () => void;
  close(): Promise<void>;
}

/** Opens engine and interface on a free loopback port. */
export async function openInterface(
  options: Omit<Partial<ClickHouseInterfaceOptions>, 'database'> = {},
): Promise<InterfaceFixture> {
  const directory = mkdtempSync(join(tmpdir(), 'costel-interface-'));
  const database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
  const { server } = await createClickHouseInterface({ writeToken: WRITE_TOKEN, ...options, database });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    database,
    directory,
    port,
    url: `http://127.0.0.1:${port}`,
    ask: async (ask) => send(port, ask),
    begin: (body, query) => begin(port, body, query),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function send(port: number, ask: Ask): Promise<Answer> {
  const search = ask.query === undefined ? '' : `?${new URLSearchParams(ask.query).toString()}`;
  const headers: Record<string, string> = { ...ask.headers };
  if (ask.isWriter === true) headers['X-ClickHouse-Key'] = WRITE_TOKEN;
  return new Promise((resolve, reject) => {
    const method = ask.method ?? (ask.body === undefined ? 'GET' : 'POST');
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path: `${ask.path ?? '/'}${search}`, headers, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const body = Buffer.concat(chunks);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body, text: body.toString('utf8') });
        });
      },
    );
    request.on('error', reject);
    request.end(ask.body);
  });
}

function begin(port: number, body: string, query: Readonly<Record<string, string>> = {}): () => void {
  const path = `/?${new URLSearchParams(query).toString()}`;
  const headers = { 'X-ClickHouse-Key': WRITE_TOKEN };
  const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: false });
  request.on('error', () => undefined);
  request.end(body);
  return () => request.destroy();
}
