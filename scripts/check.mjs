// `npm run check`: types (sources and tests), lint, format, unused code, what documents promise, package shape. Each step is a tool's own
// command, so that a failing one can be repeated by hand; all run, and the exit code is 1 if any failed.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { printHelp } from './print-help.mjs';
import { root, setup } from './setup.mjs';

printHelp(import.meta.url);

const bin = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);
const published = ['semconv', 'pricing', 'instrumentation', 'node'];

/** @type {{ name: string, command: string, args: string[] }[]} */
const steps = [
  { name: 'types of the tests', command: bin('tsc'), args: ['-p', 'tsconfig.tests.json'] },
  { name: 'lint', command: bin('oxlint'), args: ['--deny-warnings'] },
  { name: 'format', command: bin('oxfmt'), args: ['--check'] },
  { name: 'unused code', command: bin('knip'), args: ['--no-config-hints'] },
  { name: 'documents', command: process.execPath, args: [join('scripts', 'check-docs.mjs')] },
  ...published.map((name) => ({
    name: `package shape of ${name}`,
    command: bin('publint'),
    args: ['--strict', join('packages', name)],
  })),
  ...published.map((name) => ({
    name: `types of the package ${name}`,
    command: bin('attw'),
    // The services' half of the workspace is ESM only; the dual packages must resolve for CommonJS as well.
    args: ['--pack', join('packages', name), '--profile', name === 'node' ? 'esm-only' : 'node16', '--format', 'ascii'],
  })),
];

/**
 * @param {(typeof steps)[number]} step
 * @returns {Promise<boolean>} whether the step passed; its output is printed only when it did not
 */
function run(step) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(step.command, step.args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)\n`);
      if (code !== 0) process.stdout.write(`${output}\n  repeat with: ${[step.command, ...step.args].join(' ')}\n`);
      resolve(code === 0);
    });
  });
}

await setup();
mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true });
const queue = [...steps];
let failed = 0;
const worker = async () => {
  for (let step = queue.shift(); step; step = queue.shift()) if (!(await run(step))) failed += 1;
};
await Promise.all([worker(), worker()]);
process.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`);
process.exit(failed === 0 ? 0 : 1);
