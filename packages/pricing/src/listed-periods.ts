import type { StatedPrices } from './bucket-prices.js';
import {
  buildPeriods,
  FIRST_PERIOD_MS,
  isSamePrice,
  LAST_PERIOD_MS,
  multiplied,
  TOKEN_BUCKETS,
  type ListedPeriod,
} from './build-periods.js';
import { aliasIntervals, type AliasInterval } from './catalogue/aliases.js';
import type { Catalogue } from './catalogue/catalogue.js';
import {
  flatDays,
  longContextEndMs,
  longContextPremium,
  regionPremium,
  tierRule,
  type TierRule,
} from './catalogue/corrections.js';
import { findModel } from './catalogue/find-model.js';
import { withFlatDays } from './flat-days.js';
import { followStandard } from './follow-standard.js';
import { bareModelName, catalogueIdsOf, findProvider } from './providers.js';
import type { RateKey, UnpricedReason } from './rates.js';
import type { UsageBucket } from './usage.js';

/** Longest model name that is looked up; a longer one is no model's. */
export const MAX_NAME_LENGTH = 256;

/** The entry under which a provider lists the containers that run code for any of its models. */
const CONTAINER_MODEL = 'container';

/** What the catalogues list for a key, or why they list nothing. */
export type Listing = readonly ListedPeriod[] | { readonly reason: UnpricedReason };

/**
 * All listed prices of a rate key, oldest first and without overlap: of each model that its name has stood for, in the
 * time in which it did. A name that no list has is looked for without what says again whose it is.
 */
export function listedPeriods(key: RateKey, catalogues: readonly Catalogue[]): Listing {
  const listing = listNamed(key, catalogues);
  if (!('reason' in listing) || listing.reason !== 'unknown_model' || key.model.length > MAX_NAME_LENGTH)
    return listing;
  const model = bareModelName(key.provider, key.model);
  return model === undefined ? listing : listNamed({ ...key, model }, catalogues);
}

function listNamed(key: RateKey, catalogues: readonly Catalogue[]): Listing {
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
  const additions: (readonly ListedPeriod[])[] = [];
  for (const { catalogue, id } of sources) {
    const periods = lookUpIn(catalogue, id, key) ?? [];
    const standard = periods.length === 0 ? lookUpIn(catalogue, id, { ...key, serviceTier: '' }) : periods;
    if (standard === undefined) continue;
    // What only adds to a model makes none known, and is the same in each of its service tiers.
    if (isAdditionOnly(standard)) {
      additions.push(standard);
      continue;
    }
    isKnown = true;
    if (periods.length === 0) continue;
    found = found === undefined ? periods : supplement(found, periods);
  }
  for (const { catalogue, id } of found === undefined ? [] : sources) {
    const fees = lookUpIn(catalogue, id, { ...key, model: CONTAINER_MODEL, serviceTier: '' });
    if (found !== undefined && fees !== undefined) found = supplement(found, fees);
  }
  if (found !== undefined) {
    const listing = key.serviceTier === '' ? found : following(found, key, providerIds, catalogues);
    // Only then: where an addition changes, the tier's own prices do not.
    return 'reason' in listing ? listing : additions.reduce(supplement, listing);
  }
  return isKnown ? listByRule(key, providerIds, catalogues) : { reason: 'unknown_model' };
}

/** A service tier's periods, moved where the standard price moves behind the day of their data. */
function following(
  periods: readonly ListedPeriod[],
  key: RateKey,
  providerIds: readonly string[],
  catalogues: readonly Catalogue[],
): Listing {
  const standard = listModel({ ...key, serviceTier: '' }, providerIds, catalogues);
  return 'reason' in standard ? periods : followStandard(periods, standard);
}

/** A tier that no catalogue lists of the model, as a share of its standard prices where the provider states one. */
function listByRule(key: RateKey, providerIds: readonly string[], catalogues: readonly Catalogue[]): Listing {
  const rule = providerIds.map((id) => tierRule(id, key.serviceTier, key.model)).find((found) => found !== undefined);
  if (rule === undefined) return { reason: 'unknown_service_tier' };
  const standard = listModel({ ...key, serviceTier: '' }, providerIds, catalogues);
  if ('reason' in standard) return standard;
  const since = { model: key.model, fromMs: Date.parse(rule.from), toMs: LAST_PERIOD_MS };
  return standard
    .flatMap((period) => clip(period, since))
    .map((period) => ({
      ...period,
      catalogue: `${period.catalogue} (${rule.serviceTier} by ${rule.source})`,
      tiers: period.tiers.map((tier) => ({ ...tier, stated: shareOf(tier.stated, rule) })),
    }));
}

/** What a tier's share leaves of stated prices, e.g. half of $0.79 a million is $0.395; fees beside tokens and sound stay. */
function shareOf(stated: StatedPrices, { share, isCacheUndiscounted }: TierRule): StatedPrices {
  return new Map(
    [...stated]
      .filter(([bucket]) => !(isCacheUndiscounted && bucket.startsWith('cache_read')))
      .map(([bucket, price]) => [
        bucket,
        TOKEN_BUCKETS.has(bucket) || bucket === 'audio_second' ? multiplied(price, share) : price,
      ]),
  );
}

/** What a list may have alone of a model that another list has: the storage of caches, searches by the request. */
const ADDED_ALONE: ReadonlySet<UsageBucket> = new Set(['cache_storage', 'request']);

/** Whether a list has nothing but such prices of a model: it adds to what another list has, and makes no model known. */
function isAdditionOnly(periods: readonly ListedPeriod[]): boolean {
  const buckets = periods.flatMap(({ tiers }) => tiers.flatMap(({ stated }) => [...stated.keys()]));
  return buckets.length > 0 && buckets.every((bucket) => ADDED_ALONE.has(bucket));
}

/** What a later catalogue states at an instant; before its beginning, what it states first. */
function statedAt(later: readonly ListedPeriod[], atMs: number): StatedPrices {
  const period = later.findLast(({ validFromMs }) => validFromMs <= atMs) ?? later[0];
  return period?.tiers[0]?.stated ?? new Map();
}

/**
 * Adds what only a later catalogue lists: units beside tokens (searches, seconds, pages), sound and images where its entry
 * holds nothing else (it is then a completion of this very price), and all prices where the first one lists the model
 * without any. Otherwise token prices are never mixed of two sources. A period is cut where what is added changes.
 */
function supplement(periods: readonly ListedPeriod[], later: readonly ListedPeriod[]): readonly ListedPeriod[] {
  return periods.flatMap((period) => {
    const changes = later.map(({ validFromMs }) => validFromMs);
    const inside = changes.filter((atMs) => period.validFromMs < atMs && atMs < period.validToMs);
    const parts: ListedPeriod[] = [];
    for (const validFromMs of [period.validFromMs, ...inside]) {
      const part = complete({ ...period, validFromMs }, later, statedAt(later, validFromMs));
      const before = parts.at(-1);
      if (before !== undefined && isSamePrice(before, part)) continue;
      if (before !== undefined) parts[parts.length - 1] = { ...before, validToMs: validFromMs };
      parts.push(part);
    }
    return parts;
  });
}

/** A period with what it lacks of a later catalogue's prices, and the name of who has them. */
function complete(period: ListedPeriod, later: readonly ListedPeriod[], stated: StatedPrices): ListedPeriod {
  const isCompletion = !stated.has('input') && !stated.has('output');
  const added = new Set<UsageBucket>();
  const tiers = period.tiers.map((tier) => {
    const takesTokens = isCompletion || tier.stated.size === 0;
    const missing = [...stated].filter(
      ([bucket]) => !tier.stated.has(bucket) && (takesTokens || !TOKEN_BUCKETS.has(bucket)),
    );
    for (const [bucket] of missing) added.add(bucket);
    return missing.length === 0 ? tier : { ...tier, stated: new Map([...tier.stated, ...missing]) };
  });
  const [source] = later;
  if (added.size === 0 || source === undefined) return period;
  const addition = { catalogue: source.catalogue, catalogueModel: source.catalogueModel, buckets: [...added] };
  return { ...period, tiers, additions: [...(period.additions ?? []), addition] };
}

/** The periods of one catalogue; undefined when it does not know the model, empty when it lacks the service tier. */
function lookUpIn(catalogue: Catalogue, providerId: string, key: RateKey): readonly ListedPeriod[] | undefined {
  const found = findModel(catalogue, providerId, key.model);
  if (found === undefined) return undefined;
  const periods = buildPeriods({
    model: found.model,
    serviceTier: key.serviceTier,
    hasVariants: !found.isFallback,
    premium: regionPremium(providerId, key.region, key.model),
    flatFromMs: longContextEndMs(found.model[0]),
    longContext: found.isFallback ? undefined : longContextPremium(providerId, found.model[0]),
    asOf: catalogue.asOf,
    catalogue: catalogue.name,
  });
  return withFlatDays(periods, flatDays(providerId, found.model[0]));
}

/** The part of a period that lies in an interval: none or one. */
function clip(period: ListedPeriod, { fromMs, toMs }: AliasInterval): ListedPeriod[] {
  const validFromMs = Math.max(period.validFromMs, fromMs);
  const validToMs = Math.min(period.validToMs, toMs);
  return validFromMs < validToMs ? [{ ...period, validFromMs, validToMs }] : [];
}
