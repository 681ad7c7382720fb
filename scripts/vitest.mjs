// Runs vitest and closes with the line `N passed, N failed`, which CI adds up.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

/**
 * @param {string[]} args arguments of `vitest run`
 * @param {Record<string, string>} [environment] added to the environment of the tests
 * @returns {number} the exit code: 0 only when at least one test ran and none failed
 */
export function runVitest(args, environment = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'costel-vitest-'));
  const report = join(folder, 'report.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const child = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...environment },
  });
  let passed = 0;
  let failed = 1;
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'));
    passed = result.numPassedTests;
    // A file that cannot be loaded fails no test, yet it must not pass.
    failed = Math.max(result.numFailedTests, result.success ? 0 : 1);
  } catch (error) {
    process.stderr.write(`vitest left no report: ${error instanceof Error ? error.message : String(error)}\n`);
  }
  rmSync(folder, { recursive: true, force: true });
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return child.status === 0 && failed === 0 && passed > 0 ? 0 : 1;
}
