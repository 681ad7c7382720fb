import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OtlpReceiver } from './support/otlp-receiver.js';
import { callSource, importSource, PROVIDER_SOURCE, runApp } from './support/run-app.js';

const receiver = new OtlpReceiver();
const COPY = 'openai-7';
const folder = mkdtempSync(fileURLToPath(new URL(`../../../test/sdks/${COPY}/tmp-`, import.meta.url)));
const call = importSource(COPY) + PROVIDER_SOURCE + callSource(COPY);
const callingFile = join(folder, 'calling.mjs');

beforeAll(async () => {
  writeFileSync(callingFile, call);
  await receiver.start();
});
beforeEach(() => {
  receiver.requests.length = 0;
});
afterAll(async () => {
  await receiver.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function run(source: string, file = 'app.mjs') {
  const { code, output } = await runApp({
    copy: COPY,
    file,
    source,
    nodeArguments: ['--import', '@costel/node/register'],
    environment: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'shop', OTEL_LOG_LEVEL: 'info' },
  });
  expect(code, output).toBe(0);
  return output;
}

const ended = (how: string): string =>
  `await new Promise((resolve, reject) => { child.on('error', reject); child.on('${how}', resolve); });`;

describe('calls outside the first thread', () => {
  it('in workers are one span each, sent before the worker is gone', async () => {
    await run(`
      import { Worker } from 'node:worker_threads';
      for (let index = 0; index < 2; index += 1) {
        const child = new Worker(${JSON.stringify(callingFile)});
        ${ended('exit')}
      }`);
    expect(receiver.count('costel.cost.usd')).toBe(2);
  });

  it('in a worker beside calls of its own process are one span each', async () => {
    await run(`
      import { Worker } from 'node:worker_threads';
      ${call}
      const child = new Worker(${JSON.stringify(callingFile)});
      ${ended('exit')}`);
    expect(receiver.count('costel.cost.usd')).toBe(2);
  });

  it('in child processes, forked and spawned, are one span each', async () => {
    await run(`
      import { fork, spawn } from 'node:child_process';
      {
        const child = fork(${JSON.stringify(callingFile)});
        ${ended('exit')}
      }
      {
        // A process of another command line inherits the environment only.
        const env = { ...process.env, NODE_OPTIONS: '--import @costel/node/register' };
        const child = spawn(process.execPath, [${JSON.stringify(callingFile)}], { env, stdio: 'inherit' });
        ${ended('exit')}
      }`);
    expect(receiver.count('costel.cost.usd')).toBe(2);
  });
});
