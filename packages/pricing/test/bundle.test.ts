import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'costel-pricing-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const call = `{ provider: 'openai', responseModel: 'gpt-4o-mini', atMs: 1795305600000, usage: { input: 1000 }, quality: 'reported' }`;

describe('the package in one file of a bundler', () => {
  it.each([
    ['esm', 'mjs'],
    ['cjs', 'cjs'],
  ] as const)(
    'prices as %s, without files beside it, without built-in modules and without a warning',
    async (format, extension) => {
      const outfile = join(directory, `bundle.${extension}`);
      const entry = fileURLToPath(new URL('../src/index.ts', import.meta.url));
      const result = await build({
        stdin: {
          contents: `import { priceCall } from '${entry}'; console.log(priceCall(${call}).costPicoUsd);`,
          resolveDir: directory,
        },
        bundle: true,
        format,
        platform: 'neutral',
        outfile,
        metafile: true,
      });
      expect(result.warnings).toEqual([]);
      const run = spawnSync(process.execPath, [outfile], { encoding: 'utf8', cwd: directory });
      expect(run.stderr).toBe('');
      expect(run.stdout.trim()).toBe('150000000n');
    },
  );
});

describe('the package as it is published', () => {
  const script = fileURLToPath(new URL('../../../scripts/bundle-entries.mjs', import.meta.url));
  const dist = join(directory, 'dist');
  const runScript = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  };
  const entries = [join(dist, 'index.js'), join(dist, 'cjs', 'index.js')];
  const contents = (): readonly string[] => entries.map((file) => readFileSync(file, 'utf8'));

  it('has each main entry in one file that says and does the same, and is what it was afterwards', () => {
    cpSync(fileURLToPath(new URL('../dist', import.meta.url)), dist, { recursive: true });
    const before = contents();
    runScript(dist);
    // A pack that broke off in between leaves nothing behind for the next one.
    runScript(dist);
    const print = (load: string): string =>
      `${load}.then((own) => console.log(JSON.stringify(Object.keys(own).filter((name) => !/^(default|module\\.exports)$/.test(name)).sort()), own.priceCall(${call}).costPicoUsd))`;
    const outputs = [
      print(`import(${JSON.stringify(entries[0])})`),
      print(`Promise.resolve(require(${JSON.stringify(entries[1])}))`),
      print(`import(${JSON.stringify(fileURLToPath(new URL('../dist/index.js', import.meta.url)))})`),
    ].map((code) => spawnSync(process.execPath, ['-e', code], { encoding: 'utf8' }).stdout.trim());
    expect(outputs[0]).toMatch(/"LIST_PRICES",.*\] 150000000n$/);
    expect(outputs[1]?.split(' ').at(-1)).toBe('150000000n');
    expect(outputs[2]).toBe(outputs[0]);
    for (const text of contents()) expect(text.match(/from ?['"]\.|require\(['"]\./g)).toHaveLength(2);
    runScript('--undo', dist);
    expect(contents()).toEqual(before);
    expect(readdirSync(dist).filter((name) => name.endsWith('.unbundled'))).toEqual([]);
  });
});
