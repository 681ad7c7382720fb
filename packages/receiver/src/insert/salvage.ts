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

/**
 * Inserts all pieces at once. Where the rows themselves make that fail, halves are tried, then their halves, until the
 * rows that the store refuses stand alone: those are given up and counted, their neighbours are stored. Where the store
 * itself fails, everything not yet stored is `failed` and may be sent again.
 *
 * A part that failed may have been stored in the raw table before a view failed, so its rows can appear twice there;
 * the ledger takes such duplicates as one.
 */
export async function insertSalvaging(pieces: readonly InsertPiece[], insert: InsertPieces): Promise<PieceVerdict[]> {
  const whole = pieces.map((piece, index): Part => ({ piece: index, firstRow: 0, lastRow: piece.rowEnds.length }));
  const verdicts = pieces.map((): PieceVerdict => ({ kind: 'stored', refusedRows: 0, message: '' }));
  const waiting: Part[][] = [whole];
  while (true) {
    const parts = waiting.pop();
    if (parts === undefined) return verdicts;
    const rowCount = countRows(parts);
    try {
      await insert(
        parts.map((part) => bytesOf(pieces, part)),
        rowCount,
      );
    } catch (error) {
      if (!isCausedByRows(error)) failAll(verdicts, [...waiting.flat(), ...parts], messageOf(error));
      else if (rowCount === 1) refuseRow(verdicts, parts[0]?.piece ?? 0, messageOf(error));
      else waiting.push(...halve(parts, rowCount));
      if (!isCausedByRows(error)) return verdicts;
    }
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

function failAll(verdicts: PieceVerdict[], parts: readonly Part[], message: string): void {
  for (const { piece } of parts) verdicts[piece] = { kind: 'failed', message };
}

function refuseRow(verdicts: PieceVerdict[], piece: number, message: string): void {
  const before = verdicts[piece];
  if (before?.kind === 'stored') verdicts[piece] = { kind: 'stored', refusedRows: before.refusedRows + 1, message };
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
