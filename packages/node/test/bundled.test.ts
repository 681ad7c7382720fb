import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Format } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';

/** Holds no node_modules, as the folder of a bundle that was deployed. */
const folder = mkdtempSync(join(tmpdir(), 'costel-bundled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Sets Costel up beside an instrumentation of the application's own, which tells when it was registered. */
const APP = `
import { register } from ${JSON.stringify(fileURLToPath(new URL('../src/index.ts', import.meta.url)))};
const own = {
  instrumentationName: 'own', instrumentationVersion: '1', enable() {}, disable() {}, setMeterProvider() {},
  setConfig() {}, getConfig: () => ({}), setTracerProvider: () => console.log('registered'),
};
register({ instrumentations: [own] });
`;

const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

async function runBundle(format: Format): Promise<{ readonly status: number | null; readonly output: string }> {
  const outfile = join(folder, format === 'esm' ? 'app.mjs' : 'app.cjs');
  await build({
    stdin: { contents: APP, resolveDir: folder },
    outfile,
    format,
    bundle: true,
    platform: 'node',
    logLevel: 'silent',
    ...(format === 'esm' ? { banner: { js: REQUIRE } } : {}),
  });
  const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
  });
  return { status, output: stdout + stderr };
}

describe.each(['cjs', 'esm'] as const)('register() in an application bundled as %s', (format) => {
  it('says nothing of a loader hook that it cannot find, and registers the application’s instrumentations', async () => {
    expect(await runBundle(format)).toEqual({ status: 0, output: 'registered\n' });
  });
});
