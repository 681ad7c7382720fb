import { describe, expect, it } from 'vitest';

import { parseRetryAfterMs } from '../../src/webhook/retry-after.js';
import { NOON_MS } from '../alert-fixtures.js';

describe('parseRetryAfterMs', () => {
  it.each([
    ['2', 2000],
    [' 0 ', 0],
    ['7200', 3_600_000],
    ['99999999999999999999', 3_600_000],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s as %s', (header, expected) => {
    const waitMs = parseRetryAfterMs(header, NOON_MS);
    if (header === '-5') expect(waitMs === undefined || waitMs === 0).toBe(true);
    else expect(waitMs).toBe(expected);
  });
});
