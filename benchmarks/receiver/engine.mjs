import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { createReceiver } from '@costel/receiver';
import { createClickHouseInterface, migrate, openEmbeddedDatabase } from '@costel/store';

/*
 * The process under test: the embedded engine with the receiver and the ClickHouse interface in front of it, as
 * `costel up` has them. The parent asks it to measure itself.
 */

const [token] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'costel-bench-receiver-'));
const database = await openEmbeddedDatabase({ dataDirectory: directory });
await migrate(database);
const receiver = createReceiver({ database });
const { port } = await receiver.listen(0);
const { server } = await createClickHouseInterface({ database, writeToken: token });
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));

const count = async (table) => {
  const [row] = await database.query(`SELECT count() AS count FROM ${table}`);
  return Number(row.count);
};

/** Waits until a table has so many rows. @returns {Promise<number>} when, on this process's clock */
async function waitForRows(table, rows) {
  while ((await count(table)) < rows) await new Promise((resolve) => setTimeout(resolve, 100));
  return performance.now();
}

/** Waits until no merge has run for a second, at most for twenty. */
async function waitForMerges() {
  let quietSince = performance.now();
  const deadline = quietSince + 20_000;
  while (performance.now() < deadline && performance.now() - quietSince < 1000) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [row] = await database.query('SELECT count() AS merges FROM system.merges');
    if (Number(row.merges) > 0) quietSince = performance.now();
  }
}

let run;
function begin() {
  const lag = monitorEventLoopDelay({ resolution: 1 });
  const rssMegabytes = [];
  const sample = () => rssMegabytes.push(Math.round(process.memoryUsage.rss() / 1e6));
  sample();
  run = { lag, rssMegabytes, timer: setInterval(sample, 250), cpu: process.cpuUsage(), startedMs: performance.now() };
  lag.enable();
}

async function end(rows) {
  await waitForRows('otel_traces', rows);
  const committedMs = await waitForRows('llm_calls', rows);
  const busyCpu = process.cpuUsage(run.cpu);
  run.lag.disable();
  clearInterval(run.timer);
  await waitForMerges();
  const cpu = process.cpuUsage(run.cpu);
  const { inserts } = receiver.stats().inserts.otel_traces ?? { inserts: 0 };
  const samples = run.rssMegabytes;
  const mean = (from, to) => {
    const part = samples.slice(Math.floor(samples.length * from), Math.max(1, Math.ceil(samples.length * to)));
    return Math.round(part.reduce((sum, value) => sum + value, 0) / part.length);
  };
  return {
    seconds: (committedMs - run.startedMs) / 1000,
    cpuMicroseconds: cpu.user + cpu.system,
    cpuMicrosecondsBeforeMergesSettled: busyCpu.user + busyCpu.system,
    lagMs: { p50: run.lag.percentile(50) / 1e6, p99: run.lag.percentile(99) / 1e6, max: run.lag.max / 1e6 },
    rssMegabytes: { peak: Math.max(...samples), secondQuarter: mean(0.25, 0.5), lastQuarter: mean(0.75, 1) },
    inserts,
    rows: await count('otel_traces'),
    ledgerRows: await count('llm_calls FINAL'),
  };
}

async function obey({ command, rows }) {
  if (command === 'begin') begin();
  const answer = command === 'end' ? await end(rows) : {};
  process.send(answer);
  if (command !== 'stop') return;
  await receiver.close();
  server.closeAllConnections();
  server.close();
  await database.close();
  await rm(directory, { recursive: true, force: true });
  process.disconnect();
}

process.on('message', (message) => void obey(message));
process.send({ otlpPort: port, clickhousePort: server.address().port });
