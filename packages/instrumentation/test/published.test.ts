import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'costel-instrumentation-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function nodePrints(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [...args], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trim();
}

describe('the package as it is published', () => {
  it('is one file as ES module and one in CommonJS, and both export what the compiled package does', () => {
    const dist = join(directory, 'dist');
    cpSync(here('../dist'), dist, { recursive: true });
    cpSync(here('../package.json'), join(directory, 'package.json'));
    symlinkSync(here('../../../node_modules'), join(directory, 'node_modules'));
    nodePrints(here('../../../scripts/bundle-entries.mjs'), dist);
    const [esm, cjs] = [join(dist, 'index.js'), join(dist, 'cjs', 'index.js')];
    for (const file of [esm, cjs])
      expect(readFileSync(file, 'utf8')).not.toMatch(/(?:from ?|require\(|import\()['"]\.\.?\//);
    const names = (load: string): string =>
      nodePrints('-e', `${load}.then((own) => console.log(Object.keys(own).sort().join()))`);
    const compiled = createRequire(import.meta.url)('../dist/cjs/index.js') as object;
    const expected = Object.keys(compiled).sort().join();
    expect(expected).toContain('llmInstrumentations');
    expect(names(`import(${JSON.stringify(esm)})`)).toBe(expected);
    expect(names(`Promise.resolve(require(${JSON.stringify(cjs)}))`)).toBe(expected);
  });
});
