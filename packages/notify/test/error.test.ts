import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { NOTIFY_ERROR_CODES } from '../src/error.js';

describe('NOTIFY_ERROR_CODES', () => {
  it('has the codes that the README describes, and no others', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const described = [...readme.matchAll(/^\| `([a-z_]+_invalid)` \|/gm)].map(([, code]) => code);
    expect(described).toEqual([...NOTIFY_ERROR_CODES]);
  });
});
