import type { RateKey, RatePeriod, UnpricedReason } from './rates.js';
import { findProvider } from './providers.js';

/** All dated prices of a rate key, oldest first, or why there are none. */
export function ratePeriods(key: RateKey): readonly RatePeriod[] | { readonly reason: UnpricedReason } {
  return { reason: findProvider(key.provider) === undefined ? 'unknown_provider' : 'unknown_model' };
}

/** The prices of a rate key at an instant, or why there are none. */
export function resolveRates(key: RateKey, atMs: number): RatePeriod | { readonly reason: UnpricedReason } {
  const periods = ratePeriods(key);
  if ('reason' in periods) return periods;
  return (
    periods.find((period) => atMs >= period.validFromMs && atMs < period.validToMs) ?? { reason: 'no_price_at_time' }
  );
}
