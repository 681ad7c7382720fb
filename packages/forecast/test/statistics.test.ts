import { describe, expect, it } from 'vitest';

import { dayNumber, formatDay, weekday } from '../src/calendar.js';
import { createRandom, normalQuantile, quantileOfSorted } from '../src/statistics.js';

describe('calendar', () => {
  it('numbers days and knows their weekday', () => {
    expect(dayNumber('2026-11-22')).toBe(20_779);
    expect(formatDay(20_779)).toBe('2026-11-22');
    expect(weekday(dayNumber('2026-11-22'))).toBe(0);
    expect(weekday(dayNumber('1969-12-31'))).toBe(3);
  });
});

describe('quantileOfSorted', () => {
  it('interpolates, and gives 0 for nothing', () => {
    expect(quantileOfSorted([1, 3], 0.5)).toBe(2);
    expect(quantileOfSorted([1, 2, 3], 1)).toBe(3);
    expect(quantileOfSorted([], 0.5)).toBe(0);
  });
});

describe('normalQuantile', () => {
  it.each([
    [0.5, 0],
    [0.975, 1.959964],
    [0.1, -1.281552],
    [0.001, -3.090232],
  ])('of %d is %d within 0.0005', (probability, expected) => {
    expect(Math.abs(normalQuantile(probability) - expected)).toBeLessThan(5e-4);
  });
});

describe('createRandom', () => {
  it('repeats itself for a seed and is uniform', () => {
    const draws = Array.from({ length: 10_000 }, createRandom(5));
    expect(draws).toEqual(Array.from({ length: 10_000 }, createRandom(5)));
    expect(Math.abs(draws.reduce((total, draw) => total + draw, 0) / draws.length - 0.5)).toBeLessThan(0.01);
    expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  });
});
