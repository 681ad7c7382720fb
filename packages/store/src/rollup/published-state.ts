import type { Database } from '../database.js';
import { dirtyUnderHold, parseHold, type LedgerHold } from '../query/ledger-hold.js';
import { DAY_MS, floorTo, instantText, parseInstant, QUARTER_MS, type TimeRange } from '../query/time-range.js';
import { querySql } from '../sql-files.js';
import { partitionsWithin } from './counted-bounds.js';

/** Builds are numbered by time, in steps that leave room for 2^20 a millisecond: numbers never repeat after a crash. */
export const BUILDS_PER_MS = 2n ** 20n;

/** How far back the rollups of `recent` tables are read: five days less than their rows are kept. */
const DETAIL_DAYS = 35;

/** The first build number that can have been given at an instant. */
export function buildNumberAt(ms: number): bigint {
  return BigInt(Math.max(0, Math.floor(ms))) * BUILDS_PER_MS;
}

/** A period whose sums are older than finer ones in it. */
export interface StalePeriod {
  /** How many of the finer periods were built again since. */
  readonly changes: number;
  /** When the first of them was, by the builder's clock. */
  readonly sinceMs: number;
}

/** The users of the open day, summed up to an instant: what a month to date reads instead of the day's quarter hours. */
export interface SummedSoFar {
  /** Where the UTC day begins. */
  readonly dayMs: number;
  readonly untilMs: number;
  readonly build: bigint;
  /**
   * Where the quarter hours begin that were built again since, ascending: the rows that were summed of them are those of the
   * newest build up to this one, which are kept as long as these sums count.
   */
  readonly changedQuartersMs: readonly number[];
}

/** What readers and the builder go by: what is published, and what the ledger holds beyond it. */
export interface PublishedState {
  /** The newest visible build; readers that name it see no later one. 0 before the first. */
  readonly snapshot: bigint;
  /** Instants before it are answered by rollups unless dirty; later ones by the ledger. 0 before the first build. */
  readonly sealedUntilMs: number;
  /** Up to where quarter hours are read from rollups: the same, unless the newest build stands for the open ones too. */
  readonly quartersUntilMs: number;
  /** Rows that come for earlier instants are seen once they are built, for their neighbours may have left the ledger. */
  readonly frozenUntilMs: number;
  /** From where on the `recent` rollups hold every sealed quarter hour; Infinity before they hold any. */
  readonly detailFromMs: number;
  /**
   * Whether the newest build holds the open quarter hours too, as they were when it began: readers may answer from it
   * alone where the tail has grown too long to be read each time.
   */
  readonly hasOpenBuild: boolean;
  /** When that build began, by the builder's clock; Infinity without one. */
  readonly openAtMs: number;
  /** When it began, by the engine's clock; Infinity without one. */
  readonly openBeganMs: number;
  /** How long ago that was, by the engine's clock; Infinity without one. */
  readonly openAgeMs: number;
  /** The engine's clock, from before the ledger's newest blocks were read. */
  readonly clockMs: number;
  /** Days and months, by where they begin, whose rollups are to be read in finer ones until they are summed again. */
  readonly staleDays: ReadonlyMap<number, StalePeriod>;
  readonly staleMonths: ReadonlyMap<number, StalePeriod>;
  /** Up to where each month of the month rollups is summed, by the month's start. */
  readonly monthsUntilMs: ReadonlyMap<number, number>;
  /** The build of each month whose dearest users are listed, by the month's start. */
  readonly listedMonths: ReadonlyMap<number, bigint>;
  /** The open day up to where its users are summed; undefined where it is not. */
  readonly soFar: SummedSoFar | undefined;
  /** By partition of the ledger: the block up to which it was read. */
  readonly readBlocks: ReadonlyMap<string, bigint>;
  /** By partition of the ledger: its newest committed block. */
  readonly ledgerBlocks: ReadonlyMap<string, bigint>;
  /** The only partitions of the ledger that can hold calls counted in any of the ranges; undefined where that is not known. */
  readonly partitionsWithin: (ranges: readonly TimeRange[]) => readonly string[] | undefined;
  /** Hours that are being priced again, which everybody reads as they were; undefined when none are. */
  readonly hold: LedgerHold | undefined;
}

interface StateRow {
  readonly kind:
    | 'seal'
    | 'frozen'
    | 'detail'
    | 'open'
    | 'partition'
    | 'month'
    | 'so_far'
    | 'so_far_quarter'
    | 'stale_day'
    | 'stale_month';
  readonly id: string;
  readonly block: string;
  readonly sealed_until: string;
  readonly build: string;
}

interface NowRow {
  readonly snapshot: string;
  readonly hold_id: string;
  readonly hold_until: string;
  readonly hold_build: string;
  readonly partitions: readonly string[];
  readonly blocks: readonly string[];
  readonly clock: string;
}

/** What one build published: it never changes. */
type PublishedBuild = Omit<PublishedState, 'ledgerBlocks' | 'partitionsWithin' | 'hold' | 'openAgeMs' | 'clockMs'>;

/** Of each database, the newest build that was asked for: reading what it published costs more than most queries. */
const newestBuilds = new WeakMap<
  Database,
  { readonly snapshot: string; readonly published: Promise<PublishedBuild> }
>();

/** Reads what is published and what the ledger holds now. */
export async function readPublishedState(db: Database): Promise<PublishedState> {
  const [now] = await db.query<NowRow>(querySql('published_now'));
  const published = await publishedBy(db, now?.snapshot ?? '0');
  const clockMs = now === undefined ? 0 : parseInstant(now.clock);
  const ledgerBlocks = new Map(now?.partitions.map((id, index) => [id, BigInt(now.blocks[index] ?? 0)]));
  return {
    ...published,
    openAgeMs: published.hasOpenBuild ? clockMs - published.openBeganMs : Infinity,
    clockMs,
    ledgerBlocks,
    partitionsWithin: (ranges) => partitionsWithin(db, ledgerBlocks, ranges),
    hold:
      now === undefined
        ? undefined
        : parseHold({ id: now.hold_id, sealed_until: now.hold_until, build: now.hold_build }),
  };
}

async function publishedBy(db: Database, snapshot: string): Promise<PublishedBuild> {
  const known = newestBuilds.get(db);
  if (known?.snapshot === snapshot) return known.published;
  const published = readPublishedBuild(db, snapshot);
  newestBuilds.set(db, { snapshot, published });
  // A failure is not kept: the next reader asks again.
  published.catch(() => newestBuilds.delete(db));
  return published;
}

async function readPublishedBuild(db: Database, snapshot: string): Promise<PublishedBuild> {
  const rows = await db.query<StateRow>(querySql('published_state'), { snapshot });
  const ofKind = (kind: StateRow['kind']) => rows.filter((row) => row.kind === kind);
  const seal = ofKind('seal')[0];
  const frozen = ofKind('frozen')[0];
  const open = ofKind('open')[0];
  const hasOpenBuild = open !== undefined && open.build === seal?.build;
  const sealedUntilMs = seal === undefined ? 0 : parseInstant(seal.sealed_until);
  return {
    snapshot: BigInt(seal?.build ?? 0),
    sealedUntilMs,
    quartersUntilMs: sealedUntilMs,
    frozenUntilMs: frozen === undefined ? 0 : parseInstant(frozen.sealed_until),
    detailFromMs: detailFrom(ofKind('detail')[0], seal),
    hasOpenBuild,
    openAtMs: hasOpenBuild ? parseInstant(open.sealed_until) : Infinity,
    openBeganMs: hasOpenBuild ? openBegan(open) : Infinity,
    staleDays: stalePeriods(ofKind('stale_day')),
    staleMonths: stalePeriods(ofKind('stale_month')),
    monthsUntilMs: new Map(ofKind('month').map((row) => [parseInstant(row.id), parseInstant(row.sealed_until)])),
    listedMonths: new Map(
      ofKind('month')
        .filter((row) => row.block === '1')
        .map((row) => [parseInstant(row.id), BigInt(row.build)]),
    ),
    soFar: soFarOf(ofKind('so_far')[0], ofKind('so_far_quarter'), sealedUntilMs),
    readBlocks: new Map(ofKind('partition').map((row) => [row.id, BigInt(row.block)])),
  };
}

/** A build of an earlier version did not say what the engine's clock was: then the builder's goes for it. */
function openBegan(open: StateRow): number {
  return open.block === '0' ? parseInstant(open.sealed_until) : Number(open.block);
}

function detailFrom(detail: StateRow | undefined, seal: StateRow | undefined): number {
  if (detail === undefined || seal === undefined) return Infinity;
  const keptMs = floorTo(parseInstant(seal.sealed_until) - DETAIL_DAYS * DAY_MS, DAY_MS);
  return Math.max(parseInstant(detail.sealed_until), keptMs);
}

/** A day that is sealed has sums of its own. An earlier version did not keep the rows of quarter hours that have changed. */
function soFarOf(
  row: StateRow | undefined,
  changed: readonly StateRow[],
  sealedUntilMs: number,
): SummedSoFar | undefined {
  if (row === undefined || (changed.length > 0 && row.block !== '1')) return undefined;
  const dayMs = parseInstant(row.id);
  if (dayMs + DAY_MS <= sealedUntilMs) return undefined;
  return {
    dayMs,
    untilMs: parseInstant(row.sealed_until),
    build: BigInt(row.build),
    changedQuartersMs: changed.map(({ id }) => parseInstant(id)).toSorted((left, right) => left - right),
  };
}

/** From where on a first build writes the `recent` rollups. */
export function firstDetailMs(fromMs: number, nowMs: number): number {
  return floorTo(Math.max(fromMs, nowMs - DETAIL_DAYS * DAY_MS), DAY_MS);
}

function stalePeriods(rows: readonly StateRow[]): ReadonlyMap<number, StalePeriod> {
  return new Map(
    rows.map((row) => {
      const sinceMs = Number(BigInt(row.build) / BUILDS_PER_MS);
      return [parseInstant(row.id), { changes: Number(row.block), sinceMs }];
    }),
  );
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
  const skipped = skippedRows(state.hold);
  const rows = await db.query<{ quarter: string }>(querySql('dirty_quarters'), {
    partitions: [...changed.keys()],
    blocks: [...changed.values()],
    from: instantText(state.frozenUntilMs),
    before: instantText(state.sealedUntilMs),
    neighbour_seconds: QUARTER_MS / 1000,
    skipped_from: instantText(skipped.fromMs),
    skipped_until: instantText(skipped.toMs),
  });
  return dirtyUnderHold(
    rows.map((row) => parseInstant(row.quarter)),
    state.hold,
  );
}

/** What is held is as dirty as it was when the hold began, whatever its rows are now; those at its ends have neighbours outside. */
function skippedRows(hold: LedgerHold | undefined): TimeRange {
  if (hold === undefined) return { fromMs: 0, toMs: 0 };
  const fromMs = hold.range.fromMs + QUARTER_MS;
  return { fromMs, toMs: Math.max(fromMs, hold.range.toMs - QUARTER_MS) };
}
