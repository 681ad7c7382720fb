import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InsertPiece, insertSalvaging, isCausedByRows } from '../../src/insert/salvage.js';

/** Rows of one byte each. */
const piece = (...rows: readonly number[]): InsertPiece => ({
  rows: Uint8Array.from(rows),
  rowEnds: Uint32Array.from(rows, (_, index) => index + 1),
});

const POISON = 0;

const ascending = (rows: readonly number[]): number[] => rows.toSorted((left, right) => left - right);

class FakeStore {
  readonly stored: number[] = [];
  inserts = 0;

  insert = async (pieces: readonly Uint8Array[], rowCount: number): Promise<void> => {
    this.inserts++;
    const rows = pieces.flatMap((part) => [...part]);
    expect(rows).toHaveLength(rowCount);
    if (rows.includes(POISON)) throw new Error('Code: 407. DB::Exception: Decimal math overflow');
    this.stored.push(...rows);
  };
}

describe('salvaging a batch', () => {
  it('stores everything with one insert where nothing is wrong', async () => {
    const store = new FakeStore();
    const verdicts = await insertSalvaging([piece(1, 2), piece(3)], store.insert);
    expect(store).toMatchObject({ inserts: 1, stored: [1, 2, 3] });
    expect(verdicts.map(({ kind }) => kind)).toEqual(['stored', 'stored']);
  });

  it('stores every row but the poisoned ones, whatever their number and place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(3), { minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 }),
        async (rows) => {
          fc.pre(rows.flat().some((row) => row !== POISON));
          const store = new FakeStore();
          const verdicts = await insertSalvaging(
            rows.map((values) => piece(...values)),
            store.insert,
          );
          expect(ascending(store.stored)).toEqual(ascending(rows.flat().filter((row) => row !== POISON)));
          expect(verdicts.map((verdict) => (verdict.kind === 'stored' ? verdict.refusedRows : -1))).toEqual(
            rows.map((values) => values.filter((row) => row === POISON).length),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds one poisoned row among 1,000 with at most 21 inserts', async () => {
    const store = new FakeStore();
    const rows = Array.from({ length: 1000 }, (_, index) => (index === 613 ? POISON : 1));
    await insertSalvaging([piece(...rows)], store.insert);
    expect(store.inserts).toBeLessThanOrEqual(21);
  });

  it('blames the schema, and loses nothing, where no row at all is taken', async () => {
    const verdicts = await insertSalvaging([piece(POISON, POISON), piece(POISON)], new FakeStore().insert);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
  });

  it('blames a row that comes alone only where the insert before it went well', async () => {
    const [healthy] = await insertSalvaging([piece(POISON)], new FakeStore().insert, true);
    const [ailing] = await insertSalvaging([piece(POISON)], new FakeStore().insert, false);
    expect([healthy, ailing]).toMatchObject([{ kind: 'stored', refusedRows: 1 }, { kind: 'failed' }]);
  });

  it('ends, with what is left to be sent again, where thousands of rows are refused', async () => {
    const store = new FakeStore();
    const rows = Array.from({ length: 6000 }, (_, index) => (index % 2 === 0 ? POISON : 1));
    const verdicts = await insertSalvaging([piece(1), piece(...rows)], store.insert);
    expect(store.inserts).toBeLessThanOrEqual(2000);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['stored', 'failed']);
  });

  it('gives up at once, losing nothing, where the store itself fails', async () => {
    let inserts = 0;
    const verdicts = await insertSalvaging([piece(1), piece(2)], async () => {
      inserts++;
      throw new Error('Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space');
    });
    expect(inserts).toBe(1);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['failed', 'failed']);
  });

  it('reports what was stored before the store failed as stored', async () => {
    let inserts = 0;
    const verdicts = await insertSalvaging([piece(1), piece(2)], async (pieces) => {
      inserts++;
      if (inserts === 1) throw new Error('Code: 27. DB::Exception: Cannot parse input');
      if (pieces.some((part) => part.includes(2))) throw new Error('the database is closed');
    });
    expect(verdicts.map(({ kind }) => kind)).toEqual(['stored', 'failed']);
  });
});

describe('who is to blame for a failed insert', () => {
  it.each([
    ['Code: 27. DB::Exception: Cannot parse input', true],
    ['Code: 395. DB::Exception: Value passed to throwIf is non-zero', true],
    ['Code: 241. DB::Exception: Memory limit exceeded', false],
    ['Code: 60. DB::Exception: Table does not exist', false],
    ['ENOSPC: no space left on device', false],
  ])('%s is the fault of the rows: %s', (message, expected) => {
    expect(isCausedByRows(new Error(message))).toBe(expected);
    const { clickhouseCode } = { clickhouseCode: Number(/\d+/.exec(message)?.[0] ?? 0) };
    expect(isCausedByRows(Object.assign(new Error('refused'), { clickhouseCode }))).toBe(expected);
  });
});
