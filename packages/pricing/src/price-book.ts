import { BoundedCache } from './bounded-cache.js';
import type { Catalogue } from './catalogue/catalogue.js';
import { CATALOGUES } from './catalogue/catalogues.js';
import { listedPeriods, MAX_NAME_LENGTH } from './listed-periods.js';
import { picoUsd, type PicoUsd } from './pico-usd.js';
import type { RateKey, RatePeriod, UnpricedReason } from './rates.js';
import { applyRules } from './rules/apply-rules.js';
import { placesOf, pricesIn } from './rules/place-calls.js';
import { NO_RULES, type CeilingPrice, type PriceRules } from './rules/price-rules.js';
import { USAGE_BUCKETS, type Usage } from './usage.js';

/** The rates of a key, or why there are none. */
export type RateLookup = readonly RatePeriod[] | { readonly reason: UnpricedReason };

/** Rate keys that are remembered; a key takes a few hundred bytes. */
const CACHE_CAPACITY = 5_000;

/** Every price that calls can have: the lists, and the user's own rules over them. */
export interface PriceBook {
  readonly rules: PriceRules;
  readonly catalogues: readonly Catalogue[];
  /**
   * All dated prices of a rate key, oldest first and without overlap, or why there are none. Remembered, with a bound;
   * never throws.
   */
  ratePeriods(key: RateKey): RateLookup;
  /** The prices of a rate key at an instant, or why there are none. */
  resolveRates(key: RateKey, atMs: number): RatePeriod | { readonly reason: UnpricedReason };
  /**
   * What usage without a price is assumed to cost at most at an instant, for budgets; undefined without a ceiling price,
   * or where it names none for a bucket in use. An estimate: never shown or summed as a cost.
   */
  ceilingPicoUsd(usage: Usage, atMs: number): PicoUsd | undefined;
  /**
   * The same of those buckets alone that the ceiling names a price for: what a budget can count of many calls together,
   * some of which used more. Undefined without a ceiling price.
   */
  assumedPicoUsd(usage: Usage, atMs: number): PicoUsd | undefined;
  /** A time cut where the ceiling price changes: each part has one. Empty without a ceiling price. */
  ceilingTimes(fromMs: number, toMs: number): readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** What a price book is made of; absent: no rules, the catalogues that ship. */
export interface PriceBookOptions {
  readonly rules?: PriceRules;
  readonly catalogues?: readonly Catalogue[];
}

function isSameKey(one: RateKey, other: RateKey): boolean {
  return (
    one.model === other.model &&
    one.provider === other.provider &&
    one.serviceTier === other.serviceTier &&
    one.region === other.region
  );
}

function periodAt(periods: RateLookup, atMs: number): RatePeriod | { readonly reason: UnpricedReason } {
  if ('reason' in periods) return periods;
  for (const period of periods) if (atMs >= period.validFromMs && atMs < period.validToMs) return period;
  return { reason: 'no_price_at_time' };
}

/**
 * Makes a price book of catalogues and rules. Cheap: nothing is read before the first look-up; each book remembers at
 * most 5 000 keys.
 */
export function createPriceBook({ rules = NO_RULES, catalogues = CATALOGUES }: PriceBookOptions = {}): PriceBook {
  const cache = new BoundedCache<RateLookup>(CACHE_CAPACITY);
  let lastKey: RateKey = { provider: '', model: '', serviceTier: '', region: '' };
  let lastFound: RateLookup | undefined;
  const ratePeriods = (key: RateKey): RateLookup => {
    // Most calls are like the one before; comparing four names costs less than joining and hashing them.
    if (lastFound !== undefined && isSameKey(key, lastKey)) return lastFound;
    lastFound = findPeriods(key);
    lastKey = key;
    return lastFound;
  };
  const findPeriods = (key: RateKey): RateLookup => {
    const cacheKey = `${key.provider}\n${key.model}\n${key.serviceTier}\n${key.region}`;
    const known = cache.get(cacheKey);
    if (known !== undefined) return known;
    let reason: UnpricedReason | undefined;
    const periods = placesOf(key, rules).flatMap((place) => {
      const listing = listedPeriods(place.key, catalogues);
      if ('reason' in listing) reason ??= listing.reason;
      return pricesIn(place, applyRules(place.key, 'reason' in listing ? [] : listing, rules));
    });
    const found = periods.length === 0 && reason !== undefined ? { reason } : periods;
    if (cacheKey.length <= 4 * MAX_NAME_LENGTH) cache.set(cacheKey, found);
    return found;
  };
  return {
    rules,
    catalogues,
    ratePeriods,
    resolveRates: (key, atMs) => periodAt(ratePeriods(key), atMs),
    ceilingPicoUsd: (usage, atMs) => {
      const ceiling = ceilingAt(rules, atMs);
      return ceiling !== undefined && hasCeiling(usage, ceiling) ? assumedOf(usage, ceiling) : undefined;
    },
    assumedPicoUsd: (usage, atMs) => {
      const ceiling = ceilingAt(rules, atMs);
      return ceiling === undefined ? undefined : assumedOf(usage, ceiling);
    },
    ceilingTimes: (fromMs, toMs) =>
      (rules.ceiling ?? [])
        .map((ceiling) => ({ fromMs: Math.max(ceiling.fromMs, fromMs), toMs: Math.min(ceiling.toMs, toMs) }))
        .filter((time) => time.fromMs < time.toMs),
  };
}

/** Whether the ceiling names a price for every bucket in use. */
function hasCeiling(usage: Usage, ceiling: CeilingPrice): boolean {
  return USAGE_BUCKETS.every((bucket) => (usage[bucket] ?? 0) === 0 || ceiling.prices[bucket] !== undefined);
}

function ceilingAt({ ceiling = [] }: PriceRules, atMs: number): CeilingPrice | undefined {
  return ceiling.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
}

function assumedOf(usage: Usage, ceiling: CeilingPrice): PicoUsd {
  let sum = 0n;
  for (const bucket of USAGE_BUCKETS) sum += BigInt(usage[bucket] ?? 0) * (ceiling.prices[bucket] ?? 0n);
  return picoUsd(sum);
}

/** The price book without rules of the user's own. */
export const LIST_PRICES: PriceBook = createPriceBook();

/** {@link PriceBook.ratePeriods} of the list prices. */
export function ratePeriods(key: RateKey): RateLookup {
  return LIST_PRICES.ratePeriods(key);
}

/** {@link PriceBook.resolveRates} of the list prices. */
export function resolveRates(key: RateKey, atMs: number): RatePeriod | { readonly reason: UnpricedReason } {
  return LIST_PRICES.resolveRates(key, atMs);
}
