import type { StatedPrices } from './bucket-prices.js';
import { buildPeriods, FIRST_PERIOD_MS, LAST_PERIOD_MS, TOKEN_BUCKETS, type ListedPeriod } from './build-periods.js';
import { aliasIntervals, type AliasInterval } from './catalogue/aliases.js';
import type { Catalogue } from './catalogue/catalogue.js';
import { longContextEndMs, regionPremium } from './catalogue/corrections.js';
import { findModel } from './catalogue/find-model.js';
import { findProvider } from './providers.js';
import type { RateKey, UnpricedReason } from './rates.js';

/** Longest model name that is looked up; a longer one is no model's. */
export const MAX_NAME_LENGTH = 256;

/** The entry under which a provider lists the containers that run code for any of its models. */
const CONTAINER_MODEL = 'container';

/** What the catalogues list for a key, or why they list nothing. */
export type Listing = readonly ListedPeriod[] | { readonly reason: UnpricedReason };

/**
 * All listed prices of a rate key, oldest first and without overlap: of each model that its name has stood for, in the
 * time in which it did.
 */
export function listedPeriods(key: RateKey, catalogues: readonly Catalogue[]): Listing {
  const providerIds = catalogueIdsOf(key.provider);
  if (key.model === '' || key.model.length > MAX_NAME_LENGTH) return listModel(key, providerIds, catalogues);
  const periods: ListedPeriod[] = [];
  let listing: Listing = [];
  for (const interval of aliasIntervals(providerIds, key.model, FIRST_PERIOD_MS, LAST_PERIOD_MS)) {
    listing = listModel({ ...key, model: interval.model }, providerIds, catalogues);
    if (!('reason' in listing)) for (const period of listing) periods.push(...clip(period, interval));
  }
  return periods.length === 0 ? listing : periods;
}

function catalogueIdsOf(provider: string): readonly string[] {
  return findProvider(provider)?.catalogueIds ?? [provider.toLowerCase()];
}

/**
 * All listed prices of a model. The first catalogue that knows it prices it; a service tier that it lacks is looked for in
 * the next. A region without a premium has the standard price.
 */
function listModel(key: RateKey, providerIds: readonly string[], catalogues: readonly Catalogue[]): Listing {
  const sources = catalogues.flatMap((catalogue) =>
    providerIds.filter((id) => catalogue.findProvider(id) !== undefined).map((id) => ({ catalogue, id })),
  );
  // A provider's own listing goes before that of the one it belongs to, whichever catalogue has it.
  sources.sort((a, b) => providerIds.indexOf(a.id) - providerIds.indexOf(b.id));
  if (sources.length === 0)
    return { reason: findProvider(key.provider) === undefined ? 'unknown_provider' : 'unknown_model' };
  if (key.model === '' || key.model.length > MAX_NAME_LENGTH) return { reason: 'unknown_model' };
  let isKnown = false;
  let found: readonly ListedPeriod[] | undefined;
  for (const { catalogue, id } of sources) {
    const periods = lookUpIn(catalogue, id, key);
    isKnown ||= periods !== undefined;
    if (periods === undefined || periods.length === 0) continue;
    found = found === undefined ? periods : supplement(found, periods);
  }
  for (const { catalogue, id } of found === undefined ? [] : sources) {
    const fees = lookUpIn(catalogue, id, { ...key, model: CONTAINER_MODEL, serviceTier: '' });
    if (found !== undefined && fees !== undefined) found = supplement(found, fees);
  }
  return found ?? { reason: isKnown ? 'unknown_service_tier' : 'unknown_model' };
}

/** The prices that hold last in a later catalogue. */
function latestStated(periods: readonly ListedPeriod[]): StatedPrices {
  return periods.at(-1)?.tiers[0]?.stated ?? new Map();
}

/**
 * Adds what only a later catalogue lists: units beside tokens (searches, seconds, pages), sound and images where its entry
 * holds nothing else (it is then a completion of this very price), and all prices where the first one lists the model
 * without any. Otherwise token prices are never mixed of two sources.
 */
function supplement(periods: readonly ListedPeriod[], later: readonly ListedPeriod[]): readonly ListedPeriod[] {
  const stated = latestStated(later);
  const isCompletion = !stated.has('input') && !stated.has('output');
  return periods.map((period) => ({
    ...period,
    tiers: period.tiers.map((tier) => {
      const takesTokens = isCompletion || tier.stated.size === 0;
      const missing = [...stated].filter(
        ([bucket]) => !tier.stated.has(bucket) && (takesTokens || !TOKEN_BUCKETS.has(bucket)),
      );
      return missing.length === 0 ? tier : { ...tier, stated: new Map([...tier.stated, ...missing]) };
    }),
  }));
}

/** The periods of one catalogue; undefined when it does not know the model, empty when it lacks the service tier. */
function lookUpIn(catalogue: Catalogue, providerId: string, key: RateKey): readonly ListedPeriod[] | undefined {
  const found = findModel(catalogue, providerId, key.model);
  if (found === undefined) return undefined;
  return buildPeriods({
    model: found.model,
    serviceTier: key.serviceTier,
    hasVariants: !found.isFallback,
    premium: regionPremium(providerId, key.region, key.model),
    flatFromMs: longContextEndMs(found.model[0]),
    asOf: catalogue.asOf,
    catalogue: catalogue.name,
  });
}

/** The part of a period that lies in an interval: none or one. */
function clip(period: ListedPeriod, { fromMs, toMs }: AliasInterval): ListedPeriod[] {
  const validFromMs = Math.max(period.validFromMs, fromMs);
  const validToMs = Math.min(period.validToMs, toMs);
  return validFromMs < validToMs ? [{ ...period, validFromMs, validToMs }] : [];
}
