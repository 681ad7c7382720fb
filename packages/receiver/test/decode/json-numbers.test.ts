import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteLongIntegers } from '../../src/decode/json-numbers.js';

const quote = (json: string): string => new TextDecoder().decode(quoteLongIntegers(new TextEncoder().encode(json)));

describe('quoting long integers', () => {
  it.each([
    ['{"t":1795348800000000123}', '{"t":"1795348800000000123"}'],
    ['[-9223372036854775808, 12]', '["-9223372036854775808", 12]'],
    ['{"t": 999999999999999 }', '{"t": 999999999999999 }'],
    ['{"s":"1795348800000000123"}', '{"s":"1795348800000000123"}'],
    ['{"s":"a\\"1795348800000000123"}', '{"s":"a\\"1795348800000000123"}'],
    ['[0.12345678901234567890, 12345678901234567890e3]', '[0.12345678901234567890, 12345678901234567890e3]'],
    ['12345678901234567890', '"12345678901234567890"'],
    ['{"s":"broken off 1234567890123456789', '{"s":"broken off 1234567890123456789'],
  ])('turns %s into %s', (json, expected) => {
    expect(quote(json)).toBe(expected);
  });

  it('changes nothing else in any JSON', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(JSON.parse(quote(json))).toEqual(
          JSON.parse(json, (_, value: unknown) => (isLongInteger(value) ? String(value) : value)),
        );
      }),
    );
  });
});

/** Numbers that `JSON.stringify` prints as 16 digits or more without a fraction; a sign counts as a digit. */
const isLongInteger = (value: unknown): boolean =>
  typeof value === 'number' && /^-?\d+$/.test(String(value)) && String(value).length >= 16;
