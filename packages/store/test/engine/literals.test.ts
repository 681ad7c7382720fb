import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeParameterText,
  encodeSqlLiteral,
  quoteColumnName,
  quoteTableName,
  checkedName,
} from '../../src/engine/literals.js';
import { StoreError } from '../../src/engine/store-error.js';

describe('a literal', () => {
  it('holds nothing between its quotes that could end it, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(encodeSqlLiteral(bytes)).toMatch(/^'(?:[A-Za-z0-9 _.,:-]|\\x[0-9a-f]{2})*'$/);
      }),
    );
  });

  it('is read back as the same bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const inside = encodeSqlLiteral(text).slice(1, -1);
        const bytes = [...inside.matchAll(/\\x([0-9a-f]{2})|(.)/g)].map(([, hex, plain]) =>
          hex === undefined ? (plain ?? '').charCodeAt(0) : Number.parseInt(hex, 16),
        );
        expect(Buffer.from(bytes).equals(Buffer.from(text, 'utf8'))).toBe(true);
      }),
    );
  });
});

describe('a parameter', () => {
  it.each([
    ['plain', 'plain'],
    ["it's", "it's"],
    ['a\tb\nc\\', String.raw`a\tb\nc\\`],
    [null, String.raw`\N`],
    [true, '1'],
    [false, '0'],
    [1.5, '1.5'],
    [2n ** 64n, '18446744073709551616'],
    [["it's", '\\', '\n'], String.raw`['it\'s','\\','\n']`],
    [[1, 2n], '[1,2]'],
    [[], '[]'],
  ] as const)('$0 is written as $1', (value, text) => {
    expect(encodeParameterText(value)).toBe(text);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 60)])('%d is refused rather than rounded', (value) => {
    expect(() => encodeParameterText(value)).toThrow(StoreError);
    expect(() => encodeParameterText([value])).toThrow(StoreError);
  });
});

describe('a name', () => {
  it.each(['t', 'costel.t', '_t1'])('%s is taken as a table', (name) => {
    expect(quoteTableName(name)).toBe(
      name
        .split('.')
        .map((part) => `\`${part}\``)
        .join('.'),
    );
  });

  it.each(['', 'a b', 'a`b', 'a.b.c', '1a', "a'", 'a;', 'a\n', 'é', '.a', 'a.'])('%j is refused as a table', (name) => {
    expect(() => quoteTableName(name)).toThrow(expect.objectContaining({ code: 'name_invalid' }));
    expect(() => checkedName('format', name)).toThrow(expect.objectContaining({ code: 'name_invalid' }));
  });

  it('of a column may have one dot, for nested columns', () => {
    expect(quoteColumnName('Events.Name')).toBe('`Events.Name`');
    expect(() => quoteColumnName('a.b.c')).toThrow(StoreError);
  });
});
