import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { FORECAST_ERROR_CODES } from '../src/error.js';

describe('FORECAST_ERROR_CODES', () => {
  it('has the codes that the README describes, and no others', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const described = [...readme.matchAll(/^\| `([a-z]+_invalid)` \|/gm)].map(([, code]) => code);
    expect(described).toEqual([...FORECAST_ERROR_CODES]);
  });
});
