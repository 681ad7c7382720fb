import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countUsage } from '../../src/apis/token-totals.js';
import { INPUT_BUCKETS, MAX_BUCKET_COUNT, OUTPUT_BUCKETS } from '../../src/index.js';
import { sumBuckets, wildCounts } from '../arbitraries.js';

describe('counting usage', () => {
  it('splits totals into disjoint buckets', () => {
    expect(
      countUsage({
        input: 100,
        output: 10,
        total: 110,
        inputParts: { cache_read: 30, input_audio: 5 },
        outputParts: { reasoning: 4 },
        fees: { web_search: 2 },
      }),
    ).toEqual({
      usage: { input: 65, cache_read: 30, input_audio: 5, output: 6, reasoning: 4, web_search: 2 },
      quality: 'reported',
    });
  });

  it('cuts parts that exceed their whole, in order, and says so', () => {
    expect(
      countUsage({
        input: 10,
        output: 5,
        inputParts: { cache_read: 8, input_audio: 8 },
        outputParts: { reasoning: 9 },
      }),
    ).toEqual({
      usage: { cache_read: 8, input_audio: 2, reasoning: 5 },
      quality: 'inconsistent',
    });
  });

  it('says so when the total does not add up, and keeps the counts', () => {
    expect(countUsage({ input: 10, output: 5, total: 16 })).toEqual({
      usage: { input: 10, output: 5 },
      quality: 'inconsistent',
    });
  });

  it.each([-1, 1.5, Number.NaN, Infinity, '12', '', true, {}, MAX_BUCKET_COUNT + 1])('uses no total of %o', (value) => {
    expect(countUsage({ input: value, output: 5 })).toEqual({ usage: {}, quality: 'inconsistent' });
    expect(countUsage({ input: 5, output: value })).toEqual({ usage: {}, quality: 'inconsistent' });
  });

  it('takes the largest count that a bucket may hold', () => {
    expect(countUsage({ input: MAX_BUCKET_COUNT, output: 0 })).toEqual({
      usage: { input: MAX_BUCKET_COUNT },
      quality: 'reported',
    });
  });

  it('counts an output whose input is not stated, and says that this is not all', () => {
    expect(countUsage({ input: undefined, output: 5 })).toEqual({ usage: { output: 5 }, quality: 'inconsistent' });
    expect(countUsage({ input: 5, output: undefined })).toEqual({ usage: { input: 5 }, quality: 'reported' });
  });

  it('tells "not stated" from zero', () => {
    expect(countUsage({ input: undefined, output: null })).toEqual({ usage: {}, quality: 'missing' });
    expect(countUsage({ input: 0, output: 0 })).toEqual({ usage: {}, quality: 'reported' });
  });

  it('yields whole counts above zero whose sums never exceed the totals, whatever a provider sends', () => {
    const parts = (names: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
      fc.dictionary(fc.constantFrom(...names), wildCounts);
    fc.assert(
      fc.property(
        wildCounts,
        wildCounts,
        wildCounts,
        parts(INPUT_BUCKETS.slice(1)),
        parts(OUTPUT_BUCKETS.slice(1)),
        (input, output, total, inputParts, outputParts) => {
          const { usage, quality } = countUsage({ input, output, total, inputParts, outputParts });
          for (const count of Object.values(usage))
            expect(Number.isInteger(count) && count > 0 && count <= MAX_BUCKET_COUNT).toBe(true);
          const isUsed = Object.keys(usage).length > 0;
          if (isUsed) expect(sumBuckets(usage, INPUT_BUCKETS)).toBe(Number(input ?? 0) + 0);
          if (isUsed) expect(sumBuckets(usage, OUTPUT_BUCKETS)).toBe(Number(output ?? 0) + 0);
          if (quality === 'missing') expect(usage).toEqual({});
        },
      ),
    );
  });
});
