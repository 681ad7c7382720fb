import { describe, expect, it } from 'vitest';
import { checkRules } from '../../src/index.js';

const problemsOf = (amount: string): readonly string[] =>
  checkRules({
    currencies: {},
    overrides: [{ name: 'a', model: 'gpt-4o', currency: 'USD', perMillion: { input: amount } }],
    discounts: [],
    selfHosted: [],
  }).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('a price of a million', () => {
  it.each(['0', '0.0001', '0.15', '2.5'])('may be %s', (amount) => {
    expect(problemsOf(amount)).toEqual([]);
  });

  it.each(['0.0000025', '1e-7', '0.00009'])(
    'of %s is the price of one by mistake, and says where that goes',
    (amount) => {
      expect(problemsOf(amount)).toEqual([
        `overrides.0.per_million.input: per_million.input ${amount} must be 0 or >= 0.0001; state the price of one in per_unit`,
      ]);
    },
  );
});
