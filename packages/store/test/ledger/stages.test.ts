import { describe, expect, it } from 'vitest';
import { joinStages, nestStages, type Stage } from '../../src/ledger/stages.js';

const stages: readonly Stage[] = [
  { columns: { doubled: 'number * 2' }, where: 'number > 1' },
  { columns: { next: 'doubled + 1' } },
  { columns: { last: 'next + doubled' } },
];

describe('stages of a statement', () => {
  it('are a level each, or fewer levels of several stages, whose columns read each other', () => {
    const levels = (list: readonly Stage[]) =>
      nestStages('numbers(5)', ['number'], list, { last: 'last' }).split('SELECT').length - 1;
    expect(levels(stages)).toBe(4);
    expect(levels(joinStages(stages, [1, 2]))).toBe(3);
    expect(joinStages(stages, [3])).toEqual([
      {
        columns: { doubled: 'number * 2', next: 'doubled + 1', last: 'next + doubled' },
        where: 'number > 1',
      },
    ]);
  });

  it('are joined only where none is left out and no condition would move', () => {
    expect(() => joinStages(stages, [2])).toThrow('2 are not 3 stages');
    expect(() => joinStages(stages, [1, 2, 1])).toThrow('a level of no stage');
    expect(() => joinStages([{ columns: {} }, ...stages], [2, 2])).toThrow('a condition in the middle');
  });
});
