import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
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
