import { setImmediate } from 'node:timers/promises';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { UNJUDGED_SQL } from '../ledger/revisions.js';
import { floorTo, instantText, type TimeRange } from '../query/time-range.js';
import { lastSequence } from '../rollup/tick-progress.js';
import { querySql } from '../sql-files.js';
import {
  blockParameters,
  HOURS_AROUND,
  slicesOf,
  startParameters,
  WIDE_HOURS_AROUND,
  type JudgeOptions,
  type News,
} from './news.js';
import { SeenNumbers } from './seen-numbers.js';

const HOUR_MS = 3_600_000;
/** Hours before now that are known from the start, where they have no more calls than so many: those of wide judgings. */
const LONG_HOURS = 27;
const MAX_LONG_CALLS = 3_000_000;
/** Otherwise those that every judging asks about. */
const SHORT_HOURS = 3;
const MAX_SHORT_CALLS = 5_000_000;
/** Calls that one statement gives, and numbers that are added before others get a turn of the event loop (2 ms). */
const CALLS_A_STATEMENT = 100_000;
const CALLS_A_TURN = 5000;
/** What is known of a call: hashes of its trace and of its answer (0 without one), and the hour of its start. */
const HASHES_SQL = `cityHash64(trace_id) AS trace,
        if(response_id = '', toUInt64(0), cityHash64(tenant, provider, response_id)) AS answer,
        toUnixTimestamp(toStartOfHour(started)) AS hour`;
/** Rows of these as one text, in the place of a row of JSON for each. */
const NUMBERS_SQL = `base64Encode(arrayStringConcat(groupArray(concat(
    reinterpretAsFixedString(trace), reinterpretAsFixedString(answer), reinterpretAsFixedString(hour)
)))) AS numbers`;
const FRAGMENTS = { hashes: HASHES_SQL, numbers: NUMBERS_SQL, settings: BACKGROUND_SETTINGS };

/** Bytes of one call in `judge_news.sql`: two hashes of 64 bits and an hour. */
const BYTES_A_CALL = 20;
/** What an edge has in place of an hour. */
const NO_HOUR = 0xffffffff;
/** With more suspects than so many, all that is new is compared with everything. */
const MAX_SUSPECTS = 5000;

/** Hashes of traces that may have to be judged; undefined: all that are new. */
export type Suspects = readonly bigint[] | undefined;

/**
 * Which new calls and edges can concern another call at all: those of traces and answers that were there before. Most
 * calls are alone in their trace, and comparing them with every id of the hours around took more than storing them.
 */
class SuspectFinder {
  readonly #seen: SeenNumbers;
  /** Suspects of the looks since the last wide one, for the next. */
  readonly #sinceWide = new Set<bigint>();
  #knowsMinute: boolean;

  private constructor(seen: SeenNumbers, knowsMinute: boolean) {
    this.#seen = seen;
    this.#knowsMinute = knowsMinute;
  }

  /**
   * Reads what the ledger holds of the last hours.
   * @param knowsMinute whether a wide judging has just been
   * @returns undefined where that is too much to be kept
   */
  static async load(db: Database, nowMs: number, knowsMinute: boolean): Promise<SuspectFinder | undefined> {
    const nowHourMs = floorTo(nowMs, HOUR_MS);
    const counts = await callsByHour(db, nowHourMs - LONG_HOURS * HOUR_MS);
    const sumFrom = (fromMs: number) =>
      counts.reduce((sum, { hourMs, calls }) => (hourMs >= fromMs ? sum + calls : sum), 0);
    const [longMs, shortMs] = [LONG_HOURS, SHORT_HOURS].map((hours) => nowHourMs - hours * HOUR_MS);
    if (longMs === undefined || shortMs === undefined) return undefined;
    const isLong = sumFrom(longMs) <= MAX_LONG_CALLS;
    if (!isLong && sumFrom(shortMs) > MAX_SHORT_CALLS) return undefined;
    const fromMs = isLong ? longMs : shortMs;
    const finder = new SuspectFinder(new SeenNumbers(fromMs), knowsMinute);
    const nextHourMs = nowHourMs + HOUR_MS;
    const sql = querySql('judge_ids', FRAGMENTS);
    for (const { hourMs, calls } of counts) {
      if (hourMs < fromMs) continue;
      const slices = Math.ceil(calls / CALLS_A_STATEMENT);
      for (let slice = 0; slice < slices; slice += 1) {
        const hour = instantText(hourMs).slice(0, 19);
        const [row] = await db.query<{ numbers: string }>(sql, { hour, slices, slice });
        await finder.#addCalls(Buffer.from(row?.numbers ?? '', 'base64'), nextHourMs, () => undefined);
      }
    }
    return finder;
  }

  /** The suspects among what is new, which is known from now on. */
  async find(db: Database, news: News, started: TimeRange, nowMs: number): Promise<Suspects> {
    const sql = querySql('judge_news', { unjudged: UNJUDGED_SQL, ...FRAGMENTS });
    const [row] = await db.query<{ numbers: string }>(sql, {
      ...blockParameters(news),
      call_newest: news.calls.newest,
      edge_newest: news.edges.newest,
      ...startParameters(started),
    });
    const numbers = Buffer.from(row?.numbers ?? '', 'base64');
    const suspects = new Set<bigint>();
    const nextHourMs = floorTo(nowMs, HOUR_MS) + HOUR_MS;
    await this.#addCalls(numbers, nextHourMs, (trace, hourMs, isKnownNow) => {
      // What was there before of an hour to come may be forgotten: such calls are compared with everything.
      const isKnown = isKnownNow || hourMs > nextHourMs;
      const [nearMs, farMs] = [hourMs - HOURS_AROUND * HOUR_MS, hourMs - WIDE_HOURS_AROUND * HOUR_MS];
      if (isKnown || nearMs < this.#seen.coveredFromMs) suspects.add(trace);
      if (isKnown || farMs < this.#seen.coveredFromMs) this.#sinceWide.add(trace);
    });
    for (let at = 0; at < numbers.length; at += BYTES_A_CALL) {
      if (numbers.readUInt32LE(at + 16) !== NO_HOUR) continue;
      // An edge alone changes what two calls of its trace are to each other.
      if (!this.#seen.has(...severalOf(numbers.readUInt32LE(at), numbers.readUInt32LE(at + 4)))) continue;
      const trace = numbers.readBigUInt64LE(at);
      suspects.add(trace);
      this.#sinceWide.add(trace);
    }
    return this.#listed(suspects, nowMs, HOURS_AROUND);
  }

  /** The suspects since the last wide judging; after {@link find}. */
  ofMinute(nowMs: number): Suspects {
    return this.#knowsMinute ? this.#listed(this.#sinceWide, nowMs, WIDE_HOURS_AROUND) : undefined;
  }

  /** Suspects where the hours around now are all known, and where they are few. */
  #listed(suspects: ReadonlySet<bigint>, nowMs: number, around: number): Suspects {
    const isKnown = floorTo(nowMs, HOUR_MS) - around * HOUR_MS >= this.#seen.coveredFromMs;
    return isKnown && suspects.size <= MAX_SUSPECTS ? [...suspects] : undefined;
  }

  /** A wide judging has been: hours long past are not asked about any more. */
  startMinute(nowMs: number): void {
    this.#sinceWide.clear();
    this.#knowsMinute = true;
    this.#seen.forgetBefore(floorTo(nowMs, HOUR_MS) - LONG_HOURS * HOUR_MS);
  }

  /**
   * Adds the calls of an answer of `judge_news.sql`, and says of each whether its trace or its answer was there before.
   * @param latestHourMs the latest hour that a call is known in: of a clock in 2099 everything would be known until then, and
   * nothing that was given up for room could be said to be new
   */
  async #addCalls(
    numbers: Buffer,
    latestHourMs: number,
    tell: (trace: bigint, hourMs: number, isKnown: boolean) => void,
  ): Promise<void> {
    for (let at = 0; at < numbers.length; at += BYTES_A_CALL) {
      if (at % (CALLS_A_TURN * BYTES_A_CALL) === 0 && at > 0) await setImmediate();
      const hour = numbers.readUInt32LE(at + 16);
      if (hour === NO_HOUR) continue;
      const hourMs = hour * 1000;
      const [low, high] = [numbers.readUInt32LE(at), numbers.readUInt32LE(at + 4)];
      const [answerLow, answerHigh] = [numbers.readUInt32LE(at + 8), numbers.readUInt32LE(at + 12)];
      const knownMs = Math.min(hourMs, latestHourMs);
      const isTraceKnown = this.#seen.add(low, high, knownMs);
      if (isTraceKnown) this.#seen.add(...severalOf(low, high), knownMs);
      const hasAnswer = answerLow !== 0 || answerHigh !== 0;
      const isAnswerKnown = hasAnswer && this.#seen.add(answerLow, answerHigh, knownMs);
      tell(numbers.readBigUInt64LE(at), hourMs, isTraceKnown || isAnswerKnown);
    }
  }
}

interface KnownFinder {
  readonly finder: SuspectFinder;
  /** The record of progress after its last look. */
  readonly sequence: bigint;
}

/** Of each database that this process has alone. */
const finders = new WeakMap<Database, KnownFinder>();

/** When it was too much to be kept, by the caller's clock: tried again after a while. */
const unloaded = new WeakMap<Database, number>();
const LOAD_AGAIN_MS = 600_000;

/** What {@link suspectsIn} found. */
export interface FoundSuspects {
  readonly suspects: Suspects;
  /** Has the next look know what this one saw, once its progress is recorded under these numbers. */
  readonly remember: (records: readonly bigint[]) => Promise<void>;
}

/**
 * What of the news can concern other calls at all. Whoever else judges reads news that this process does not see: what is
 * known counts only while every record of progress is one of ours, and not at all on a server.
 */
export async function suspectsIn(
  db: Database,
  news: News,
  options: JudgeOptions,
  isWide: boolean,
): Promise<FoundSuspects> {
  const { nowMs } = options;
  const known = finders.get(db);
  // As long as this look fails, nothing is known.
  finders.delete(db);
  const isOurs = known !== undefined && known.sequence === (await lastSequence(db));
  const slices = isOurs ? await slicesOf(db, news.calls, options) : [];
  const [started] = slices;
  if (known === undefined || started === undefined || slices.length > 1) {
    return { suspects: undefined, remember: async () => loadFinder(db, nowMs, isWide) };
  }
  const { finder, sequence } = known;
  const found = await finder.find(db, news, started, nowMs);
  return {
    suspects: isWide ? finder.ofMinute(nowMs) : found,
    remember: async (records) => {
      const last = records.at(-1) ?? sequence;
      if (last !== sequence + BigInt(records.length)) return;
      if (isWide) finder.startMinute(nowMs);
      finders.set(db, { finder, sequence: last });
    },
  };
}

async function loadFinder(db: Database, nowMs: number, isWide: boolean): Promise<void> {
  if (db.isShared === true || Math.abs(nowMs - (unloaded.get(db) ?? Number.NEGATIVE_INFINITY)) < LOAD_AGAIN_MS) return;
  const sequence = await lastSequence(db);
  const finder = await SuspectFinder.load(db, nowMs, isWide);
  if (finder === undefined) unloaded.set(db, nowMs);
  else finders.set(db, { finder, sequence });
}

/** The number by which a trace is known that has several calls. */
const severalOf = (low: number, high: number): readonly [number, number] => [
  (low ^ 0x9e3779b9) >>> 0,
  (high ^ 0x85ebca6b) >>> 0,
];

async function callsByHour(db: Database, fromMs: number): Promise<readonly { hourMs: number; calls: number }[]> {
  const rows = await db.query<{ hour: string; calls: string }>(
    `SELECT toUnixTimestamp(toStartOfHour(started)) AS hour, count() AS calls FROM llm_calls
WHERE toDate(started) >= toDate({from:DateTime64(3, 'UTC')}) AND toStartOfHour(started) >= {from:DateTime64(3, 'UTC')}
GROUP BY hour ORDER BY hour SETTINGS ${BACKGROUND_SETTINGS}`,
    { from: instantText(fromMs) },
  );
  return rows.map(({ hour, calls }) => ({ hourMs: Number(hour) * 1000, calls: Number(calls) }));
}
