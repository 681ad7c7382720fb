import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeenNumbers } from '../../src/judge/seen-numbers.js';

const HOUR_MS = 3_600_000;

describe('numbers that were seen', () => {
  it('are never denied', () => {
    const number = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff }));
    fc.assert(
      fc.property(fc.array(fc.tuple(number, fc.integer({ min: 0, max: 30 })), { maxLength: 200 }), (added) => {
        const seen = new SeenNumbers(0);
        for (const [[low, high], hour] of added) seen.add(low, high, hour * HOUR_MS);
        for (const [[low, high]] of added) expect(seen.has(low, high)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('are taken for others in fewer than one of ten thousand cases, when a filter is full', () => {
    const seen = new SeenNumbers(0);
    // A multiplicative generator: any 64 bits will do.
    let state = 88172645463325252n;
    const next = (): [number, number] => {
      state ^= BigInt.asUintN(64, state << 13n);
      state ^= state >> 7n;
      state ^= BigInt.asUintN(64, state << 17n);
      return [Number(state & 0xffffffffn), Number(state >> 32n)];
    };
    for (let count = 0; count < 1_000_000; count += 1) seen.add(...next(), 0);
    let wrong = 0;
    for (let count = 0; count < 100_000; count += 1) if (seen.has(...next())) wrong += 1;
    expect(wrong).toBeLessThan(10);
  });

  it('are known as long as their latest hour, though they came in an earlier one too', () => {
    const seen = new SeenNumbers(0);
    seen.add(1, 1, 0);
    for (let number = 0; number < 1 << 20; number += 1) seen.add(number, number ^ 0x5bd1e995, HOUR_MS);
    expect(seen.add(1, 1, 20 * HOUR_MS)).toBe(true);
    seen.forgetBefore(10 * HOUR_MS);
    expect(seen.has(1, 1)).toBe(true);
    expect(seen.coveredFromMs).toBeGreaterThan(HOUR_MS);
  });
});
