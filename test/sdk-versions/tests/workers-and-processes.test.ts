import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFakeProvider } from '../../matrix/fake-provider.mjs';
import { BUNDLED_APPS, type BundledApp } from './support/bundled-apps.js';

const PRELOAD = fileURLToPath(new URL('../../../packages/node/dist/preload.js', import.meta.url));
const API = createRequire(new URL('../../../packages/node/package.json', import.meta.url)).resolve(
  '@opentelemetry/api',
);

const FORMS = ['mjs', 'cjs'] as const;
type Form = (typeof FORMS)[number];
const PLACES = ['worker', 'forked', 'spawned'] as const;

/** Mistral's second major has no CommonJS form. */
const appsOf = (form: Form): readonly BundledApp[] =>
  BUNDLED_APPS.filter(({ copy }) => form === 'mjs' || copy !== 'mistral-2');

/** The imports of a module, as a CommonJS module writes them. */
const asRequires = (imports: string): string =>
  imports
    .replaceAll(/import \* as (\w+) from ('[^']+');/g, 'const $1 = require($2);')
    .replaceAll(/import (\{[^}]*\}) from ('[^']+');/g, 'const $1 = require($2);');

/** A module that makes the call of one SDK, which Costel patched when it was loaded. */
const callerOf = (form: Form, { load, call, answer }: BundledApp): string => `
${form === 'mjs' ? load : asRequires(load)}
const patched = sdk;
const answer = ${JSON.stringify(answer)};
const answering = async () => new Response(JSON.stringify(answer), { headers: { 'content-type': 'application/json' } });
${form === 'mjs' ? 'export const run =' : 'exports.run ='} async () => {
  const before = globalThis.fetch;
  globalThis.fetch = answering;
  try {
    ${call}
  } finally {
    globalThis.fetch = before;
  }
};`;

/** Calls every SDK, each inside a span named for where and for which copy. */
const allOf = (form: Form, callers: Readonly<Record<string, string>>): string => `
${form === 'mjs' ? `import { trace } from ${JSON.stringify(pathToFileURL(API).href)};` : `const { trace } = require(${JSON.stringify(API)});`}
const place = process.env.PLACE;
const load = ${form === 'mjs' ? '(file) => import(file)' : '(file) => require(file)'};
async function main() {
  for (const [copy, file] of Object.entries(${JSON.stringify(callers)})) {
    const { run } = await load(file);
    await trace.getTracer('test').startActiveSpan(place + ' ' + copy, async (span) => {
      try {
        await run();
      } finally {
        span.end();
      }
    });
  }
}
main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});`;

/** The application: does nothing itself but start a worker and two other processes. */
const mainOf = (form: Form, file: string): string => `
${form === 'mjs' ? `import { fork, spawn } from 'node:child_process'; import { Worker } from 'node:worker_threads';` : `const { fork, spawn } = require('node:child_process'); const { Worker } = require('node:worker_threads');`}
const file = ${JSON.stringify(file)};
const env = (PLACE) => ({ ...process.env, PLACE });
const preloaded = { ...env('spawned'), NODE_OPTIONS: '--import ' + ${JSON.stringify(pathToFileURL(PRELOAD).href)} };
const starts = {
  worker: () => new Worker(file, { env: env('worker') }),
  forked: () => fork(file, { env: env('forked') }),
  spawned: () => spawn(process.execPath, [file], { env: preloaded, stdio: 'inherit' }),
};
async function main() {
  for (const [place, start] of Object.entries(starts)) {
    const code = await new Promise((resolve, reject) => start().on('error', reject).on('exit', resolve));
    if (code !== 0) throw new Error(place + ' ended with ' + code);
  }
}
main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});`;

const receiver = await startFakeProvider();
const folders: string[] = [];
const newFolder = (parent: string): string => {
  const folder = mkdtempSync(join(parent, 'tmp-'));
  folders.push(folder);
  return folder;
};

/** Runs the application and everything that it starts to the end. */
async function run(form: Form): Promise<void> {
  const callers: Record<string, string> = {};
  for (const app of appsOf(form)) {
    const file = join(newFolder(app.folder), `call.${form}`);
    writeFileSync(file, callerOf(form, app));
    callers[app.copy] = form === 'mjs' ? pathToFileURL(file).href : file;
  }
  const folder = newFolder(fileURLToPath(new URL('../', import.meta.url)));
  writeFileSync(join(folder, `all.${form}`), allOf(form, callers));
  writeFileSync(join(folder, `main.${form}`), mainOf(form, join(folder, `all.${form}`)));
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', pathToFileURL(PRELOAD).href, join(folder, `main.${form}`)], {
      env: {
        PATH: process.env['PATH'] ?? '',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_SERVICE_NAME: form,
      },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data: Buffer) => {
        output += data.toString();
      });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`exit code ${code}\n${output}`))));
  });
}

/** Spans below the one that the application made around a call. */
function below(form: Form, name: string) {
  const spans = receiver.spansOf(form);
  const ids = new Set(spans.filter((span) => span.name === name).map(({ spanId }) => spanId));
  for (let size = 0; size < ids.size;) {
    size = ids.size;
    for (const span of spans) if (ids.has(span.parentSpanId)) ids.add(span.spanId);
  }
  return spans.filter(({ parentSpanId }) => ids.has(parentSpanId));
}

beforeAll(() => Promise.all(FORMS.map(run)));
afterAll(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  await receiver.close();
});

describe.each(FORMS)('as %s, calls outside the first thread', (form) => {
  describe.each(PLACES)('in what is %s', (place) => {
    it.each(appsOf(form))('of $copy are one span each, at their price', ({ copy, span, costUsd }) => {
      const told = below(form, `${place} ${copy}`).filter(
        ({ attributes, name }) => 'costel.usage.quality' in attributes || name === span,
      );
      const counted = told.filter(({ attributes }) => costUsd === undefined || 'costel.cost.usd' in attributes);
      expect(counted.map(({ name, attributes }) => [name, attributes['costel.cost.usd']])).toEqual([[span, costUsd]]);
    });
  });
});
