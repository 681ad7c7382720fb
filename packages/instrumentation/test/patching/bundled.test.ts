import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OPENAI_COPIES, SDK_FOLDER } from '../support/sdk-copies.js';

const INSTRUMENTATION = fileURLToPath(new URL('../../dist/index.js', import.meta.url));

/** An application in one file, SDK and instrumentation included, as Next.js or a serverless build makes it. */
const source = (patch: string): string => `
  import OpenAI from 'openai';
  import { trace, context } from '@opentelemetry/api';
  import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
  import { instrumentModule, wrapClient } from ${JSON.stringify(INSTRUMENTATION)};
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const body = { id: 'x', object: 'chat.completion', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } };
  const fetchOnce = async () => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
  ${patch}
  const client = wrapping(new OpenAI({ apiKey: 'k', fetch: fetchOnce }));
  await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });
  console.log(JSON.stringify(exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['costel.cost.status']])));
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(SDK_FOLDER('openai-7'), 'tmp-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  ['instrumentModule', 'instrumentModule(OpenAI); const wrapping = (client) => client;'],
  ['wrapClient', 'const wrapping = wrapClient;'],
])('an application bundled with esbuild, patched by %s', (_way, patch) => {
  it.each(OPENAI_COPIES)('sees the calls of %s', async (copy) => {
    const file = join(folder, `${copy}-${patch.length}.mjs`);
    await build({
      stdin: { contents: source(patch), resolveDir: SDK_FOLDER(copy) },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: file,
      minify: true,
      logLevel: 'silent',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    const output = execFileSync(process.execPath, [file], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([['chat gpt-4o', 'priced']]);
    // The hooks for loaded modules have no use in a bundle, and bundlers complain about them.
    expect(readFileSync(file, 'utf8')).not.toContain('require-in-the-middle');
  });
});

describe('an application in several bundles, as Next.js makes them', () => {
  it.each(OPENAI_COPIES)('sees the calls of its routes where its instrumentation file patches %s', async (copy) => {
    const outdir = join(folder, `next-${copy}`);
    const entry = (name: string): string => join(folder, `${copy}-${name}.mjs`);
    // What the framework loads first, and what it loads for a request; both share a chunk with the SDK in it.
    writeFileSync(
      entry('instrumentation'),
      `import OpenAI from 'openai';
      import { trace } from '@opentelemetry/api';
      import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
      import { instrumentModule } from ${JSON.stringify(INSTRUMENTATION)};
      export const exporter = new InMemorySpanExporter();
      export function register() {
        trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
        instrumentModule(OpenAI);
      }`,
    );
    writeFileSync(
      entry('route'),
      `import OpenAI from 'openai';
      const body = { id: 'x', object: 'chat.completion', model: 'gpt-4o', choices: [], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } };
      const fetchOnce = async () => new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json' } });
      export async function GET() {
        await new OpenAI({ apiKey: 'k', fetch: fetchOnce }).chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] });
      }`,
    );
    await build({
      entryPoints: { instrumentation: entry('instrumentation'), route: entry('route') },
      bundle: true,
      splitting: true,
      platform: 'node',
      format: 'esm',
      outdir,
      outExtension: { '.js': '.mjs' },
      minify: true,
      logLevel: 'silent',
      alias: { openai: dirname(createRequire(`${SDK_FOLDER(copy)}package.json`).resolve('openai')) },
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    const server = `const { register, exporter } = await import(${JSON.stringify(join(outdir, 'instrumentation.mjs'))});
      register();
      const { GET } = await import(${JSON.stringify(join(outdir, 'route.mjs'))});
      await GET();
      console.log(JSON.stringify(exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['costel.cost.status']])));`;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', server], { encoding: 'utf8' });
    expect(JSON.parse(output)).toEqual([['chat gpt-4o', 'priced']]);
  });
});
