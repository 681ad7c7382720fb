import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build, type Format } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyFolder } from './load-sdk.js';
import { BUNDLED_APPS, type BundledApp } from './support/bundled-apps.js';

const INSTRUMENTATION = fileURLToPath(new URL('../../../packages/instrumentation/dist/index.js', import.meta.url));
const require = createRequire(INSTRUMENTATION);
/** The copies that the instrumentation itself uses: the SDKs bring others, which do not talk to these. */
const API = require.resolve('@opentelemetry/api');
const TRACES = createRequire(new URL('../../../package.json', import.meta.url)).resolve(
  '@opentelemetry/sdk-trace-base',
);
const REQUIRE_OF_ESM = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/** An application in one file: the SDK, the instrumentation, one call, and what its spans say, as its only output. */
const sourceOf = ({ load, call, answer }: BundledApp): string => `
  ${load}
  import { trace, context } from '${API}';
  import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '${TRACES}';
  import { instrumentModule } from ${JSON.stringify(INSTRUMENTATION)};
  const exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  const answer = ${JSON.stringify(answer)};
  const answering = async () => new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } });
  globalThis.fetch = answering;
  const patched = instrumentModule(sdk);
  async function main() {
    ${call}
    const told = exporter.getFinishedSpans().map(({ name, attributes }) => [name, attributes['costel.cost.usd']]);
    console.log('spans ' + JSON.stringify(told.filter(([, cost]) => cost !== undefined || told.length === 1)));
    process.exit();
  }
  void main();
`;

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(copyFolder('.'), 'tmp-bundles-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function spansOf(app: BundledApp, format: Format): Promise<unknown> {
  const outfile = join(folder, `${app.copy}.${format === 'esm' ? 'mjs' : 'cjs'}`);
  await build({
    stdin: { contents: sourceOf(app), resolveDir: app.folder },
    bundle: true,
    minify: true,
    platform: 'node',
    format,
    outfile,
    logLevel: 'silent',
    // An optional parser of Together's, which it asks for when files are sent.
    external: ['parquetjs'],
    alias: { '@opentelemetry/api': API },
    ...(format === 'esm' ? { banner: { js: REQUIRE_OF_ESM } } : {}),
  });
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [outfile]);
  const told = /^spans (.*)$/m.exec(stdout)?.[1];
  if (told === undefined) throw new Error(`${stdout}${stderr}`);
  return JSON.parse(told);
}

describe.each(BUNDLED_APPS)('an application in one minified file with $copy', (app) => {
  it.each(['esm', 'cjs'] as const)('sees its call, as %s', async (format) => {
    expect(await spansOf(app, format)).toEqual([[app.span, app.costUsd ?? null]]);
  });
});
