// Builds what the client tests need, under .cache/clients/, kept under the hash of what it was made from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/setup.mjs';

const cache = join(root, '.cache', 'clients');
const here = join(root, 'test', 'clients');

/** @param {string[]} files */
function hashOf(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file)).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, missing: string }} options `missing`: what to tell where the command is not installed
 */
function run(command, args, { cwd = here, missing }) {
  const result = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (result.error) throw new Error(`${missing} (${result.error.message})`);
  if (result.status !== 0) throw new Error(`"${command} ${args.join(' ')}" ended with exit code ${result.status}`);
}

/**
 * Builds the Go program with the modules that go.sum fixes.
 * @returns {string} the binary
 */
export function buildGoClient() {
  const directory = join(here, 'go');
  const hash = hashOf(join(directory, 'go.sum'), join(directory, 'go.mod'), ...goFiles(directory));
  const binary = join(cache, `go-${hash}`);
  if (existsSync(binary)) return binary;
  mkdirSync(cache, { recursive: true });
  process.stderr.write('Building the Go client (half a minute the first time) …\n');
  const missing = 'Go is not installed: install Go 1.25 or newer to test clickhouse-go';
  run('go', ['build', '-mod=readonly', '-o', binary, '.'], { cwd: directory, missing });
  return binary;
}

/** @param {string} directory */
function goFiles(directory) {
  return ['main.go', 'core_paths.go', 'dashboards.go'].map((file) => join(directory, file));
}

/**
 * Makes a virtual environment with the packages of requirements.txt.
 * @returns {string} its Python
 */
export function makePythonEnvironment() {
  const requirements = join(here, 'python', 'requirements.txt');
  const directory = join(cache, `python-${hashOf(requirements)}`);
  const python = join(directory, 'bin', 'python');
  if (existsSync(python)) return python;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${directory}.part`;
  rmSync(unfinished, { recursive: true, force: true });
  const missing = 'Python is not installed: install Python 3.10 or newer with venv to test clickhouse-connect';
  run('python3', ['-m', 'venv', unfinished], { missing });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
  run(join(unfinished, 'bin', 'python'), pip, { missing });
  renameSync(unfinished, directory);
  return python;
}
