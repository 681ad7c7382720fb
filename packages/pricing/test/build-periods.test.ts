import { describe, expect, it } from 'vitest';
import { buildPeriods, LAST_PERIOD_MS } from '../src/build-periods.js';
import type { CatalogueModel } from '../src/catalogue/catalogue.js';

function build(model: CatalogueModel, serviceTier = ''): ReturnType<typeof buildPeriods> {
  return buildPeriods({ model, serviceTier, hasVariants: true, asOf: '2026-11-22', catalogue: 'test' });
}

/** `[from, to, [window start, window end, above, input price], …]` of each period. */
function outline(model: CatalogueModel, serviceTier = ''): unknown[] {
  return build(model, serviceTier).map((period) => [
    period.validFromMs,
    period.validToMs,
    ...period.tiers.map((tier) => [
      tier.fromSecondOfDay,
      tier.toSecondOfDay,
      tier.aboveInputTokens,
      tier.stated.get('input'),
    ]),
  ]);
}

const JUNE = Date.UTC(2026, 5, 1);

describe('the periods built from a catalogue model', () => {
  it('are one for a price that never changed', () => {
    expect(outline(['m', '=m', [[null, { input_mtok: 5 }]]])).toEqual([[0, LAST_PERIOD_MS, [0, 86_400, 0, 5n]]]);
  });

  it('take of a period the last entry that holds', () => {
    const model: CatalogueModel = [
      'm',
      '=m',
      [
        [null, { input_mtok: 5 }],
        ['2026-06-01', { input_mtok: 4 }],
      ],
    ];
    expect(outline(model)).toEqual([
      [0, JUNE, [0, 86_400, 0, 5n]],
      [JUNE, LAST_PERIOD_MS, [0, 86_400, 0, 4n]],
    ]);
  });

  it('cut the day at a window, also at one over midnight', () => {
    const model: CatalogueModel = [
      'm',
      '=m',
      [
        [null, { input_mtok: 5 }],
        [[72_000, 3_600], { input_mtok: 2 }],
      ],
    ];
    expect(outline(model)).toEqual([
      [0, LAST_PERIOD_MS, [0, 3_600, 0, 2n], [3_600, 72_000, 0, 5n], [72_000, 86_400, 0, 2n]],
    ]);
  });

  it('order the tiers of a window by threshold, so that the last match is the right one', () => {
    const model: CatalogueModel = ['m', '=m', [[null, { input_mtok: [1, [100, 2], [200, 3]] }]]];
    expect(outline(model)).toEqual([
      [0, LAST_PERIOD_MS, [0, 86_400, 0, 1n], [0, 86_400, 100, 2n], [0, 86_400, 200, 3n]],
    ]);
  });

  it('replace only the prices that a variant lists', () => {
    const model: CatalogueModel = [
      'm',
      '=m',
      [[null, { input_mtok: 6, cache_read_mtok: 2 }]],
      [[{ processing: 'batch' }, { input_mtok: 3 }, '2026-06-01']],
    ];
    const stated = (serviceTier: string): unknown => [
      ...(build(model, serviceTier)[0]?.tiers[0]?.stated.values() ?? []),
    ];
    expect(stated('batch')).toEqual([3n, 2n]);
    expect(stated('')).toEqual([6n, 2n]);
    expect(build(model, 'flex')).toEqual([]);
  });

  it('give a part that a variant does not list the share that its whole has', () => {
    const model: CatalogueModel = [
      'm',
      '=m',
      [
        [
          null,
          {
            input_mtok: 6,
            input_audio_mtok: 20,
            cache_write_mtok: 8,
            cache_write_1h_mtok: 12,
            output_mtok: [10, [200, 30]],
            output_reasoning_mtok: [10, [200, 30]],
            output_image_mtok: 40,
          },
        ],
      ],
      [
        [
          { processing: 'batch' },
          { input_mtok: 3, cache_write_mtok: 4, output_mtok: [5, [200, 15]], output_image_mtok: 39 },
          null,
        ],
      ],
    ];
    const [below, above] = build(model, 'batch')[0]?.tiers ?? [];
    expect(Object.fromEntries(below?.stated ?? [])).toEqual({
      input: 3n,
      input_audio: 10n,
      cache_write_5m: 4n,
      cache_write_1h: 6n,
      output: 5n,
      reasoning: 5n,
      output_image: 39n,
    });
    expect(above?.stated.get('reasoning')).toBe(15n);
    expect(build(model)[0]?.tiers[0]?.stated.get('reasoning')).toBe(10n);
  });

  it('carry a variant back to the start of the standard price that held when it was verified', () => {
    const model: CatalogueModel = [
      'm',
      '=m',
      [
        [null, { input_mtok: 6 }],
        ['2026-06-01', { input_mtok: 4 }],
      ],
      [[{ service_tier: 'flex' }, { input_mtok: 2 }, '2026-10-12']],
    ];
    expect(outline(model, 'flex')).toEqual([[JUNE, LAST_PERIOD_MS, [0, 86_400, 0, 2n]]]);
  });
});
