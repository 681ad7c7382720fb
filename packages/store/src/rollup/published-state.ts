import type { Database } from '../database.js';
import { dirtyUnderHold, parseHold, type LedgerHold } from '../query/ledger-hold.js';
import { instantText, parseInstant, QUARTER_MS } from '../query/time-range.js';
import { querySql } from '../sql-files.js';

/** What readers and the builder go by: what is published, and what the ledger holds beyond it. */
export interface PublishedState {
  /** The newest visible build; readers that name it see no later one. 0 before the first. */
  readonly snapshot: bigint;
  /** Instants before it are answered by rollups unless dirty; later ones by the ledger. 0 before the first build. */
  readonly sealedUntilMs: number;
  /** Rows that come for earlier instants are seen once they are built, for their neighbours may have left the ledger. */
  readonly frozenUntilMs: number;
  /** Up to where each month of the month rollups is summed, by the month's start. */
  readonly monthsUntilMs: ReadonlyMap<number, number>;
  /** By partition of the ledger: the block up to which it was read. */
  readonly readBlocks: ReadonlyMap<string, bigint>;
  /** By partition of the ledger: its newest committed block. */
  readonly ledgerBlocks: ReadonlyMap<string, bigint>;
  /** Hours that are being priced again, which everybody reads as they were; undefined when none are. */
  readonly hold: LedgerHold | undefined;
}

interface StateRow {
  readonly kind: 'seal' | 'frozen' | 'hold' | 'partition' | 'month' | 'ledger';
  readonly id: string;
  readonly block: string;
  readonly sealed_until: string;
  readonly build: string;
}

/** Reads what is published and what the ledger holds, in one query. */
export async function readPublishedState(db: Database): Promise<PublishedState> {
  const rows = await db.query<StateRow>(querySql('published_state'));
  const ofKind = (kind: StateRow['kind']) => rows.filter((row) => row.kind === kind);
  const seal = ofKind('seal')[0];
  const frozen = ofKind('frozen')[0];
  return {
    snapshot: BigInt(seal?.build ?? 0),
    sealedUntilMs: seal === undefined ? 0 : parseInstant(seal.sealed_until),
    frozenUntilMs: frozen === undefined ? 0 : parseInstant(frozen.sealed_until),
    monthsUntilMs: new Map(ofKind('month').map((row) => [parseInstant(row.id), parseInstant(row.sealed_until)])),
    readBlocks: new Map(ofKind('partition').map((row) => [row.id, BigInt(row.block)])),
    ledgerBlocks: new Map(ofKind('ledger').map((row) => [row.id, BigInt(row.block)])),
    hold: parseHold(ofKind('hold')[0]),
  };
}

/**
 * Partitions whose rows the published builds have not all read, with the block from which on rows are new. A partition
 * that went back (dropped by retention, numbers used again) is new as a whole.
 */
export function changedPartitions(state: PublishedState): ReadonlyMap<string, bigint> {
  const changed = new Map<string, bigint>();
  for (const [partition, newest] of state.ledgerBlocks) {
    const read = state.readBlocks.get(partition);
    if (read === undefined || newest < read) changed.set(partition, 0n);
    else if (newest > read) changed.set(partition, read);
  }
  return changed;
}

/** Where the sealed quarter hours begin that hold rows newer than the published builds; ascending. */
export async function findDirtyQuarters(db: Database, state: PublishedState): Promise<readonly number[]> {
  const changed = changedPartitions(state);
  if (changed.size === 0 || state.sealedUntilMs === 0) return dirtyUnderHold([], state.hold);
  const rows = await db.query<{ quarter: string }>(querySql('dirty_quarters'), {
    partitions: [...changed.keys()],
    blocks: [...changed.values()],
    from: instantText(state.frozenUntilMs),
    before: instantText(state.sealedUntilMs),
    neighbour_seconds: QUARTER_MS / 1000,
  });
  return dirtyUnderHold(
    rows.map((row) => parseInstant(row.quarter)),
    state.hold,
  );
}
