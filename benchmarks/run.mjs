// `npm run bench`: lists and runs the benchmarks of the workspace, each in a process of its own, one after the other.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(folder);

const HELP = `Usage: npm run bench -- [NAME…] [options of the benchmark]

Runs the named benchmarks, or all of them, one after the other.

  --list    lists the benchmarks
  --help    shows this; with a name, the help of that benchmark

Further options go to the benchmark and need exactly one name, e.g.
  npm run bench -- instrumentation-overhead --quick --json`;

/** @typedef {{ name: string, file: string, about: string }} Benchmark */

/** @param {string} directory @param {(file: string) => string} nameOf @returns {Benchmark[]} */
function benchmarksIn(directory, nameOf) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.mjs') && !(directory === folder && file === 'run.mjs'))
    .map((file) => ({ name: nameOf(file), file: join(directory, file), about: firstComment(join(directory, file)) }));
}

/** @param {string} file @returns {string} what the file says about itself in its first line */
function firstComment(file) {
  const [first = ''] = readFileSync(file, 'utf8').split('\n', 1);
  return first.startsWith('//') ? first.slice(2).trim() : '';
}

/** Those of the workspace by file name, those of a package as `package/file`. @returns {Benchmark[]} */
function findBenchmarks() {
  const packages = join(root, 'packages');
  return [
    ...benchmarksIn(folder, (file) => basename(file, '.mjs')),
    ...readdirSync(packages).flatMap((name) =>
      benchmarksIn(join(packages, name, 'benchmarks'), (file) => `${name}/${basename(file, '.mjs')}`),
    ),
  ].sort((one, other) => one.name.localeCompare(other.name));
}

/** @param {string} message @returns {never} */
function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

/** @param {Benchmark} benchmark @param {string[]} options @returns {boolean} whether it ended well */
function run(benchmark, options) {
  process.stderr.write(`${benchmark.name} (${relative(root, benchmark.file)})\n`);
  const { status, error } = spawnSync(process.execPath, [benchmark.file, ...options], { cwd: root, stdio: 'inherit' });
  if (error) process.stderr.write(`${benchmark.name} could not be started: ${error.message}\n`);
  else if (status !== 0) process.stderr.write(`${benchmark.name} ended with exit code ${status}\n`);
  return status === 0;
}

const args = process.argv.slice(2);
const firstOption = args.findIndex((arg) => arg.startsWith('-'));
const names = firstOption === -1 ? args : args.slice(0, firstOption);
const options = firstOption === -1 ? [] : args.slice(firstOption);
const benchmarks = findBenchmarks();
const width = Math.max(...benchmarks.map(({ name }) => name.length));
const list = benchmarks.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`).join('\n');

if (names.length === 0 && options.includes('--help')) {
  process.stdout.write(`${HELP}\n\nBenchmarks:\n${list}\n`);
} else if (options.includes('--list')) {
  process.stdout.write(`${list}\n`);
} else {
  const chosen = names.map(
    (name) =>
      benchmarks.find((benchmark) => benchmark.name === name) ??
      refuse(`There is no benchmark "${name}". There are:\n${list}`),
  );
  if (options.length > 0 && chosen.length !== 1)
    refuse(`"${options.join(' ')}" needs the name of one benchmark in front. There are:\n${list}`);
  const failed = (chosen.length === 0 ? benchmarks : chosen).filter((benchmark) => !run(benchmark, options));
  process.exitCode = failed.length === 0 ? 0 : 1;
}
