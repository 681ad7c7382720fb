// The product itself as a process of its own, `costel up` on a data directory, and a sender beside it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../test/support/free-port.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {import('node:child_process').ChildProcess} child @param {NodeJS.Signals} signal */
async function end(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await ended;
}

/** CPU seconds and resident megabytes of a process so far. @param {number} pid */
function usageOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, residentMb: Number(resident?.[1] ?? 0) / 1024 };
}

/** Starts `costel up` and waits until it can serve. @param {string} dataDirectory */
export async function startCostel(dataDirectory) {
  const [port, otlp, clickhouse] = [await freePort(), await freePort(), await freePort()];
  const flags = ['--port', port, '--otlp-port', otlp, '--clickhouse-port', clickhouse, '--data', dataDirectory];
  const child = spawn(process.execPath, [join(root, 'packages/cli/bin/costel.cjs'), 'up', ...flags.map(String)], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, UV_THREADPOOL_SIZE: process.env['UV_THREADPOOL_SIZE'] ?? '12' },
  });
  let said = '';
  child.stderr.on('data', (bytes) => (said = (said + bytes).slice(-4000)));
  const url = `http://127.0.0.1:${port}`;
  for (let waited = 0; ; waited += 200) {
    const answer = await fetch(`${url}/api/v1/ready`).catch(() => undefined);
    if (answer?.status === 200) break;
    if (child.exitCode !== null || waited > 180_000) {
      await end(child, 'SIGKILL');
      throw new Error(`costel up does not start: ${said}`);
    }
    await delay(200);
  }
  return {
    otlpPort: otlp,
    /** A read of the API. @param {string} path */
    api: (path) => fetch(`${url}/api/v1/${path}`),
    /** A statement to the ClickHouse interface, as a dashboard sends it. @param {string} sql */
    sql: (sql) =>
      fetch(`http://127.0.0.1:${clickhouse}/?default_format=JSONCompact&database=costel`, {
        method: 'POST',
        body: sql,
      }),
    usage: () => usageOf(child.pid),
    said: () => said,
    stop: () => end(child, 'SIGTERM'),
  };
}

/** Starts the sender. @param {number} port @param {number} rate spans a second */
export function startSender(port, rate) {
  const file = fileURLToPath(new URL('sender.mjs', import.meta.url));
  const child = spawn(process.execPath, [file, String(port), String(rate)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let last = { acknowledged: 0, refused: 0, slowestMs: 0 };
  createInterface({ input: child.stdout }).on('line', (line) => (last = JSON.parse(line)));
  return { state: () => last, stop: () => end(child, 'SIGTERM') };
}
