// What pricing costs: a call of a known model, its usage, loading, and what a flood of made-up names does to memory;
// beside calcPrice of @pydantic/genai-prices in the same run. Needs the built packages (npm run build).
//   node --expose-gc benchmarks/pricing.mjs
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

// A million names that no list knows, some of them long: the memory that is kept for them is bounded.
const NAMES = 1_000_000;
globalThis.gc?.();
const before = process.memoryUsage().heapUsed;
const started = process.cpuUsage();
for (let index = 0; index < NAMES; index += 1) {
  const requestModel = index % 10 === 0 ? `${'x'.repeat(index % 5000)}-${index}` : `model-${index}`;
  priceCall({ ...call, responseModel: '', requestModel });
}
const { user } = process.cpuUsage(started);
globalThis.gc?.();
const keptMb = (process.memoryUsage().heapUsed - before) / 1e6;
console.log(
  `a million made-up names: ${keptMb.toFixed(1)} MB kept${globalThis.gc === undefined ? ' (not collected: run with --expose-gc)' : ''}, ${(user / NAMES).toFixed(2)} µs of the processor each`,
);

// What an application pays at its start, for the package as it is published and, beside it, an empty module.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const directory = mkdtempSync(join(tmpdir(), 'costel-bench-'));
try {
  const packed = spawnSync('npm', ['pack', '--json', '--pack-destination', directory], {
    cwd: join(root, 'packages', 'pricing'),
    encoding: 'utf8',
  });
  const [{ unpackedSize, size }] = JSON.parse(packed.stdout.slice(packed.stdout.indexOf('[\n')));
  const archive = readdirSync(directory).find((name) => name.endsWith('.tgz'));
  spawnSync('tar', ['xzf', archive], { cwd: directory });
  console.log(`published: ${(unpackedSize / 1e6).toFixed(2)} MB unpacked, ${(size / 1e3).toFixed(0)} kB packed`);
  const entry = join(directory, 'package', 'dist', 'index.js');
  const common = join(directory, 'package', 'dist', 'cjs', 'index.js');
  const priced = `.priceCall({ provider: 'openai', requestModel: 'gpt-5-mini', atMs: 0, usage: { input: 1 }, quality: 'reported' })`;
  for (const [name, load] of [
    ['an empty module', `await import('data:text/javascript,')`],
    ['the package, ESM', `await import(${JSON.stringify(entry)})`],
    ['the package, CommonJS', `process.getBuiltinModule('module').createRequire('/')(${JSON.stringify(common)})`],
    ['the package and the first price of OpenAI', `(await import(${JSON.stringify(entry)}))${priced}`],
  ]) {
    const code = `const a = process.cpuUsage(); ${load}; const { user, system } = process.cpuUsage(a); console.log((user + system) / 1000);`;
    const times = Array.from({ length: 21 }, () =>
      Number(spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stdout),
    ).sort((one, other) => one - other);
    console.log(
      `loading ${name}: ${times[10].toFixed(1)} ms of the processor (median of 21 processes, least ${times[0].toFixed(1)})`,
    );
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
