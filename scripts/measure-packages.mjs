// Measures what the published packages weigh and what loading them costs, and states it in their READMEs between the
// `measured` marks: `node scripts/measure-packages.mjs --write`. Without the flag it prints what it would write.
// Load times are CPU time of a process of its own, the median over runs that alternate with an empty process; take them
// on an idle machine.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { printHelp } from './print-help.mjs';
import { stagePublished } from './stage-published.mjs';

printHelp(import.meta.url);

const root = fileURLToPath(new URL('../', import.meta.url));
const RUNS = 15;
const BEGIN = '<!-- measured: node scripts/measure-packages.mjs --write -->';
const END = '<!-- /measured -->';

/** Packages of ours that each one brings along, itself first. */
const PARTS = {
  instrumentation: ['instrumentation', 'pricing', 'semconv'],
  node: ['node', 'instrumentation', 'pricing', 'semconv'],
};

/**
 * What an application does to load each.
 * @type {Record<keyof typeof PARTS, readonly (readonly [how: string, args: string[]])[]>}
 */
const LOADS = {
  instrumentation: [
    ['import', ['--input-type=module', '-e', "import '@costel/instrumentation'"]],
    ['require', ['-e', "require('@costel/instrumentation')"]],
  ],
  node: [['--import @costel/node/register', ['--import', '@costel/node/register', '-e', '']]],
};

/**
 * @param {string} directory a package as `stagePublished` puts it
 * @returns {{ bytes: number, files: number }} what is unpacked when the package is installed
 */
export function packedSize(directory) {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output);
  return { bytes: packed.unpackedSize, files: packed.entryCount };
}

/**
 * @param {string[]} args
 * @param {string} cwd
 * @returns {number} CPU milliseconds of a process with these arguments
 */
function cpuMs(args, cwd) {
  const probe =
    'process.on("exit",()=>{const{user,system}=process.cpuUsage();require("fs").writeSync(3,String((user+system)/1000))})';
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const preload = join(cache, 'cpu-probe.cjs');
  writeFileSync(preload, probe);
  const { output, status } = spawnSync(process.execPath, ['--require', preload, ...args], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return Number(output[3]);
}

/** @param {number[]} values */
const median = (values) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

/**
 * @param {string[]} args @param {string} cwd
 * @returns {number} CPU milliseconds beyond those of an empty process
 */
function loadMs(args, cwd) {
  const differences = Array.from({ length: RUNS }, () => cpuMs(args, cwd) - cpuMs(['-e', ''], cwd));
  return median(differences);
}

/** @param {number} bytes */
const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en-US')} kB`;

/** @param {keyof typeof PARTS} name @param {ReturnType<typeof stagePublished>} published */
function measure(name, published) {
  const rows = PARTS[name].map((part) => {
    const { bytes, files } = packedSize(published.directoryOf(part));
    return `| \`@costel/${part}\` unpacked | ${kilobytes(bytes)}, ${files} files |`;
  });
  for (const [how, args] of LOADS[name])
    rows.push(`| loading it by \`${how}\` | ${loadMs(args, published.root).toFixed(0)} ms of CPU time |`);
  const where = `Node ${process.versions.node}, ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${RUNS} runs, median.`;
  return ['', '| what | measured |', '| --- | --- |', ...rows, '', where, ''].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const published = stagePublished();
  for (const name of /** @type {(keyof typeof PARTS)[]} */ (Object.keys(PARTS))) {
    const file = join(root, 'packages', name, 'README.md');
    const text = readFileSync(file, 'utf8');
    const [before, rest] = text.split(BEGIN);
    const [, after] = (rest ?? '').split(END);
    if (after === undefined) throw new Error(`${file} has no ${BEGIN} … ${END}`);
    const measured = measure(name, published);
    console.log(`${name}\n${measured}`);
    if (process.argv.includes('--write')) writeFileSync(file, `${before}${BEGIN}\n${measured}\n${END}${after}`);
  }
  published.remove();
}
