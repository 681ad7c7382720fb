import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpuHourPrice, unitPrice } from '../../src/rules/unit-price.js';

describe('a stated amount as a price of one unit', () => {
  it('is exact, and converted by the exchange rate', () => {
    expect(unitPrice({ amount: '0.15', perUnits: '1000000', usdPerCurrencyUnit: '1' })).toBe(150_000n);
    expect(unitPrice({ amount: '2.00', perUnits: '1000000', usdPerCurrencyUnit: '1.0834' })).toBe(2_166_800n);
    expect(unitPrice({ amount: '1e-2', perUnits: '1', usdPerCurrencyUnit: '1' })).toBe(10_000_000_000n);
    expect(unitPrice({ amount: '2.5e3', perUnits: '1', usdPerCurrencyUnit: '1' })).toBe(2_500_000_000_000_000n);
  });

  it('is rounded half up to a pico-dollar', () => {
    expect(unitPrice({ amount: '0.0000005', perUnits: '1000000', usdPerCurrencyUnit: '1' })).toBe(1n);
    expect(unitPrice({ amount: '0.0000004', perUnits: '1000000', usdPerCurrencyUnit: '1' })).toBe(0n);
  });

  it('grows with the amount and with the exchange rate, whatever the digits', () => {
    const decimals = fc.integer({ min: 0, max: 1_000_000_000 }).map((value) => String(value / 1000));
    fc.assert(
      fc.property(decimals, decimals, (amount, usd) => {
        const price = unitPrice({ amount, perUnits: '1', usdPerCurrencyUnit: usd });
        expect(price >= 0n).toBe(true);
        expect(unitPrice({ amount: `${amount}1`, perUnits: '1', usdPerCurrencyUnit: usd }) >= 0n).toBe(true);
        const exact = Number(amount) * Number(usd);
        expect(Math.abs(Number(price) / 1e12 - exact)).toBeLessThanOrEqual(1e-11 + exact * 1e-9);
      }),
    );
  });

  it('is refused where it is no amount', () => {
    expect(() => unitPrice({ amount: '-1', perUnits: '1', usdPerCurrencyUnit: '1' })).toThrow(/"-1" is not a decimal/);
    expect(() => unitPrice({ amount: '1', perUnits: '0', usdPerCurrencyUnit: '1' })).toThrow(/must be > 0/);
  });
});

describe('a GPU-hour as a price of one token', () => {
  it('spreads the hour over what the GPUs do in the time that they work', () => {
    const hour = { amount: '2.50', usdPerCurrencyUnit: '1', gpus: 8, tokensPerHour: 4_000_000 };
    expect(gpuHourPrice({ ...hour, utilizationPercent: 50 })).toBe(10_000_000n);
    expect(gpuHourPrice({ ...hour, utilizationPercent: 100 })).toBe(5_000_000n);
    expect(gpuHourPrice({ ...hour, utilizationPercent: 100, usdPerCurrencyUnit: '1.1' })).toBe(5_500_000n);
  });
});
