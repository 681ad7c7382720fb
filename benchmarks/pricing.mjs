// What pricing costs: a call of a known model, its usage, loading, and what a flood of made-up names does to memory;
// beside calcPrice of @pydantic/genai-prices in the same run. Needs the built packages (npm run build).
//   node --expose-gc benchmarks/pricing.mjs
import { calcPrice } from '@pydantic/genai-prices';
import { Bench } from 'tinybench';
import { createStreamReader, priceCall, readUsage } from '@costel/pricing';

const usage = { input: 7_000, cache_read: 3_000, output: 900, reasoning: 100 };
const call = {
  provider: 'openai',
  requestModel: 'gpt-5-mini',
  responseModel: 'gpt-5-mini-2025-08-07',
  serviceTier: '',
  region: '',
  atMs: Date.UTC(2026, 10, 22),
  usage,
  quality: 'reported',
};
const body = {
  id: 'chatcmpl-1',
  model: 'gpt-5-mini-2025-08-07',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello' } }],
  usage: {
    prompt_tokens: 10_000,
    completion_tokens: 1_000,
    total_tokens: 11_000,
    prompt_tokens_details: { cached_tokens: 3_000, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 100, audio_tokens: 0 },
  },
  service_tier: 'default',
};
const chunk = { id: 'chatcmpl-1', model: 'gpt-5-mini', choices: [{ index: 0, delta: { content: ' word' } }] };
const lastChunk = { ...chunk, choices: [], usage: body.usage };

const bench = new Bench({ time: 500 });
bench.add('priceCall, 4 buckets', () => priceCall(call));
bench.add('readUsage, chat completion', () => readUsage('chat.completions', 'openai', body));
bench.add('stream of 200 chunks', () => {
  const reader = createStreamReader('chat.completions', 'openai');
  for (let index = 0; index < 199; index += 1) reader.push(chunk);
  reader.push(lastChunk);
  return reader.finish();
});

const peerUsage = { input_tokens: 10_000, cache_read_tokens: 3_000, output_tokens: 1_000 };
bench.add('calcPrice of @pydantic/genai-prices', () => calcPrice(peerUsage, 'gpt-5-mini', { providerId: 'openai' }));

await bench.run();
console.table(
  bench.tasks.map((task) => {
    if (task.result.state !== 'completed') return { name: task.name, state: task.result.state };
    const { p50, p99 } = task.result.latency;
    return { name: task.name, 'p50 µs': Number((p50 * 1000).toFixed(3)), 'p99 µs': Number((p99 * 1000).toFixed(3)) };
  }),
);

// A hundred thousand names that no list knows: the memory that is kept for them is bounded.
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const started = process.cpuUsage();
for (let index = 0; index < 100_000; index += 1)
  priceCall({ ...call, responseModel: '', requestModel: `model-${index}` });
const { user } = process.cpuUsage(started);
globalThis.gc?.();
const keptMb = (process.memoryUsage().heapUsed - before) / 1e6;
console.log(
  `a hundred thousand made-up names: ${keptMb.toFixed(1)} MB kept, ${(user / 1e5).toFixed(2)} µs of the processor each`,
);
