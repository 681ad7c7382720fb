// `npm run test:clients`: the core paths of three ClickHouse clients, for real, against the embedded HTTP interface:
// clickhouse-go in a small program built here, clickhouse-connect in a virtual environment made here, @clickhouse/client.
// Each client is a program that prints `ok NAME` or `not ok NAME: reason` a case and ends with exit code 0.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { printHelp } from '../../scripts/print-help.mjs';
import { root } from '../../scripts/setup.mjs';
import { buildGoClient, makePythonEnvironment } from './prepare.mjs';

printHelp(import.meta.url);

const WRITE_TOKEN = 'token-of-the-client-tests';
const CLIENT_TIMEOUT_MS = 180_000;

/**
 * The interface over an engine in a temporary directory, with the real schema.
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
async function startInterface() {
  const store = await import(pathToFileURL(join(root, 'packages', 'store', 'dist', 'index.js')).href);
  const directory = mkdtempSync(join(tmpdir(), 'costel-clients-'));
  const database = await store.openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
  await store.migrate(database);
  const { server } = await store.createClickHouseInterface({ database, writeToken: WRITE_TOKEN });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/**
 * Runs one client's program and counts its cases. A program that ends badly, or hangs, is one failure more.
 * @param {string} name
 * @param {[string, ...string[]]} command
 * @param {string} url
 * @returns {Promise<{ passed: number, failed: number }>}
 */
async function runClient(name, [program, ...args], url) {
  process.stdout.write(`\n${name}\n`);
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, COSTEL_URL: url, COSTEL_WRITE_TOKEN: WRITE_TOKEN },
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), CLIENT_TIMEOUT_MS);
  let passed = 0;
  let failed = 0;
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('ok ')) passed += 1;
    if (line.startsWith('not ok ')) failed += 1;
    process.stdout.write(`  ${line}\n`);
  });
  const read = new Promise((resolve) => lines.once('close', resolve));
  const code = await new Promise((resolve) => {
    child.once('error', (error) => {
      process.stdout.write(`  not ok ${name} could not be started: ${error.message}\n`);
      resolve(1);
    });
    child.once('close', (status, signal) => resolve(status ?? signal));
  });
  await read;
  clearTimeout(timer);
  if ((code !== 0 && failed === 0) || passed + failed === 0) {
    process.stdout.write(`  not ok ${name} ended with ${code}\n`);
    failed += 1;
  }
  return { passed, failed };
}

/** Each client with how its program comes to be; a missing language is one failure that says what is missing. */
const CLIENTS = [
  {
    name: '@clickhouse/client (Node)',
    prepare: () => [process.execPath, join(root, 'test', 'clients', 'node', 'core-paths.mjs')],
  },
  { name: 'clickhouse-go (Go)', prepare: () => [buildGoClient()] },
  {
    name: 'clickhouse-connect (Python)',
    prepare: () => [makePythonEnvironment(), join(root, 'test', 'clients', 'python', 'core_paths.py')],
  },
];

let passed = 0;
let failed = 0;
const only = process.argv[2];
for (const { name, prepare } of CLIENTS.filter((client) => only === undefined || client.name.includes(only))) {
  let command;
  try {
    command = prepare();
  } catch (error) {
    process.stdout.write(`\n${name}\n  not ok ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    failed += 1;
    continue;
  }
  const target = await startInterface();
  try {
    const counts = await runClient(name, command, target.url);
    passed += counts.passed;
    failed += counts.failed;
  } finally {
    await target.close();
  }
}
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
