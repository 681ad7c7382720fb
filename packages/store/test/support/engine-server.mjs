// ClickHouse's HTTP protocol over the embedded engine, without the checks of the interface on 8123, which lets nobody make
// databases: what `CLICKHOUSE_URL` can name where there is no server, so that the whole suite runs through the client of one.
//   UV_THREADPOOL_SIZE=24 node packages/store/test/support/engine-server.mjs 18123 &
//   CLICKHOUSE_URL=http://127.0.0.1:18123 npx vitest run packages/store/test/{judge,ledger,query,rollup,schedules,upkeep}
// Loopback only, one user, no limits: for tests. Needs the built packages.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedDatabase } from '@costel/store';

const port = Number(process.argv[2] ?? 18_123);
const directory = mkdtempSync(join(tmpdir(), 'costel-engine-server-'));
const database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data'), guestConnections: 12 });
await database.command('CREATE DATABASE IF NOT EXISTS `default`');

/** Fields of the URL that are no settings. */
const FIELDS = new Set(['query', 'database', 'session_id', 'query_id', 'default_format', 'role', 'compress']);
/** Settings of HTTP alone, and one that the engine takes when it starts. */
const OF_HTTP =
  /^(wait_end_of_query|buffer_size|send_progress_in_http_headers|http_\w+|session_timezone|enable_http_compression)$/;

/** @param {import('node:http').IncomingMessage} request */
async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

let files = 0;

/** An insert whose rows follow in the body reads them from a file instead. @param {string} sql @param {Buffer} rows */
function withFile(sql, rows) {
  const insert = /^(\s*INSERT INTO [^]*?)\s+FORMAT (\w+)\s*$/i.exec(sql);
  if (insert === null || rows.length === 0) return { sql, path: undefined };
  files += 1;
  const path = join(directory, `rows-${files}`);
  writeFileSync(path, rows);
  const settings = /\sSETTINGS\s[^]*$/i.exec(insert[1] ?? '')?.[0] ?? '';
  const target = (insert[1] ?? '').slice(0, (insert[1] ?? '').length - settings.length);
  return { sql: `${target} FROM INFILE '${path}'${settings} FORMAT ${insert[2]}`, path };
}

const server = createServer((request, response) => {
  void answer(request, response);
});

/** @param {import('node:http').IncomingMessage} request @param {import('node:http').ServerResponse} response */
async function answer(request, response) {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/ping') {
    response.end('Ok.\n');
    return;
  }
  const body = await bodyOf(request);
  const [, password] = Buffer.from(request.headers.authorization?.replace('Basic ', '') ?? '', 'base64')
    .toString()
    .split(':');
  if (password !== undefined && password !== '') {
    response.statusCode = 403;
    response.setHeader('X-ClickHouse-Exception-Code', '516');
    response.end('Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)\n');
    return;
  }
  const named = url.searchParams.get('query');
  const { sql, path } = named === null ? { sql: body.toString('utf8'), path: undefined } : withFile(named, body);
  const parameters = new Map();
  const settings = {};
  for (const [name, value] of url.searchParams) {
    if (name.startsWith('param_')) parameters.set(name.slice('param_'.length), value);
    else if (!FIELDS.has(name) && !OF_HTTP.test(name)) settings[name] = value;
  }
  try {
    const { bytes } = await database.withGuestConnection(async (connection) => {
      await connection.use(url.searchParams.get('database') ?? 'default');
      await connection.set(settings);
      if (parameters.size > 0) await connection.bind(parameters);
      return connection.run(sql, 'TabSeparated');
    });
    response.setHeader('X-ClickHouse-Format', 'JSONEachRow');
    response.end(bytes);
  } catch (error) {
    response.statusCode = 500;
    response.setHeader('X-ClickHouse-Exception-Code', String(error?.clickhouseCode ?? 1));
    response.end(`${error instanceof Error ? error.message : String(error)}\n`);
  } finally {
    if (path !== undefined) rmSync(path, { force: true });
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.closeAllConnections();
    server.close();
    void database.close().then(() => rmSync(directory, { recursive: true, force: true }));
  });
}
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
