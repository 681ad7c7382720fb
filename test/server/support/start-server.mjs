// A ClickHouse server for tests, out of the library of the embedded engine: its own HTTP and native interfaces, its own
// users and clusters. What it lacks beside `clickhouse-server` is named in docs/deployment.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../support/free-port.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const START_PATIENCE_MS = 60_000;

/**
 * @typedef {object} ServerOptions
 * @property {Record<string, string>} [users] files for `users.d`, by name; merged over one user `costel` who may do all
 * @property {string} [config] elements inside `<clickhouse>`: clusters, macros, Keeper
 * @property {NodeJS.ProcessEnv} [environment]
 * @property {{ http: number, tcp: number }} [ports] default: free ones
 * @property {string} [dataDirectory] default: one of its own, gone after `stop()`
 */

/**
 * @typedef {object} RunningServer
 * @property {string} url
 * @property {{ http: number, tcp: number }} ports
 * @property {string} user who may do all
 * @property {string} password
 * @property {() => string} log what it logged
 * @property {() => Promise<void>} stop
 */

export const SERVER_USER = 'costel';
export const SERVER_PASSWORD = 'password-of-the-server-tests';

/** @returns {string} the library that the Node package of the engine loads */
function engineLibrary() {
  const packages = createRequire(createRequire(import.meta.url).resolve('chdb'));
  const name = `@chdb/lib-${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;
  return join(dirname(packages.resolve(`${name}/package.json`)), 'libchdb.so');
}

/** Who reads and writes unless a test brings users of its own; `default` is what dictionaries load as. */
const USERS = `<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <users>
    <${SERVER_USER}>
      <password>${SERVER_PASSWORD}</password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </${SERVER_USER}>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
    </default>
  </users>
</clickhouse>`;

/** Opening the ports is a statement of the user \`default\`; where a test takes its rights away, it keeps this one. */
const MAY_LISTEN = `<clickhouse><users><default><grants><query id="listen">GRANT SYSTEM LISTEN ON *.*</query></grants></default></users></clickhouse>`;

/**
 * Starts a server and waits until it answers.
 * @param {ServerOptions} [options]
 * @returns {Promise<RunningServer>}
 */
export async function startServer(options = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'costel-server-'));
  const ports = options.ports ?? { http: await freePort(), tcp: await freePort() };
  const files = writeConfiguration(directory, ports, options);
  const data = options.dataDirectory ?? join(directory, 'data');
  const python = process.env['PYTHON'] ?? 'python3';
  const child = spawn(python, [join(here, 'server.py'), engineLibrary(), files.config, data], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, TZ: 'UTC', ...options.environment },
  });
  let output = '';
  child.stderr.on('data', (chunk) => (output += chunk.toString('utf8')));
  const ended = once(child, 'close');
  const log = () => (existsSync(files.log) ? readFileSync(files.log, 'utf8') : '');
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${ports.http}`;
  const until = performance.now() + START_PATIENCE_MS;
  for (;;) {
    if (
      await fetch(`${url}/ping`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    if (child.exitCode !== null || performance.now() > until) {
      await stop();
      throw new Error(`the server did not start: ${output}`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return { url, ports, user: SERVER_USER, password: SERVER_PASSWORD, log, stop };
}

/**
 * @param {string} directory
 * @param {{ http: number, tcp: number }} ports
 * @param {ServerOptions} options
 */
function writeConfiguration(directory, ports, { users = {}, config = '' }) {
  const log = join(directory, 'server.log');
  mkdirSync(join(directory, 'users.d'));
  writeFileSync(join(directory, 'users.xml'), USERS);
  for (const [name, text] of Object.entries(users)) writeFileSync(join(directory, 'users.d', name), text);
  writeFileSync(
    join(directory, 'users.d', 'zz-listen.xml'),
    Object.values(users).some((text) => text.includes('<grants>')) ? MAY_LISTEN : '<clickhouse/>',
  );
  const file = join(directory, 'config.xml');
  writeFileSync(
    file,
    `<clickhouse>
  <logger><level>warning</level><log>${log}</log></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>${ports.http}</http_port>
  <tcp_port>${ports.tcp}</tcp_port>
  <users_config>${join(directory, 'users.xml')}</users_config>
  ${config}
</clickhouse>`,
  );
  return { config: resolve(file), log };
}
