import { describe, expect, it } from 'vitest';
import { parsePythonAssignment } from '../../src/price-data/parse-python-literal.js';

describe('reading a Python module’s data without running it', () => {
  it('reads calls, lists, dicts, texts and constants', () => {
    const source = `"""doc"""\nimport x\n\nrows: list[Row] = [\n  Row(id='it\\'s', # note\n    price=Decimal('0.25'), at=datetime.date(2026, 8, 21),\n    text="a" 'b',\n    none=None, yes=True, n=1_000, zone=datetime.UTC),\n  {'k': [1, -2]},\n]\n`;
    expect(parsePythonAssignment(source, 'rows')).toEqual([
      {
        call: 'Row',
        args: [],
        keywords: {
          id: "it's",
          price: { call: 'Decimal', args: ['0.25'], keywords: {} },
          at: { call: 'datetime.date', args: [2026, 8, 21], keywords: {} },
          text: 'ab',
          none: null,
          yes: true,
          n: 1_000,
          zone: { name: 'datetime.UTC' },
        },
      },
      { dict: { k: [1, -2] } },
    ]);
  });

  it('refuses what it does not understand instead of guessing', () => {
    expect(() => parsePythonAssignment('x = [1', 'x')).toThrow();
    expect(() => parsePythonAssignment('x = f(lambda: 1)', 'x')).toThrow();
    expect(() => parsePythonAssignment('x = 1', 'y')).toThrow('assigns no "y"');
  });
});
