import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { BUDGET_ERROR_CODES } from '../src/error.js';

describe('BUDGET_ERROR_CODES', () => {
  it('has the codes that the README describes, and no others', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const errors = readme.slice(readme.indexOf('## Errors'));
    const described = [...errors.matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, code]) => code);
    expect(described).toEqual([...BUDGET_ERROR_CODES]);
  });
});
