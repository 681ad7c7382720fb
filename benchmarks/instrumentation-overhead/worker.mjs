// One variant in one process: makes the calls that it is told to make and says how long they took.
//   node worker.mjs VARIANT             answers the messages of its parent
//   node worker.mjs VARIANT --start-up  makes one call and says how long it took to get there
// Both end when the parent disconnects.
import { performance } from 'node:perf_hooks';
import { setImmediate as afterOthers } from 'node:timers/promises';
import { answerInProcess, REQUESTS } from './provider-answers.mjs';
import { quantile } from './statistics.mjs';
import { fromSdk, setUp, VARIANTS } from './variants.mjs';

/** Calls between two turns of the event loop, so that timers (the batch processor's) come to their right. */
const CALLS_PER_TURN = { json: 64, stream: 4 };

const [variantName, mode] = process.argv.slice(2);
const variant = VARIANTS.find(({ name }) => name === variantName);
if (variant === undefined) throw new Error(`there is no variant "${variantName}"`);

const startedAt = performance.now();
const readRecorded = setUp(variant);
const setUpAt = performance.now();
const { OpenAI } = fromSdk('openai');
const client = new OpenAI({ apiKey: 'sk-bench', fetch: answerInProcess, maxRetries: 0 });
const readyAt = performance.now();

const calls = {
  json: async () => {
    await client.chat.completions.create(REQUESTS.json);
  },
  stream: async () => {
    let chunks = 0;
    for await (const _ of await client.chat.completions.create(REQUESTS.stream)) chunks += 1;
    return chunks;
  },
};

/**
 * Makes calls one after the other. A sample runs from the end of the call before, so that what an instrumentation
 * leaves to the microtasks after a call is counted; what it leaves to timers is in the CPU time.
 * @param {'json' | 'stream'} kind @param {number} count
 */
async function measure(kind, count) {
  const call = calls[kind];
  const samplesMs = new Float64Array(count);
  const cpuBefore = process.cpuUsage();
  let lastAt = performance.now();
  for (let index = 0; index < count; index += 1) {
    await call();
    const now = performance.now();
    samplesMs[index] = now - lastAt;
    lastAt = now;
    if (index % CALLS_PER_TURN[kind] === CALLS_PER_TURN[kind] - 1) {
      await afterOthers();
      lastAt = performance.now();
    }
  }
  await afterOthers();
  const cpu = process.cpuUsage(cpuBefore);
  return { p25Us: quantile(samplesMs, 0.25) * 1000, cpuUs: (cpu.user + cpu.system) / count };
}

/** Resident memory after a full collection, in MB, and the CPU time of the process so far, in seconds. */
function describeProcess() {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return { rssMb: rss / 2 ** 20, heapMb: heapUsed / 2 ** 20, cpuSeconds: (user + system) / 1e6 };
}

/** @param {{ task: 'measure' | 'recorded' | 'process', kind: 'json' | 'stream', count: number }} message */
async function answer({ task, kind, count }) {
  if (task === 'measure') return measure(kind, count);
  if (task === 'recorded') return readRecorded();
  return describeProcess();
}

if (mode === '--start-up') {
  await calls.json();
  const calledAt = performance.now();
  process.send?.({
    answer: {
      setUpMs: setUpAt - startedAt,
      loadSdkMs: readyAt - setUpAt,
      // From the start of the process, Node's own start included, which all variants share.
      readyMs: readyAt,
      firstCallMs: calledAt - readyAt,
      ...describeProcess(),
    },
  });
} else {
  process.on('message', (message) => {
    answer(message).then(
      (result) => process.send?.({ answer: result }),
      (error) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}
process.on('disconnect', () => process.exit(0));
