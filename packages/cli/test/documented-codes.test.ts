import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { EXIT_CODES } from '../src/exit-codes.js';

const folder = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

it('the README describes exactly the codes that commands fail with', () => {
  const files = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  const source = files.map((file) => readFileSync(join(folder, 'src', file), 'utf8')).join('\n');
  const thrown = [...source.matchAll(/new CliError\(\s*'([a-z_]+)'/g)].map((match) => match[1]);
  const documented = [...readme.matchAll(/^\| `([a-z]+_[a-z_]+)` *\|/gm)].map((match) => match[1]);
  expect(new Set(documented)).toEqual(new Set(thrown));
});

it('the README describes every exit code', () => {
  const documented = [...readme.matchAll(/^\| (\d) /gm)].map((match) => Number(match[1]));
  expect(documented).toEqual(Object.values(EXIT_CODES));
});
