import { execFileSync } from 'node:child_process';
import { cpus, loadavg, platform, arch, release, totalmem } from 'node:os';
import { performance } from 'node:perf_hooks';

/** Above this load average (one minute) something else is running, and the figures are not to be quoted. */
export const IDLE_LOAD_AVERAGE = 0.5;

/** CPU time that all processors spent working so far, in seconds. */
function busySeconds() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

/**
 * Watches how busy the machine is with other things while a benchmark runs.
 * @returns {(ownCpuSeconds: number) => number} called at the end with the CPU time that the benchmark took itself:
 *   how many processors everything else kept busy on average
 */
export function watchOthers() {
  const busyBefore = busySeconds();
  const startedAt = performance.now();
  return (ownCpuSeconds) => {
    const elapsedSeconds = (performance.now() - startedAt) / 1000;
    return Math.max(0, (busySeconds() - busyBefore - ownCpuSeconds) / elapsedSeconds);
  };
}

/** @param {string} nodePath @returns {string} the version of a Node binary, e.g. `24.21.0` */
export function versionOfNode(nodePath) {
  if (nodePath === process.execPath) return process.versions.node;
  return execFileSync(nodePath, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
}

/** The machine as far as figures depend on it, and its load average (1, 5, 15 minutes) at this moment. */
export function describeMachine() {
  const processors = cpus();
  const loadAverage = loadavg();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    processors: processors.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    loadAverage,
    isIdle: (loadAverage[0] ?? 0) <= IDLE_LOAD_AVERAGE,
  };
}
