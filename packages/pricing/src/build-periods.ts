import { statedPrices, thresholdsOf, type StatedPrices } from './bucket-prices.js';
import { EXACT_DAY, type CatalogueModel, type CataloguePrices, type Constraint } from './catalogue/catalogue.js';
import type { AddedPrices } from './rates.js';
import { INPUT_BUCKETS, OUTPUT_BUCKETS, type UsageBucket } from './usage.js';

/** Start of the first period: no call is older. */
export const FIRST_PERIOD_MS = 0;

/** End of the last period, 2100-01-01: the end of what the ledger holds. */
export const LAST_PERIOD_MS = Date.UTC(2100, 0, 1);

const SECONDS_PER_DAY = 86_400;

/** What every token price is multiplied by: a region's premium, e.g. 11/10 for +10 %, or a tier's share, e.g. 1/2. */
export interface Premium {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A dearer price for a long context that held for a time and that a list does not have: the whole call has it. */
export interface LongContextPremium {
  readonly fromMs: number;
  readonly toMs: number;
  readonly aboveInputTokens: number;
  readonly input: Premium;
  readonly output: Premium;
  /** The page that says so. */
  readonly source: string;
}

/** A tier of a price list before the user's rules and before gaps are filled; the rest as in `RateTier`. */
export interface ListedTier {
  readonly aboveInputTokens: number;
  readonly fromSecondOfDay: number;
  readonly toSecondOfDay: number;
  readonly stated: StatedPrices;
}

/** A list's prices from `validFromMs` (inclusive) to `validToMs` (exclusive). */
export interface ListedPeriod {
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly tiers: readonly ListedTier[];
  /** The catalogue's own model id, the date of its data, its name and version. */
  readonly catalogueModel: string;
  readonly asOf: string;
  readonly catalogue: string;
  /** As in `RatePeriod`. */
  readonly additions?: readonly AddedPrices[];
}

/** Whether two periods of as many tiers state the same prices. */
export function isSamePrice(one: ListedPeriod, other: ListedPeriod): boolean {
  return one.tiers.every((tier, index) => {
    const stated = other.tiers[index]?.stated;
    const isSameSize = tier.stated.size === stated?.size;
    return isSameSize && [...tier.stated].every(([bucket, price]) => stated?.get(bucket) === price);
  });
}

/** What the prices of one model are built for. */
export interface PeriodRequest {
  readonly model: CatalogueModel;
  /** `''` for the standard price. */
  readonly serviceTier: string;
  /** False where the model is another provider's listing: its batch or priority prices are not this provider's. */
  readonly hasVariants: boolean;
  readonly premium?: Premium | undefined;
  /** From when on long context costs no more, where the list still has the dearer tiers. */
  readonly flatFromMs?: number | undefined;
  /** What a long context cost, where the list has one price for any. */
  readonly longContext?: LongContextPremium | undefined;
  readonly asOf: string;
  readonly catalogue: string;
}

/** Whether a constraint holds on a day (its first millisecond) at a second of the day. */
function holds(constraint: Constraint, dayMs: number, second: number): boolean {
  if (constraint === null) return true;
  if (typeof constraint === 'string') return dayMs >= Date.parse(constraint);
  const [from, to] = constraint;
  return to < from ? second >= from || second < to : second >= from && second < to;
}

/** The standard prices on a day at a second of it: the last entry that holds, the first one where none does. */
function standardEntry(
  model: CatalogueModel,
  dayMs: number,
  second: number,
): readonly [Constraint, CataloguePrices] | undefined {
  const [, , entries] = model;
  return entries.findLast(([constraint]) => holds(constraint, dayMs, second)) ?? entries[0];
}

/** The service tier under every name that catalogues give to what it is: their values do not overlap. */
const TIER_CONTEXTS: readonly string[] = ['service_tier', 'processing', 'speed', 'search_context', 'image'];

function variantApplies(when: Readonly<Record<string, string>>, serviceTier: string): boolean {
  return Object.entries(when).every(([name, value]) => TIER_CONTEXTS.includes(name) && value === serviceTier);
}

/**
 * Since when a variant holds. Catalogues date a variant by the day it was verified; the standard price that held then
 * carries it back to its own start, and not further: what the tier cost before a price change is unknown.
 */
function variantStartMs(model: CatalogueModel, constraint: Constraint): number {
  if (typeof constraint !== 'string') return FIRST_PERIOD_MS;
  if (constraint.startsWith(EXACT_DAY)) return Date.parse(constraint.slice(EXACT_DAY.length));
  const verifiedMs = Date.parse(constraint);
  const changes = startDates(model[2].map((entry) => entry[0])).filter((changeMs) => changeMs <= verifiedMs);
  return changes.at(-1) ?? FIRST_PERIOD_MS;
}

function startDates(constraints: readonly Constraint[]): number[] {
  const dates = constraints.filter((constraint) => typeof constraint === 'string').map((date) => Date.parse(date));
  return dates.sort((a, b) => a - b);
}

/** What an entry lists for a service tier itself, and the standard prices that hold beside it. */
interface TierEntry {
  readonly standard: CataloguePrices;
  /** Empty for the standard price. */
  readonly own: CataloguePrices;
}

/** The prices on a day at a second of it for the service tier; undefined when the tier has none then. */
function pricesAt(request: PeriodRequest, dayMs: number, second: number): TierEntry | undefined {
  const { model, serviceTier } = request;
  const standard = standardEntry(model, dayMs, second)?.[1] ?? {};
  if (serviceTier === '') return { standard, own: {} };
  const merged: Record<string, CataloguePrices[string]> = {};
  let isKnown = false;
  for (const [when, prices, constraint] of request.hasVariants ? (model[3] ?? []) : []) {
    if (!variantApplies(when, serviceTier) || dayMs < variantStartMs(model, constraint)) continue;
    isKnown = true;
    for (const [key, price] of Object.entries(prices)) merged[key] ??= price;
  }
  return isKnown ? { standard, own: merged } : undefined;
}

/**
 * Kinds of tokens that are parts of another kind. Where a tier lists the whole and not the part, the part has the same share
 * of its standard price: of 77 parts that the catalogues do list for a tier beside their whole, all 77 have it.
 */
const PART_OF: readonly (readonly [part: UsageBucket, whole: UsageBucket])[] = [
  ['reasoning', 'output'],
  ['output_audio', 'output'],
  ['output_image', 'output'],
  ['input_audio', 'input'],
  ['input_image', 'input'],
  ['input_video', 'input'],
  ['cache_read_audio', 'cache_read'],
  ['cache_read_image', 'cache_read'],
  ['cache_write_1h', 'cache_write_5m'],
];

/**
 * What a tier's prices are above a threshold: its own, and the standard ones of what it does not list, e.g. of a batch at
 * half the price of output, reasoning at $2.50 a million is $1.25.
 */
function tierPrices({ standard, own }: TierEntry, aboveInputTokens: number): StatedPrices {
  const stated = statedPrices({ ...standard, ...own }, aboveInputTokens);
  const listed = statedPrices(own, aboveInputTokens);
  if (listed.size === 0) return stated;
  const usual = statedPrices(standard, aboveInputTokens);
  for (const [part, whole] of PART_OF) {
    const [price, numerator, denominator] = [usual.get(part), listed.get(whole), usual.get(whole)];
    if (listed.has(part) || price === undefined || numerator === undefined || !denominator) continue;
    stated.set(part, multiplied(price, { numerator, denominator }));
  }
  return stated;
}

/** The seconds of the day at which the model's prices change, 0 first, and the end of the day. */
function dayBoundaries(model: CatalogueModel): readonly number[] {
  const seconds = new Set([0, SECONDS_PER_DAY]);
  for (const [constraint] of model[2])
    if (Array.isArray(constraint)) for (const second of constraint as readonly number[]) seconds.add(second);
  return [...seconds].sort((a, b) => a - b);
}

/** The buckets that count tokens; the others count searches, seconds and the like. */
export const TOKEN_BUCKETS: ReadonlySet<UsageBucket> = new Set([...INPUT_BUCKETS, ...OUTPUT_BUCKETS]);

/** A price in pico-dollars times a premium, rounded half up, e.g. 15 times 1/2 is 8. */
export function multiplied(pricePicoUsd: bigint, { numerator, denominator }: Premium): bigint {
  return (pricePicoUsd * numerator * 2n + denominator) / (denominator * 2n);
}

/** Token prices with a premium; fees have none. */
function withPremium(stated: StatedPrices, premium: Premium | undefined): StatedPrices {
  if (premium === undefined) return stated;
  return new Map(
    [...stated].map(([bucket, price]) => [bucket, TOKEN_BUCKETS.has(bucket) ? multiplied(price, premium) : price]),
  );
}

/** The long-context premium that holds on a day (its first millisecond). */
function longContextAt({ longContext }: PeriodRequest, dayMs: number): LongContextPremium | undefined {
  return longContext !== undefined && longContext.fromMs <= dayMs && dayMs < longContext.toMs ? longContext : undefined;
}

/** Prices of a long context, e.g. twice $3 a million of input and cached input, one and a half times $15 of output; fees stay. */
function withLongContext(stated: StatedPrices, { input, output }: LongContextPremium): StatedPrices {
  const premiums = new Map<UsageBucket, Premium>([
    ...INPUT_BUCKETS.map((bucket) => [bucket, input] as const),
    ...OUTPUT_BUCKETS.map((bucket) => [bucket, output] as const),
  ]);
  return new Map(
    [...stated].map(([bucket, price]) => {
      const premium = premiums.get(bucket);
      return [bucket, premium === undefined ? price : multiplied(price, premium)];
    }),
  );
}

/** The tiers of one period: by window of the day, then by context threshold, so that the last match is the right one. */
function buildTiers(request: PeriodRequest, dayMs: number): ListedTier[] {
  const boundaries = dayBoundaries(request.model);
  const tiers: ListedTier[] = [];
  for (const [index, fromSecondOfDay] of boundaries.slice(0, -1).entries()) {
    const entry = pricesAt(request, dayMs, fromSecondOfDay);
    if (entry === undefined) return [];
    const isFlat = request.flatFromMs !== undefined && dayMs >= request.flatFromMs;
    const toSecondOfDay = boundaries[index + 1] ?? SECONDS_PER_DAY;
    for (const aboveInputTokens of isFlat ? [0] : thresholdsOf({ ...entry.standard, ...entry.own })) {
      const stated = withPremium(tierPrices(entry, aboveInputTokens), request.premium);
      tiers.push({ aboveInputTokens, fromSecondOfDay, toSecondOfDay, stated });
    }
    const dearer = longContextAt(request, dayMs);
    const last = tiers.at(-1);
    // A newer list may have it by then.
    if (dearer !== undefined && last?.aboveInputTokens === 0)
      tiers.push({
        ...last,
        aboveInputTokens: dearer.aboveInputTokens,
        stated: withLongContext(last.stated, dearer),
      });
  }
  return tiers;
}

/** All dated prices of a catalogue model, oldest first, without overlap; empty when the service tier is unknown. */
export function buildPeriods(request: PeriodRequest): ListedPeriod[] {
  const { model, asOf } = request;
  const variantStarts = (model[3] ?? []).map(([, , constraint]) => variantStartMs(model, constraint));
  const starts = new Set([
    FIRST_PERIOD_MS,
    request.flatFromMs ?? FIRST_PERIOD_MS,
    request.longContext?.fromMs ?? FIRST_PERIOD_MS,
    request.longContext?.toMs ?? FIRST_PERIOD_MS,
    ...startDates(model[2].map((entry) => entry[0])),
    ...variantStarts,
  ]);
  const sorted = [...starts].sort((a, b) => a - b);
  const periods: ListedPeriod[] = [];
  for (const [index, validFromMs] of sorted.entries()) {
    const tiers = buildTiers(request, validFromMs);
    if (tiers.length === 0) continue;
    const validToMs = sorted[index + 1] ?? LAST_PERIOD_MS;
    const dearer = longContextAt(request, validFromMs);
    const catalogue = `${request.catalogue}${dearer === undefined ? '' : ` (long context by ${dearer.source})`}`;
    periods.push({ validFromMs, validToMs, tiers, catalogueModel: model[0], asOf, catalogue });
  }
  return periods;
}
