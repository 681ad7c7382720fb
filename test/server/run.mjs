// `npm run test:server`: what only a server has (users, a client over HTTP, shards), and of the store's suite what is quick,
// against ClickHouse's own HTTP and native interfaces. The server is made of the embedded engine's library.
//   -- --all    the store's whole suite as well, on one server; with CLICKHOUSE_URL (and CLICKHOUSE_USER,
//               CLICKHOUSE_PASSWORD) on that one
// What else is given goes to vitest, e.g. a part of a file's name.
import { join } from 'node:path';
import { printHelp } from '../../scripts/print-help.mjs';
import { root, setup } from '../../scripts/setup.mjs';
import { runVitest } from '../../scripts/vitest.mjs';
import { startServer } from './support/start-server.mjs';

printHelp(import.meta.url);

const given = process.env['CLICKHOUSE_URL'];
const rest = process.argv.slice(2).filter((argument) => argument !== '--all');
const isAll = process.argv.includes('--all') || rest.length > 0;
/** 26 tests, 75 s together on a busy machine. */
const quick = ['rollup/build-rollups', 'reprice/heal-unpriced', 'ledger/price-differential'];
const files = isAll
  ? rest
  : ['test/server/', 'packages/store/test/server/', ...quick.map((file) => `packages/store/test/${file}`)];

await setup();
const config = join(root, 'test', 'server', 'vitest.config.ts');
let server;
try {
  server = given === undefined ? await startServer() : undefined;
  const login =
    server === undefined
      ? {}
      : { CLICKHOUSE_URL: server.url, CLICKHOUSE_USER: server.user, CLICKHOUSE_PASSWORD: server.password };
  process.stdout.write(`The tests of one server run against ${given ?? server?.url}\n`);
  process.exitCode = runVitest(['--config', config, ...files], login);
} catch (error) {
  process.stderr.write(`The server tests could not start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stdout.write('0 passed, 1 failed\n');
  process.exitCode = 1;
} finally {
  await server?.stop();
}
