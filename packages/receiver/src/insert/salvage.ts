/** Rows of one request, and where each row ends. */
export interface InsertPiece {
  readonly rows: Uint8Array;
  readonly rowEnds: Uint32Array;
}

/** What became of one piece: stored, apart from rows that the store refuses for good, or to be sent again. */
export type PieceVerdict =
  | { readonly kind: 'stored'; readonly refusedRows: number; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Inserts the concatenation of `pieces`, `rowCount` rows in all; rejects where that fails. */
export type InsertPieces = (pieces: readonly Uint8Array[], rowCount: number) => Promise<void>;

/** A run of rows of one piece. */
interface Part {
  readonly piece: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** ClickHouse's errors that the rows themselves cause: unparsable, out of range, too large, or a view's expression failed. */
const DATA_CODES: ReadonlySet<number> = new Set([
  6, 26, 27, 32, 33, 38, 41, 43, 53, 69, 70, 72, 117, 128, 131, 153, 190, 321, 349, 395, 407, 441, 467,
]);

/** Whether the rows, and not the state of the store, made an insert fail. Anything unknown counts as the state of the store. */
export function isCausedByRows(error: unknown): boolean {
  const given =
    typeof error === 'object' && error !== null && 'clickhouseCode' in error ? error.clickhouseCode : undefined;
  const code = typeof given === 'number' ? given : Number(/\bCode: (\d+)\b/.exec(messageOf(error))?.[1] ?? Number.NaN);
  return DATA_CODES.has(code);
}

/** Inserts after which the search for poisoned rows ends; one row among 20 000 is found with 30. */
const MOST_INSERTS = 2000;

/**
 * Inserts all pieces at once. Where the rows themselves make that fail, halves are tried, then their halves, until the
 * rows that the store refuses stand alone: those are given up and counted, their neighbours are stored. Where the store
 * itself fails, everything not yet stored is `failed` and may be sent again; so it is where the store took no row at all,
 * for then the schema is to blame. `isStoreHealthy` says whether the insert before this one went well, which settles
 * the case of a single row.
 *
 * A part that failed may have been stored in the raw table before a view failed, so its rows can appear twice there;
 * the ledger takes such duplicates as one.
 */
export async function insertSalvaging(
  pieces: readonly InsertPiece[],
  insert: InsertPieces,
  isStoreHealthy = true,
): Promise<PieceVerdict[]> {
  const search = new Search(pieces);
  let inserts = 0;
  for (let parts = search.next(); parts !== undefined; parts = search.next()) {
    const rowCount = countRows(parts);
    try {
      if (inserts++ >= MOST_INSERTS) throw new Error(`more rows are refused than ${MOST_INSERTS} inserts can find`);
      await insert(
        parts.map((part) => bytesOf(pieces, part)),
        rowCount,
      );
      search.hasStored = true;
    } catch (error) {
      if (!isCausedByRows(error)) search.fail(parts, messageOf(error));
      else if (rowCount === 1) search.refuse(parts, messageOf(error));
      else search.split(parts, rowCount);
    }
  }
  return search.conclude(inserts === 1 && isStoreHealthy);
}

/** The parts that are still to be tried, and what became of the others. */
class Search {
  hasStored = false;
  readonly #pieces: readonly InsertPiece[];
  readonly #waiting: Part[][];
  readonly #verdicts: PieceVerdict[];

  constructor(pieces: readonly InsertPiece[]) {
    this.#pieces = pieces;
    this.#waiting = [
      pieces.map((piece, index): Part => ({ piece: index, firstRow: 0, lastRow: piece.rowEnds.length })),
    ];
    this.#verdicts = pieces.map((): PieceVerdict => ({ kind: 'stored', refusedRows: 0, message: '' }));
  }

  next(): Part[] | undefined {
    return this.#waiting.pop();
  }

  split(parts: readonly Part[], rowCount: number): void {
    this.#waiting.push(...halve(parts, rowCount));
  }

  /** Gives up all that is left. */
  fail(parts: readonly Part[], message: string): void {
    for (const { piece } of [...this.#waiting.splice(0).flat(), ...parts]) {
      this.#verdicts[piece] = { kind: 'failed', message };
    }
  }

  /** Gives up the one row that `parts` is. */
  refuse(parts: readonly Part[], message: string): void {
    const piece = parts[0]?.piece ?? 0;
    const before = this.#verdicts[piece];
    if (before?.kind === 'stored')
      this.#verdicts[piece] = { kind: 'stored', refusedRows: before.refusedRows + 1, message };
  }

  /** The verdicts; without any row stored and `mayBlameRows`, rows that were refused are to be sent again. */
  conclude(mayBlameRows: boolean): PieceVerdict[] {
    if (this.hasStored || mayBlameRows || this.#pieces.length === 0) return this.#verdicts;
    return this.#verdicts.map(({ message }) => ({ kind: 'failed', message }));
  }
}

const countRows = (parts: readonly Part[]): number =>
  parts.reduce((count, part) => count + part.lastRow - part.firstRow, 0);

function bytesOf(pieces: readonly InsertPiece[], { piece, firstRow, lastRow }: Part): Uint8Array {
  const source = pieces[piece];
  if (source === undefined) return new Uint8Array();
  const start = firstRow === 0 ? 0 : (source.rowEnds[firstRow - 1] ?? 0);
  return source.rows.subarray(start, source.rowEnds[lastRow - 1] ?? start);
}

/** Cuts a run of parts in two of (almost) equal row counts, of which the first comes last. */
function halve(parts: readonly Part[], rowCount: number): Part[][] {
  const first: Part[] = [];
  const second: Part[] = [];
  let left = Math.ceil(rowCount / 2);
  for (const part of parts) {
    const rows = part.lastRow - part.firstRow;
    const cut = part.firstRow + Math.min(left, rows);
    if (cut > part.firstRow) first.push({ ...part, lastRow: cut });
    if (cut < part.lastRow) second.push({ ...part, firstRow: cut });
    left -= Math.min(left, rows);
  }
  return [second, first];
}
