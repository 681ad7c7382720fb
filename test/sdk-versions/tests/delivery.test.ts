import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { copyFolder } from './load-sdk.js';

const PRELOAD = fileURLToPath(new URL('../../../packages/node/dist/preload.js', import.meta.url));

/** Packages whose calls are in a module that is not the main one. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  '@modelcontextprotocol/sdk': '@modelcontextprotocol/sdk/client/index.js',
  '@langchain/core': '@langchain/core/language_models/chat_models',
};

/** Copies that are patched on their own as ES modules only: Mistral's has no other form that Node 20 could require. */
const ESM_ONLY: readonly string[] = ['mistral-2'];

/** Older than what is patched. */
const TOO_OLD: readonly string[] = ['openai-5'];

const copies = readdirSync(copyFolder('.'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /-\d+$/.test(entry.name))
  .map((entry) => entry.name);

function mainDependency(copy: string): { name: string; version: string } {
  const { dependencies } = JSON.parse(readFileSync(`${copyFolder(copy)}package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const names = Object.keys(dependencies);
  const name = names.find((each) => ['ai', '@langchain/core'].includes(each)) ?? names[0] ?? '';
  return { name, version: dependencies[name] ?? '' };
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs an application in the folder of a copy, started with `--import`. */
async function run(copy: string, file: string, source: string): Promise<Ran> {
  const folder = mkdtempSync(join(copyFolder(copy), 'tmp-'));
  writeFileSync(join(folder, file), source);
  const environment = { OTEL_LOG_LEVEL: 'info', OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' };
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', PRELOAD, file], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', ...environment },
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => {
          output += data.toString();
        });
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, output }));
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function expectPatched({ code, output }: Ran, name: string, version: string): void {
  expect(code, output).toBe(0);
  expect(output).toContain('loaded');
  const lines = output.split('\n').filter((line) => line.includes(`patched ${name} ${version}: `));
  expect(lines, output).toHaveLength(1);
  expect(output).not.toContain('not among the tested versions');
  expect(output).not.toContain('was loaded before Costel');
}

describe.each(copies.filter((copy) => !TOO_OLD.includes(copy)))(
  'node --import @costel/node/register with %s',
  (copy) => {
    const { name, version } = mainDependency(copy);
    const entry = ENTRY_POINTS[name] ?? name;

    it('says in one line what it patched of the ES module', async () => {
      expectPatched(await run(copy, 'app.mjs', `import '${entry}'; console.log('loaded');`), name, version);
    });

    if (!ESM_ONLY.includes(copy))
      it('says in one line what it patched of the CommonJS module', async () => {
        expectPatched(await run(copy, 'app.cjs', `require('${entry}'); console.log('loaded');`), name, version);
      });
  },
);

it.each(TOO_OLD)('an SDK that is too old is left alone, and what to do is said once: %s', async (copy) => {
  const { name, version } = mainDependency(copy);
  const { code, output } = await run(copy, 'app.mjs', `import '${name}'; console.log('loaded');`);
  expect(code).toBe(0);
  expect(
    output.match(new RegExp(`${name} ${version} is older than the supported .* update the SDK`, 'g')),
  ).toHaveLength(1);
});

const INSTRUMENTATION = fileURLToPath(new URL('../../../packages/instrumentation/dist/index.js', import.meta.url));
const OPENAI_COPIES = ['openai-6', 'openai-7'] as const;
const sdkFolder = (copy: string): string => fileURLToPath(new URL(`../../sdks/${copy}/`, import.meta.url));

/** A set-up of the application's own: a NodeSDK with everything that OpenTelemetry instruments, and Costel beside it. */
const OWN_SET_UP = `
import { createRequire, register } from 'node:module';
import { CostSpanProcessor, llmInstrumentations } from ${JSON.stringify(INSTRUMENTATION)};
register('@opentelemetry/instrumentation/hook.mjs', ${JSON.stringify(`file://${INSTRUMENTATION}`)});
const require = createRequire(${JSON.stringify(copyFolder('side-by-side'))} + 'package.json');
const { NodeSDK } = require('@opentelemetry/sdk-node');
const { getNodeAutoInstrumentations } = require('@opentelemetry/auto-instrumentations-node');
const spans = [];
const keeping = { onStart() {}, onEnd: (span) => spans.push(span), forceFlush: async () => {}, shutdown: async () => {} };
new NodeSDK({
  instrumentations: [getNodeAutoInstrumentations(), llmInstrumentations()],
  spanProcessors: [new CostSpanProcessor(), keeping],
}).start();
process.on('exit', () => {
  const told = spans.map(({ instrumentationScope, attributes }) => [instrumentationScope.name, attributes['costel.cost.usd']]);
  console.log('spans ' + JSON.stringify(told));
});
`;

const calling = (load: string): string => `
${load}
const body = { id: 'chatcmpl-1', object: 'chat.completion', model: 'gpt-4o', choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } };
const { createServer } = await import('node:http');
const server = createServer((request, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:' + server.address().port + '/v1' });
const answer = await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });
if (answer.choices[0].message.content !== 'four') throw new Error('another answer');
server.close();
server.closeAllConnections();
`;

async function runBeside(copy: string, source: string): Promise<readonly (readonly [string, string | null])[]> {
  const folder = mkdtempSync(join(sdkFolder(copy), 'tmp-'));
  writeFileSync(join(folder, 'telemetry.mjs'), OWN_SET_UP);
  writeFileSync(join(folder, 'app.mjs'), source);
  try {
    const output = await new Promise<string>((resolve, reject) => {
      const child = spawn(process.execPath, ['--import', './telemetry.mjs', 'app.mjs'], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' },
      });
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (data: Buffer) => {
          text += data.toString();
        });
      child.on('error', reject);
      child.on('close', () => resolve(text));
    });
    const told = /^spans (.*)$/m.exec(output)?.[1];
    if (told === undefined) throw new Error(output);
    return JSON.parse(told) as readonly (readonly [string, string | null])[];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe.each(OPENAI_COPIES)('beside @opentelemetry/auto-instrumentations-node, a call of %s', (copy) => {
  it.each([
    ['an ES module', `import OpenAI from 'openai';`],
    [
      'CommonJS',
      `import { createRequire } from 'node:module'; const OpenAI = createRequire(import.meta.url)('openai');`,
    ],
  ])('as %s costs once, and the spans of the others stay', async (_form, load) => {
    const spans = await runBeside(copy, calling(load));
    const costs = spans.flatMap(([, cost]) => cost ?? []);
    expect(costs, JSON.stringify(spans)).toEqual(['0.0035']);
    expect(spans.find(([, cost]) => cost !== null)?.[0]).toBe('@costel/instrumentation');
    // Node's own fetch and HTTP are instrumented by the others, and go on to be.
    expect(spans.some(([scope]) => /instrumentation-(undici|http)$/.test(scope))).toBe(true);
  });
});
