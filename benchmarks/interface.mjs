// What the ClickHouse interface adds to a query: a trivial one and one of 1 MB, beside the same through the engine directly; and what slow readers do to inserts.
//   node benchmarks/interface.mjs [--seconds 5] [--readers 8] [--json]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    readers: { type: 'string', default: '8' },
    json: { type: 'boolean', default: false },
    client: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);

const STATEMENTS = {
  trivial: 'SELECT 1',
  parameter: 'SELECT {x:String}',
  '1 MB Native': 'SELECT number, toString(sipHash64(number)) AS s FROM numbers(36000) FORMAT Native',
  '1 MB JSONEachRow': 'SELECT number, toString(sipHash64(number)) AS s FROM numbers(20800) FORMAT JSONEachRow',
};
const SLOW = 'SELECT count() FROM (SELECT sipHash64(number) AS h FROM numbers(3000000000)) WHERE h = 1';

/** @param {number[]} sorted @param {number} q */
const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;

/** Asks one after the other for the given time. @param {() => Promise<number>} ask @returns what it took */
async function measure(ask) {
  const warmUntil = performance.now() + seconds * 200;
  for (let warm = 0; warm < 20 && (warm === 0 || performance.now() < warmUntil); warm += 1) await ask();
  const before = process.cpuUsage();
  const taken = [];
  let bytes = 0;
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    bytes = await ask();
    taken.push(performance.now() - start);
  }
  const cpu = process.cpuUsage(before);
  taken.sort((a, b) => a - b);
  return {
    requests: taken.length,
    bytes,
    p50Ms: quantile(taken, 0.5),
    p95Ms: quantile(taken, 0.95),
    cpuMs: (cpu.user + cpu.system) / 1000 / taken.length,
  };
}

/** @param {number} port @param {string} body @param {Agent} agent */
function post(port, body, agent) {
  return new Promise((resolve, reject) => {
    const path = body.includes('{x:String}') ? '/?param_x=y' : '/';
    const sent = request({ host: '127.0.0.1', port, method: 'POST', path, agent }, (response) => {
      let bytes = 0;
      response.on('data', (chunk) => (bytes += chunk.length));
      response.on('end', () => resolve({ bytes, status: response.statusCode }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The client is a process of its own: it must not share the event loop that it measures. */
async function runClient() {
  const { port, statement, slow } = JSON.parse(values.client ?? '{}');
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  if (slow > 0) {
    const loop = async () => {
      while (process.connected) await post(port, SLOW, agent).catch(() => undefined);
    };
    for (let index = 0; index < slow; index += 1) void loop();
    process.send?.('started');
    return;
  }
  const result = await measure(async () => {
    const { bytes, status } = await post(port, statement, agent);
    if (status !== 200) throw new Error(`the interface answered ${status}`);
    return bytes;
  });
  process.send?.(result);
  agent.destroy();
  process.disconnect();
}

function startClient(options) {
  return fork(fileURLToPath(import.meta.url), ['--seconds', values.seconds, '--client', JSON.stringify(options)]);
}

/** Inserts 1,000 spans at a time, as fast as they are taken. @param {import('@costel/store').EmbeddedDatabase} database */
async function measureInserts(database) {
  let batch = 0;
  const lag = monitorEventLoopDelay({ resolution: 5 });
  lag.enable();
  const result = await measure(async () => {
    batch += 1;
    const at = new Date().toISOString();
    const rows = Array.from({ length: 1000 }, (_, index) => ({
      Timestamp: at,
      TraceId: `${String(batch).padStart(16, '0')}${String(index).padStart(16, '0')}`,
      SpanId: String(index).padStart(16, '0'),
      SpanName: 'chat',
      ServiceName: 'bench',
      SpanAttributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-4o-mini',
      },
      Duration: 1_000_000,
    }));
    await database.insertRows('otel_traces', rows);
    return rows.length;
  });
  lag.disable();
  return { ...result, loopLagP99Ms: lag.percentile(99) / 1e6 };
}

async function main() {
  const { createClickHouseInterface, migrate, openEmbeddedDatabase } = await import('@costel/store');
  const directory = mkdtempSync(join(tmpdir(), 'costel-bench-interface-'));
  const database = await openEmbeddedDatabase({ dataDirectory: join(directory, 'data') });
  await migrate(database);
  const { server } = await createClickHouseInterface({ database, writeToken: 'token-of-the-benchmark' });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = server.address();
  const figures = { machine: machine(), queries: {}, inserts: {} };
  for (const [name, statement] of Object.entries(STATEMENTS)) {
    process.stderr.write(`${name} …\n`);
    const direct = await measure(async () => (await database.run(statement, { parameters: { x: 'y' } })).bytes.length);
    const before = process.cpuUsage();
    const client = startClient({ port, statement, slow: 0 });
    const [through] = await once(client, 'message');
    const cpu = process.cpuUsage(before);
    // What the server's process spends, the engine included; the client spends its own beside it.
    figures.queries[name] = {
      direct,
      interface: { ...through, cpuMs: (cpu.user + cpu.system) / 1000 / through.requests },
    };
    await once(client, 'close');
  }
  process.stderr.write('inserts …\n');
  figures.inserts.alone = await measureInserts(database);
  const readers = startClient({ port, statement: SLOW, slow: Number(values.readers) });
  await once(readers, 'message');
  figures.inserts[`beside ${values.readers} slow readers`] = await measureInserts(database);
  process.stderr.write('inserts after …\n');
  readers.disconnect();
  readers.kill('SIGKILL');
  figures.inserts.after = await measureInserts(database);
  print(figures);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await database.close();
  rmSync(directory, { recursive: true, force: true });
}

function machine() {
  const [cpu] = cpus();
  return { node: process.version, processors: cpus().length, model: cpu?.model ?? '', loadAverage: loadavg() };
}

function print(figures) {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
    return;
  }
  const { node, processors, model, loadAverage } = figures.machine;
  const lines = [
    `Node ${node}, ${processors} × ${model}, load ${loadAverage.map((load) => load.toFixed(1)).join(' ')}`,
    '',
  ];
  lines.push('query               way         p50 ms   p95 ms   CPU ms      bytes');
  for (const [name, ways] of Object.entries(figures.queries)) {
    for (const [way, { p50Ms, p95Ms, cpuMs, bytes }] of Object.entries(ways))
      lines.push(
        [
          name.padEnd(19),
          way.padEnd(9),
          ...[p50Ms, p95Ms, cpuMs].map((ms) => ms.toFixed(2).padStart(8)),
          String(bytes).padStart(10),
        ].join(' '),
      );
  }
  lines.push('', 'inserts of 1,000 spans         p50 ms   p95 ms    spans/s   loop lag p99 ms');
  for (const [name, { p50Ms, p95Ms, requests, loopLagP99Ms }] of Object.entries(figures.inserts))
    lines.push(
      [
        name.padEnd(28),
        ...[p50Ms, p95Ms].map((ms) => ms.toFixed(1).padStart(8)),
        String(Math.round((requests * 1000) / seconds)).padStart(10),
        loopLagP99Ms.toFixed(1).padStart(17),
      ].join(' '),
    );
  process.stdout.write(`${lines.join('\n')}\n`);
}

if (values.help) process.stdout.write('node benchmarks/interface.mjs [--seconds 5] [--readers 8] [--json]\n');
else if (values.client !== undefined) await runClient();
else await main();
