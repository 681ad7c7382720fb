import { expect, test } from 'vitest';
import { VisibilityMeter } from '../src/visibility.mjs';

test('the n-th call that ended is visible when n calls are counted', () => {
  const meter = new VisibilityMeter();
  for (const endedAtMs of [1000, 1100, 1500]) meter.ended('a', endedAtMs);
  expect(meter.missing).toBe(3);
  meter.seen('a', 2, 1600);
  meter.seen('a', 2, 1700);
  expect(meter.missing).toBe(1);
  meter.seen('a', 3, 2000);
  expect([meter.quantileMs(0.01), meter.quantileMs(0.5), meter.quantileMs(1)]).toEqual([500, 500, 600]);
});

test('a call that is counted before its app has told of its end waits for the next answer', () => {
  const meter = new VisibilityMeter();
  meter.seen('a', 1, 900);
  meter.ended('a', 800);
  expect(meter.missing).toBe(1);
  meter.seen('a', 1, 1000);
  expect(meter.quantileMs(0.95)).toBe(200);
});

test('without a call there is no figure', () => {
  expect(new VisibilityMeter().quantileMs(0.95)).toBeUndefined();
});
