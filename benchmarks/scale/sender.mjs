// Sends calls to an OTLP/HTTP receiver at a steady rate until it is told to stop; a process of its own beside the benchmark.
//   node sender.mjs PORT SPANS_PER_SECOND
// Says once a second on stdout how many spans were acknowledged so far, and how long the slowest request took.
import { Agent, request } from 'node:http';
import { encodeRequest } from './otlp.mjs';

const [port, rate] = process.argv.slice(2).map(Number);
const REQUESTS_PER_SECOND = 10;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
let acknowledged = 0;
let refused = 0;
let slowestMs = 0;

function post(body, spans) {
  const startedMs = performance.now();
  const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
  const outgoing = request(
    { port, host: '127.0.0.1', path: '/v1/traces', method: 'POST', agent, headers },
    (answer) => {
      answer.resume();
      answer.on('end', () => {
        if (answer.statusCode === 200) acknowledged += spans;
        else refused += spans;
        slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      });
    },
  );
  outgoing.on('error', () => (refused += spans));
  outgoing.end(body);
}

const startedMs = performance.now();
let requests = 0;
// Requests that a busy machine delayed are made up for, so that the rate holds.
const sending = setInterval(() => {
  const due = Math.floor(((performance.now() - startedMs) / 1000) * REQUESTS_PER_SECOND);
  for (; requests < due; requests += 1) post(encodeRequest(rate / REQUESTS_PER_SECOND), rate / REQUESTS_PER_SECOND);
}, 1000 / REQUESTS_PER_SECOND);
const saying = setInterval(() => {
  process.stdout.write(`${JSON.stringify({ acknowledged, refused, slowestMs: Math.round(slowestMs) })}\n`);
  slowestMs = 0;
}, 1000);
process.on('SIGTERM', () => {
  clearInterval(sending);
  clearInterval(saying);
  agent.destroy();
  process.exit(0);
});
