// What it costs to take a span from an OTLP/HTTP request to a committed ledger row: CPU of the whole receiving process
// (HTTP, decoding worker, engine with merges and fsync), spans per second, lag of its event loop, memory, and how soon a
// span can be read at a moderate load. The sender is a process of its own. Needs the built packages (npm run build).
//   node benchmarks/receiver.mjs [--spans 300000] [--per-request 1000] [--rate 1000]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '300000' },
    'per-request': { type: 'string', default: '1000' },
    rate: { type: 'string', default: '1000' },
    sender: { type: 'string' },
  },
});
const perRequest = Number(values['per-request']);

const varint = (value) => {
  const bytes = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
};
const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
const fixed64 = (number, value) => {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
};
const valueOf = (value) =>
  typeof value === 'number' ? Buffer.concat([Buffer.from([0x18]), varint(value)]) : field(1, Buffer.from(value));
const attribute = (number, key, value) =>
  field(number, Buffer.concat([field(1, Buffer.from(key)), field(2, valueOf(value))]));

const random = (bytes) => Buffer.from(Array.from({ length: bytes }, () => Math.floor(Math.random() * 256)));

/** A span of an instrumented call: 18 attributes. */
function encodeSpan(index) {
  const startNs = BigInt(Date.now()) * 1_000_000n - 2_000_000_000n + BigInt(index);
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-5-mini',
    'gen_ai.response.model': 'gpt-5-mini-2025-08-07',
    'gen_ai.response.id': `chatcmpl-${random(12).toString('hex')}`,
    'gen_ai.usage.input_tokens': 1000 + (index % 500),
    'gen_ai.usage.output_tokens': 300,
    'costel.usage.input': 1000 + (index % 500),
    'costel.usage.output': 300,
    'costel.usage.quality': 'reported',
    'costel.cost.status': 'priced',
    'costel.cost.usd': '0.00085',
    'costel.feature': `feature-${index % 7}`,
    'costel.customer': `customer-${index % 50}`,
    'user.id': `user-${index % 1000}`,
    'server.address': 'api.openai.com',
    'server.port': 443,
    'gen_ai.conversation.id': `conversation-${index % 2000}`,
  };
  return Buffer.concat([
    field(1, random(16)),
    field(2, random(8)),
    field(5, Buffer.from('chat gpt-5-mini')),
    Buffer.from([0x30, 3]),
    fixed64(7, startNs),
    fixed64(8, startNs + 900_000_000n),
    ...Object.entries(attributes).map(([key, value]) => attribute(9, key, value)),
  ]);
}

function encodeRequest(count) {
  const resource = field(1, Buffer.concat([attribute(1, 'service.name', 'shop'), attribute(1, 'host.name', 'h1')]));
  const spans = Array.from({ length: count }, (_, index) => field(2, encodeSpan(index)));
  const scope = field(1, field(1, Buffer.from('@costel/instrumentation')));
  return field(1, Buffer.concat([resource, field(2, Buffer.concat([scope, ...spans]))]));
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const post = (port, body) =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
    const outgoing = request(
      { port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', agent, headers },
      (answer) => {
        answer.resume();
        answer.on('end', () => resolve(answer.statusCode));
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const delay = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends until all spans are acknowledged, eight requests at a time, trying again what is turned away. */
async function sendAll(port, spans) {
  const bodies = Array.from({ length: 20 }, () => encodeRequest(perRequest));
  let left = Math.ceil(spans / perRequest);
  await once(process, 'message');
  const worker = async () => {
    while (left > 0) {
      left--;
      while ((await post(port, bodies[left % bodies.length])) !== 200) await delay(100);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}

/** Sends `rate` spans a second in requests of a tenth of it for five seconds; reports each request's time to its answer. */
async function sendSteadily(port, rate) {
  const answered = [];
  for (let request_ = 0; request_ < 50; request_++) {
    const startedMs = performance.now();
    answered.push(post(port, encodeRequest(rate / 10)).then(() => performance.now() - startedMs));
    await delay(Math.max(0, 100 - (performance.now() - startedMs)));
  }
  return (await Promise.all(answered)).sort((left, right) => left - right);
}

if (values.sender !== undefined) {
  const [mode, port, amount] = values.sender.split(':');
  process.send('ready');
  const result =
    mode === 'all' ? await sendAll(Number(port), Number(amount)) : await sendSteadily(Number(port), Number(amount));
  process.send({ result });
  agent.destroy();
  process.disconnect();
} else await measure();

async function measure() {
  const { createReceiver } = await import('@costel/receiver');
  const { migrate, openEmbeddedDatabase } = await import('@costel/store');
  const directory = await mkdtemp(join(tmpdir(), 'costel-bench-receiver-'));
  const database = await openEmbeddedDatabase({ dataDirectory: directory });
  await migrate(database);
  const receiver = createReceiver({ database });
  const { port } = await receiver.listen(0);
  const startSender = async (mode, amount) => {
    const child = fork(new URL(import.meta.url), [
      '--sender',
      `${mode}:${port}:${amount}`,
      '--per-request',
      String(perRequest),
    ]);
    await once(child, 'message');
    return child;
  };

  const warmUp = await startSender('all', 20 * perRequest);
  warmUp.send('go');
  await once(warmUp, 'exit');

  const spans = Number(values.spans);
  const sender = await startSender('all', spans);
  await delay(2000);
  const lag = monitorEventLoopDelay({ resolution: 1 });
  const before = receiver.stats();
  const loadBefore = loadavg()[0];
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  lag.enable();
  sender.send('go');
  await once(sender, 'message');
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  lag.disable();
  const after = receiver.stats();
  const stored = after.accepted.traces - before.accepted.traces;
  const [ledger] = await database.query('SELECT count() AS count FROM llm_calls');
  const inserts = after.inserts.otel_traces.inserts - before.inserts.otel_traces.inserts;

  console.log(
    `${stored} spans of 18 attributes, ${perRequest} a request, on ${cpus().length} cores (load ${loadBefore.toFixed(1)} before)`,
  );
  console.log(`CPU of the receiving process  ${((cpu.user + cpu.system) / stored).toFixed(1)} µs a span`);
  console.log(`acknowledged (ledger row)     ${Math.round(stored / seconds)} spans/s`);
  console.log(`inserts                       ${inserts}, ${Math.round(stored / inserts)} rows each`);
  console.log(
    `event-loop lag                p50 ${(lag.percentile(50) / 1e6).toFixed(1)}, p99 ${(lag.percentile(99) / 1e6).toFixed(1)} ms`,
  );
  console.log(`resident memory               ${Math.round(process.memoryUsage().rss / 1e6)} MB`);
  console.log(`rows in the ledger            ${ledger.count} (the sender repeats 20 bodies)`);

  const rate = Number(values.rate);
  const steady = await startSender('steady', rate);
  const [{ result: latencies }] = await once(steady, 'message');
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))].toFixed(0);
  console.log(`arrival to readable row       p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)} ms at ${rate} spans/s`);
  await receiver.close();
  await database.close();
  await rm(directory, { recursive: true, force: true });
}
