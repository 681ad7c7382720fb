import { formatPicoUsd, picoUsd } from '@costel/pricing';
import { costAttributes, newId, spanRow, type SpanRow } from '../support/test-store.js';
import { INPUT_PICO, randomTree, spansOfTree } from './span-trees.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Rounds of delivery; each is an hour after the one before. */
export const ROUNDS = 6;
/** When the first round is delivered: just after the end of a month, so that days and months end meanwhile. */
export const FIRST_ROUND_MS = Date.parse('2026-10-31T20:00:00.000Z');

/** Milliseconds since 1970 at which a round begins. */
export function roundMs(round: number): number {
  return FIRST_ROUND_MS + round * HOUR_MS;
}

/** One sending of a span: by which of two writers, in which round. */
export interface Delivery {
  readonly row: SpanRow;
  readonly round: number;
  readonly writer: 0 | 1;
}

/** A set of spans of a tenant of its own, and how they are sent: any order, any batches, any number of times. */
export interface Schedule {
  readonly tenant: string;
  readonly isNested: boolean;
  readonly deliveries: readonly Delivery[];
  /** Pico-dollars of the whole set, whatever the schedule. */
  readonly picoUsd: bigint;
}

/** What a tenant has spent by the start of the quarter hour, in pico-dollars. */
export type Quarters = ReadonlyMap<string, bigint>;

interface MadeSpan {
  readonly row: SpanRow;
  readonly pico: bigint;
}

const engineInstant = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const instantMs = (text: string): number => Date.parse(`${text.replace(' ', 'T')}Z`);

/** A schedule that depends on nothing but `random`. */
export function randomSchedule(tenant: string, random: () => number): Schedule {
  const whole = (end: number) => Math.floor(random() * end);
  const isNested = whole(3) === 0;
  const spans = isNested ? nestedSpans(tenant, random) : plainSpans(tenant, random);
  const deliveries = spans.rows.flatMap((row) => {
    const copies = 1 + whole(3);
    return Array.from({ length: copies }, (): Delivery => {
      const round = whole(ROUNDS);
      const ReceivedAt = engineInstant(roundMs(round) + whole(9 * MINUTE_MS));
      return { row: { ...row, ReceivedAt }, round, writer: whole(2) === 0 ? 0 : 1 };
    });
  });
  // Within a batch the order is random, too.
  const shuffled = deliveries.map((delivery) => ({ delivery, rank: random() })).toSorted((a, b) => a.rank - b.rank);
  return { tenant, isNested, deliveries: shuffled.map(({ delivery }) => delivery), picoUsd: spans.pico };
}

/** Starts: recent, late by hours and days, over a month's end, ahead, and of broken clocks. */
function startMs(random: () => number): number {
  const whole = (end: number) => Math.floor(random() * end);
  const offsets = [
    () => -whole(HOUR_MS),
    () => -whole(HOUR_MS),
    () => -DAY_MS + whole(HOUR_MS),
    () => -30 * DAY_MS,
    () => 4 * MINUTE_MS,
    () => 27 * HOUR_MS,
    () => -Date.parse('2026-10-31T20:00:00.000Z'),
  ];
  const offset = offsets[whole(offsets.length)] ?? (() => 0);
  return FIRST_ROUND_MS + offset();
}

function plainSpans(tenant: string, random: () => number): { rows: SpanRow[]; pico: bigint } {
  const made = Array.from({ length: 1 + Math.floor(random() * 5) }, (): MadeSpan => {
    const pico = BigInt(Math.floor(random() * 1e15));
    const cost = formatPicoUsd(picoUsd(pico));
    const attributes = costAttributes(cost, { 'user.id': `u${Math.floor(random() * 3)}`, 'costel.tag.a': tenant });
    const at = new Date(startMs(random)).toISOString();
    return { row: spanRow({ at, attributes, resource: { 'costel.tenant': tenant } }), pico };
  });
  return { rows: made.map(({ row }) => row), pico: made.reduce((sum, { pico }) => sum + pico, 0n) };
}

function nestedSpans(tenant: string, random: () => number): { rows: readonly SpanRow[]; pico: bigint } {
  const start = FIRST_ROUND_MS - Math.floor(random() * 6 * HOUR_MS);
  const tree = spansOfTree(randomTree(random), { tenant, startMs: start, newId });
  return { rows: tree.rows, pico: BigInt(tree.tokens) * INPUT_PICO };
}

/** When a span counts: at its own start, or at its first receipt where its clock cannot be right. */
export function countedMs(startedMs: number, firstReceivedMs: number): number {
  const isPlausible = startedMs >= firstReceivedMs - 400 * DAY_MS && startedMs <= firstReceivedMs + 5 * MINUTE_MS;
  return isPlausible ? startedMs : firstReceivedMs;
}

/** What the plain spans that were delivered up to a round cost, by `tenant quarter`: the oracle, without any SQL. */
export function spentByQuarter(schedules: readonly Schedule[], untilRound: number): Map<string, bigint> {
  const spent = new Map<string, bigint>();
  for (const { tenant, isNested, deliveries } of schedules) {
    if (isNested) continue;
    const first = new Map<string, SpanRow>();
    for (const { row, round } of deliveries) {
      if (round > untilRound) continue;
      const known = first.get(row.SpanId);
      if (known === undefined || (row.ReceivedAt ?? '') < (known.ReceivedAt ?? '')) first.set(row.SpanId, row);
    }
    for (const row of first.values()) {
      const counted = countedMs(instantMs(row.Timestamp), instantMs(row.ReceivedAt ?? ''));
      const key = `${tenant} ${engineInstant(Math.floor(counted / 900_000) * 900_000).slice(0, 19)}`;
      const pico = BigInt((row.SpanAttributes['costel.cost.usd'] ?? '0').replace(/^(\d+)(?:\.(\d+))?$/, picoText));
      spent.set(key, (spent.get(key) ?? 0n) + pico);
    }
  }
  return spent;
}

function picoText(_match: string, whole: string, fraction = ''): string {
  return `${whole}${fraction.padEnd(12, '0')}`;
}
