import { parseInstant, subtractRanges, type TimeRange } from './time-range.js';

/**
 * Hours whose calls are being re-priced. While it stands, everybody reads them as they were when it began: rollups by the
 * builds of then, calls from `llm_calls_held`. It ends in the same block that publishes the new figures.
 */
export interface LedgerHold {
  /** Its number, which is a build number of the instant at which it began. */
  readonly build: bigint;
  /** Counted time, whole quarter hours. */
  readonly range: TimeRange;
  /** Quarter hours in it that had rows newer than their build when it began: read from the held calls. */
  readonly dirtyQuartersMs: readonly number[];
  /** The number of the re-pricing that holds, where the hold was widened since it began; else its own. */
  readonly reprice?: bigint;
}

/** The hold of a row of `published_state.sql`: `id` says where it begins and what was dirty, `sealed_until` where it ends. */
export function parseHold(
  row: { id: string; sealed_until: string; build: string } | undefined,
): LedgerHold | undefined {
  if (row === undefined) return undefined;
  const toMs = parseInstant(row.sealed_until);
  if (toMs <= 0) return undefined;
  const said = JSON.parse(row.id) as { fromMs: number; dirtyQuartersMs: readonly number[]; reprice?: string };
  const { fromMs, dirtyQuartersMs, reprice = row.build } = said;
  return { build: BigInt(row.build), range: { fromMs, toMs }, dirtyQuartersMs, reprice: BigInt(reprice) };
}

/** What {@link parseHold} reads back as `id`. */
export function holdText({ range, dirtyQuartersMs, reprice }: Omit<LedgerHold, 'build'>): string {
  return JSON.stringify({ fromMs: range.fromMs, dirtyQuartersMs, reprice: reprice?.toString() });
}

/** A range of the ledger in the part that everybody reads and the part that is held. */
export interface HeldParts {
  readonly open: readonly TimeRange[];
  readonly held: readonly TimeRange[];
}

/** Splits ranges of the ledger by a hold; without one all of it is open. */
export function splitByHold(ranges: readonly TimeRange[], hold: LedgerHold | undefined): HeldParts {
  if (hold === undefined) return { open: ranges, held: [] };
  const open = subtractRanges(ranges, [hold.range]);
  return { open, held: subtractRanges(ranges, open) };
}

/** The dirty quarter hours that a reader goes by: of a hold those of its beginning, elsewhere those of now. */
export function dirtyUnderHold(dirtyQuartersMs: readonly number[], hold: LedgerHold | undefined): readonly number[] {
  if (hold === undefined) return dirtyQuartersMs;
  const { fromMs, toMs } = hold.range;
  return [
    ...dirtyQuartersMs.filter((quarter) => quarter < fromMs || quarter >= toMs),
    ...hold.dirtyQuartersMs,
  ].toSorted((left, right) => left - right);
}
