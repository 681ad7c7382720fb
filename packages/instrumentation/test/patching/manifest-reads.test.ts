import fs, { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { llmInstrumentations } from '../../src/index.js';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'costel-manifest-'));
const [instrumentation] = llmInstrumentations();

afterAll(() => {
  instrumentation?.disable();
  rmSync(folder, { recursive: true, force: true });
});

it('the start of an application reads the manifest of a package once, however many files the package loads', () => {
  const own = join(folder, 'node_modules', 'openai');
  const manifest = join(own, 'package.json');
  mkdirSync(own, { recursive: true });
  writeFileSync(manifest, JSON.stringify({ name: 'openai', version: '6.1.0' }));
  const files = ['a', 'b', 'c', 'd'];
  for (const file of files) writeFileSync(join(own, `${file}.js`), '');
  writeFileSync(join(own, 'index.js'), files.map((file) => `require('./${file}.js');`).join('\n'));
  const read = vi.spyOn(fs, 'readFileSync');
  createRequire(join(folder, 'app.cjs'))('openai');
  const reads = read.mock.calls.filter(([file]) => file === manifest);
  read.mockRestore();
  expect(reads).toHaveLength(1);
});
