import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../src/limits.js';
import { RECEIVER_ERROR_CODES } from '../src/receiver-error.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const section = (title: string): string => readme.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const codesIn = (title: string): Set<string> =>
  new Set(
    [...section(title).matchAll(/^\| (`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, code = '']) => code),
    ),
  );

describe('the README', () => {
  it('describes every limit, and no other', () => {
    expect(codesIn('Limits')).toEqual(new Set(Object.keys(DEFAULT_LIMITS)));
  });

  it('describes every error code, and no other', () => {
    expect(codesIn('Errors')).toEqual(new Set(RECEIVER_ERROR_CODES));
  });
});
