import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
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
