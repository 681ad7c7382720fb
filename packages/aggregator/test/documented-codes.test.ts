import { readFileSync } from 'node:fs';
import { DIMENSIONS } from '@costel/store';
import { describe, expect, it } from 'vitest';
import { DIMENSION_NAMES } from '../src/dimensions.js';
import { PROBLEM_STATUS } from '../src/http/problem.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('describes exactly the codes that the API answers with, each with its status', () => {
    const documented = [...readme.matchAll(/^\| `([a-z_]+)` *\| (\d{3}) *\|/gm)].map((match) => [
      match[1],
      Number(match[2]),
    ]);
    expect(Object.fromEntries(documented)).toEqual(PROBLEM_STATUS);
  });

  it('describes exactly the codes of ConfigError', () => {
    const documented = [...readme.matchAll(/^\| `(config_[a-z_]+)` *\|/gm)].map((match) => match[1]);
    expect(documented).toEqual(['config_unreadable', 'config_invalid']);
  });
});

it('the dimensions of the configuration are those of the store', () => {
  expect([...DIMENSION_NAMES]).toEqual([...DIMENSIONS]);
});
