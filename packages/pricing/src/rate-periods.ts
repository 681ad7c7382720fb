import { BoundedCache } from './bounded-cache.js';
import { buildPeriods, FIRST_PERIOD_MS, LAST_PERIOD_MS, type Premium } from './build-periods.js';
import { aliasIntervals, type AliasInterval } from './catalogue/aliases.js';
import type { Catalogue } from './catalogue/catalogue.js';
import { CATALOGUES } from './catalogue/catalogues.js';
import { findModel } from './catalogue/find-model.js';
import { findProvider } from './providers.js';
import type { RateKey, RatePeriod, UnpricedReason } from './rates.js';

/** The rates of a key, or why there are none. */
export type RateLookup = readonly RatePeriod[] | { readonly reason: UnpricedReason };

/** Rate keys that are remembered; a key takes a few hundred bytes. */
const CACHE_CAPACITY = 5_000;

/** Longest model name that is looked up; a longer one is no model's. */
const MAX_NAME_LENGTH = 256;

/** Regions that cost more, by catalogue provider: every token price times the premium. */
const REGION_PREMIUMS: ReadonlyMap<string, Premium> = new Map([
  // Anthropic: inference_geo "us" costs 1.1 times the standard price in every token category.
  ['anthropic/us', { numerator: 11n, denominator: 10n }],
]);

const cache = new BoundedCache<RateLookup>(CACHE_CAPACITY);

/**
 * All dated prices of a rate key, oldest first and without overlap, or why there are none. A known region without a
 * premium, and an unknown one, have the standard price. Remembered, with a bound; never throws.
 */
export function ratePeriods(key: RateKey): RateLookup {
  const cacheKey = `${key.provider}\n${key.model}\n${key.serviceTier}\n${key.region}`;
  const known = cache.get(cacheKey);
  if (known !== undefined) return known;
  const found = lookUp(key);
  if (cacheKey.length <= 4 * MAX_NAME_LENGTH) cache.set(cacheKey, found);
  return found;
}

/** The prices of a rate key at an instant, or why there are none. */
export function resolveRates(key: RateKey, atMs: number): RatePeriod | { readonly reason: UnpricedReason } {
  const periods = ratePeriods(key);
  if ('reason' in periods) return periods;
  for (const period of periods) if (atMs >= period.validFromMs && atMs < period.validToMs) return period;
  return { reason: 'no_price_at_time' };
}

function lookUp(key: RateKey): RateLookup {
  const provider = findProvider(key.provider);
  const providerId = provider === undefined ? key.provider.toLowerCase() : provider.catalogueId;
  const catalogues =
    providerId === undefined ? [] : CATALOGUES.filter((catalogue) => catalogue.findProvider(providerId) !== undefined);
  if (providerId === undefined || catalogues.length === 0)
    return { reason: provider === undefined ? 'unknown_provider' : 'unknown_model' };
  if (key.model === '' || key.model.length > MAX_NAME_LENGTH) return { reason: 'unknown_model' };
  for (const catalogue of catalogues) {
    const found = lookUpIn(catalogue, providerId, key);
    if (found !== undefined) return found.length > 0 ? found : { reason: 'unknown_service_tier' };
  }
  return { reason: 'unknown_model' };
}

/** The periods of one catalogue; undefined when it does not know the model, empty when it lacks the service tier. */
function lookUpIn(catalogue: Catalogue, providerId: string, key: RateKey): RatePeriod[] | undefined {
  const periods: RatePeriod[] = [];
  let isKnown = false;
  for (const interval of aliasIntervals(providerId, key.model, FIRST_PERIOD_MS, LAST_PERIOD_MS)) {
    const found = findModel(catalogue, providerId, interval.model);
    if (found === undefined) continue;
    isKnown = true;
    const built = buildPeriods({
      model: found.model,
      serviceTier: key.serviceTier,
      hasVariants: !found.isFallback,
      premium: REGION_PREMIUMS.get(`${providerId}/${key.region}`),
      asOf: catalogue.asOf,
    });
    for (const period of built) periods.push(...clip(period, interval));
  }
  return isKnown ? periods : undefined;
}

/** The part of a period that lies in an interval: none or one. */
function clip(period: RatePeriod, { fromMs, toMs }: AliasInterval): RatePeriod[] {
  const validFromMs = Math.max(period.validFromMs, fromMs);
  const validToMs = Math.min(period.validToMs, toMs);
  return validFromMs < validToMs ? [{ ...period, validFromMs, validToMs }] : [];
}
