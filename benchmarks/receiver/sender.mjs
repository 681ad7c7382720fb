import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { requestMaker } from './spans.mjs';

/*
 * Sends spans from a process of its own: `all` of an amount as fast as they are taken, or steadily at a rate. Reports the
 * milliseconds from each request's first byte to its acknowledgement.
 */

const { mode, port, amount, perRequest, concurrency, seconds } = JSON.parse(process.argv[2] ?? '{}');
const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
const makeRequest = requestMaker(perRequest);

const post = (body) =>
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

/** Sends one request until it is taken. @returns {Promise<number>} milliseconds from its first try */
async function deliver(body) {
  const startedMs = performance.now();
  while ((await post(body)) !== 200) await delay(100);
  return performance.now() - startedMs;
}

async function sendAll() {
  const latenciesMs = [];
  let left = Math.ceil(amount / perRequest);
  const worker = async () => {
    while (left > 0) {
      left--;
      latenciesMs.push(await deliver(makeRequest()));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return latenciesMs;
}

async function sendSteadily() {
  const answered = [];
  const everyMs = (perRequest * 1000) / amount;
  const startedMs = performance.now();
  for (let index = 0; index * everyMs < seconds * 1000; index++) {
    await delay(Math.max(0, startedMs + index * everyMs - performance.now()));
    answered.push(deliver(makeRequest()));
  }
  return Promise.all(answered);
}

async function send() {
  const latenciesMs = await (mode === 'all' ? sendAll() : sendSteadily());
  process.send({ sent: latenciesMs.length * perRequest, latenciesMs: latenciesMs.sort((one, other) => one - other) });
  agent.destroy();
  process.disconnect();
}

process.once('message', () => void send());
process.send('ready');
