// What a span costs from an OTLP/HTTP request to a committed ledger row: the embedded receiver beside the real collector.
// Needs the built packages (npm run build); the collector is built with Go, or taken from .cache/collector.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildCollector } from '../test/collector/build.mjs';
import { freePort } from '../test/support/free-port.mjs';

const HELP = `Usage: npm run bench -- receiver [options]

  --spans N          spans of the throughput run of each path (default 400000; 5000000 shows that memory stays flat)
  --per-request N    spans a request (default 1000)
  --concurrency N    requests at a time (default 48: an acknowledgement waits for the commit, so they bound a batch)
  --rate N           spans a second of the visibility run (default 5000)
  --seconds N        length of the visibility run (default 20)
  --path NAME        receiver or collector; both by default, in one run
  --quick            20000 spans and 3 seconds: shows that everything works, its figures mean nothing
  --json             one JSON object instead of tables`;

const { values } = parseArgs({
  options: {
    spans: { type: 'string' },
    'per-request': { type: 'string', default: '1000' },
    concurrency: { type: 'string', default: '48' },
    rate: { type: 'string', default: '5000' },
    seconds: { type: 'string' },
    path: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const perRequest = Number(values['per-request']);
const concurrency = Number(values.concurrency);
const spans = Number(values.spans ?? (values.quick ? 20_000 : 400_000));
const seconds = Number(values.seconds ?? (values.quick ? 3 : 20));
const rate = Number(values.rate);
const folder = join(dirname(fileURLToPath(import.meta.url)), 'receiver');
const TOKEN = 'benchmark-write-token';

/** Clock ticks a second in /proc, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Forks the process under test. UV_THREADPOOL_SIZE is what `costel up` starts with. */
async function startEngine() {
  const child = fork(join(folder, 'engine.mjs'), [TOKEN], { env: { ...process.env, UV_THREADPOOL_SIZE: '12' } });
  const [ports] = await once(child, 'message');
  const ask = async (message) => {
    child.send(message);
    const [answer] = await once(child, 'message');
    return answer;
  };
  return { ...ports, ask };
}

/** Sends spans from a process of its own. @returns what the sender reports */
async function send(options) {
  const child = fork(join(folder, 'sender.mjs'), [JSON.stringify({ perRequest, concurrency, ...options })]);
  await once(child, 'message');
  child.send('go');
  const [report] = await once(child, 'message');
  return report;
}

/** Starts the collector with the shipped configuration in front of the engine's ClickHouse interface. */
async function startCollector(clickhousePort) {
  const queue = mkdtempSync(join(tmpdir(), 'costel-bench-queue-'));
  const [http, grpc, health, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const child = spawn(buildCollector(), ['--config', join(folder, '../../collector/config.yaml')], {
    stdio: ['ignore', 'ignore', 'ignore'],
    env: {
      PATH: process.env.PATH,
      CLICKHOUSE_ENDPOINT: `http://127.0.0.1:${clickhousePort}`,
      CLICKHOUSE_PASSWORD: TOKEN,
      OTLP_HTTP_ENDPOINT: `127.0.0.1:${http}`,
      OTLP_GRPC_ENDPOINT: `127.0.0.1:${grpc}`,
      HEALTH_ENDPOINT: `127.0.0.1:${health}`,
      METRICS_PORT: String(metrics),
      COLLECTOR_QUEUE_DIRECTORY: queue,
    },
  });
  const isWell = async () => (await fetch(`http://127.0.0.1:${health}/`).catch(() => undefined))?.ok === true;
  while (!(await isWell())) {
    if (child.exitCode !== null) throw new Error(`the collector ended with exit code ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port: http,
    cpuMicroseconds() {
      const after = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
      return ((Number(after[11]) + Number(after[12])) * 1e6) / TICKS_PER_SECOND;
    },
    rssMegabytes: () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1000,
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(queue, { recursive: true, force: true });
    },
  };
}

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

/** One path from start to end: warm-up, throughput and, for the receiver, visibility. */
async function measurePath(name) {
  const engine = await startEngine();
  const collector = name === 'collector' ? await startCollector(engine.clickhousePort) : undefined;
  const port = collector?.port ?? engine.otlpPort;
  const warmUp = 20 * perRequest;
  await engine.ask({ command: 'begin' });
  await send({ mode: 'all', port, amount: warmUp });
  await engine.ask({ command: 'end', rows: warmUp });
  await engine.ask({ command: 'begin' });
  const collectorCpu = collector?.cpuMicroseconds() ?? 0;
  const { sent } = await send({ mode: 'all', port, amount: spans });
  const measured = await engine.ask({ command: 'end', rows: warmUp + sent });
  const collectorMicroseconds = (collector?.cpuMicroseconds() ?? 0) - collectorCpu;
  const result = {
    path: name,
    spans: sent,
    cpuMicrosecondsPerSpan: (measured.cpuMicroseconds + collectorMicroseconds) / sent,
    engineMicrosecondsPerSpan: measured.cpuMicroseconds / sent,
    collectorMicrosecondsPerSpan: collectorMicroseconds / sent,
    mergesAfterwardsMicrosecondsPerSpan:
      (measured.cpuMicroseconds - measured.cpuMicrosecondsBeforeMergesSettled) / sent,
    spansPerSecond: sent / measured.seconds,
    lagMs: measured.lagMs,
    rssMegabytes: measured.rssMegabytes,
    collectorRssMegabytes: collector?.rssMegabytes() ?? 0,
    // A batch that was sent twice is twice in the raw table and once in the ledger.
    rawRowsTwice: measured.rows - warmUp - sent,
    isComplete: measured.ledgerRows === warmUp + sent,
  };
  if (name === 'receiver') {
    const { latenciesMs } = await send({
      mode: 'steady',
      port,
      amount: rate,
      perRequest: Math.min(perRequest, rate / 10),
      seconds,
    });
    result.visibilityMs = {
      p50: percentile(latenciesMs, 0.5),
      p95: percentile(latenciesMs, 0.95),
      max: latenciesMs.at(-1),
    };
  }
  await collector?.stop();
  await engine.ask({ command: 'stop' });
  return result;
}

function print(results, loadBefore) {
  console.log(
    `${spans} spans of 18 attributes, ${perRequest} a request, ${concurrency} at a time; Node ${process.version}, ${cpus().length} cores, load average ${loadBefore.toFixed(2)} before\n`,
  );
  console.log(
    '| path | CPU µs/span | engine + Node | collector | of it merges afterwards | spans/s | lag p50 / p99 ms | RSS peak, 2nd / last quarter MB | ledger complete |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const r of results) {
    const { peak, secondQuarter, lastQuarter } = r.rssMegabytes;
    console.log(
      `| ${r.path} | ${r.cpuMicrosecondsPerSpan.toFixed(1)} | ${r.engineMicrosecondsPerSpan.toFixed(1)} | ${r.collectorMicrosecondsPerSpan.toFixed(1)} | ${r.mergesAfterwardsMicrosecondsPerSpan.toFixed(1)} | ${Math.round(r.spansPerSecond)} | ${r.lagMs.p50.toFixed(1)} / ${r.lagMs.p99.toFixed(1)} | ${peak}, ${secondQuarter} / ${lastQuarter}${r.path === 'collector' ? ` + ${Math.round(r.collectorRssMegabytes)}` : ''} | ${r.isComplete ? 'yes' : 'NO'} |`,
    );
  }
  const [receiver, collector] = ['receiver', 'collector'].map((name) => results.find((result) => result.path === name));
  if (receiver && collector) {
    console.log(
      `\nreceiver : collector = ${(receiver.spansPerSecond / collector.spansPerSecond).toFixed(2)} × the spans/s, ${(receiver.cpuMicrosecondsPerSpan / collector.cpuMicrosecondsPerSpan).toFixed(2)} × the CPU`,
    );
  }
  const visibility = receiver?.visibilityMs;
  if (visibility)
    console.log(
      `arrival to ledger row at ${rate} spans/s: p50 ${visibility.p50.toFixed(0)}, p95 ${visibility.p95.toFixed(0)}, max ${visibility.max.toFixed(0)} ms`,
    );
}

if (values.help) console.log(HELP);
else {
  const loadBefore = loadavg()[0];
  const results = [];
  for (const name of values.path === undefined ? ['receiver', 'collector'] : [values.path]) {
    try {
      results.push(await measurePath(name));
    } catch (error) {
      if (name !== 'collector') throw error;
      console.error(`The collector's path was not measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  if (values.json)
    console.log(
      JSON.stringify({
        node: process.version,
        cores: cpus().length,
        loadBefore,
        spans,
        perRequest,
        concurrency,
        rate,
        results,
      }),
    );
  else print(results, loadBefore);
  if (results.some((result) => !result.isComplete)) process.exitCode = 1;
}
