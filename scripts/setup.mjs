// Brings a fresh clone to a built state with Node alone: checks the Node version, installs what package-lock.json
// names, builds what has changed. Every npm script of the workspace starts here, so nobody has to know the order.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The root folder of the workspace. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

const stampFile = join(root, 'node_modules', '.costel-installed');

/** Fails with advice when this Node is older than `engines.node` of package.json allows. */
function checkNodeVersion() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Costel needs Node >= 20.19, this is ${process.versions.node}. Install a newer Node and run the command again.`);
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0)
    fail(`"${command} ${args.join(' ')}" ended with exit code ${result.status}; its output is above.`);
}

/** Installs the locked dependencies unless exactly these are installed already. */
function install() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  process.stderr.write(
    'Installing dependencies (about a minute on the first run; the embedded ClickHouse engine is 550 MB) …\n',
  );
  // Not `npm ci`: it refuses a lock that does not list the optional binaries of every other platform.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stampFile, wanted);
}

/** Builds the packages and the page; only what changed is built again. */
function build() {
  run(process.execPath, [join(root, 'scripts', 'build.mjs')]);
}

/** Installs and builds; seconds when nothing has changed. */
export async function setup() {
  checkNodeVersion();
  install();
  build();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await setup();
