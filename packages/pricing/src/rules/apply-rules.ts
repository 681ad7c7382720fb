import { fillPrices, type StatedPrices } from '../bucket-prices.js';
import { FIRST_PERIOD_MS, LAST_PERIOD_MS, type ListedPeriod, type ListedTier } from '../build-periods.js';
import type { RateKey, RatePeriod, RateTier } from '../rates.js';
import type { UsageBucket } from '../usage.js';
import { holdsOver, matchesKey } from './match-rule.js';
import type { PriceDiscount, PriceOverride, PriceRules, RulePrices, RuleScope } from './price-rules.js';

const MILLION = 1_000_000n;

const SECONDS_PER_DAY = 86_400;

/** What an override covers that no list does: all day, any context, nothing stated. */
const EMPTY_TIERS: readonly ListedTier[] = [
  { aboveInputTokens: 0, fromSecondOfDay: 0, toSecondOfDay: SECONDS_PER_DAY, stated: new Map() },
];

function overlay(stated: StatedPrices, prices: RulePrices): Map<UsageBucket, bigint> {
  const result = new Map(stated);
  for (const [bucket, price] of Object.entries(prices)) result.set(bucket as UsageBucket, price);
  return result;
}

/** A list's tiers with an override's prices in them, and with a tier at each threshold of either. */
function overrideTiers(tiers: readonly ListedTier[], override: PriceOverride): ListedTier[] {
  const result: ListedTier[] = [];
  for (const window of new Set(tiers.map((tier) => tier.fromSecondOfDay))) {
    const listed = tiers.filter((tier) => tier.fromSecondOfDay === window);
    const steps = override.above ?? [];
    const thresholds = new Set([
      0,
      ...listed.map((tier) => tier.aboveInputTokens),
      ...steps.map((step) => step.aboveInputTokens),
    ]);
    for (const aboveInputTokens of [...thresholds].sort((a, b) => a - b)) {
      const base = listed.findLast((tier) => tier.aboveInputTokens <= aboveInputTokens);
      if (base === undefined) continue;
      let stated = overlay(base.stated, override.prices);
      for (const step of steps) if (step.aboveInputTokens <= aboveInputTokens) stated = overlay(stated, step.prices);
      result.push({ ...base, aboveInputTokens, stated });
    }
  }
  return result;
}

/** A price less its discount, rounded half up to a pico-dollar, e.g. 15 % off 150 000 is 127 500. */
function lessDiscount(price: bigint, millionthsOff: number): bigint {
  return (price * (MILLION - BigInt(millionthsOff)) * 2n + MILLION) / (MILLION * 2n);
}

function discounted(stated: StatedPrices, discount: PriceDiscount | undefined): StatedPrices {
  if (discount === undefined) return stated;
  const { millionthsOff = 0, prices = {} } = discount;
  const reduced = new Map([...stated].map(([bucket, price]) => [bucket, lessDiscount(price, millionthsOff)]));
  return overlay(reduced, prices);
}

/** Tiers as calls are priced by them: discounted, gaps filled. */
function finishTiers(tiers: readonly ListedTier[], model: string, discount?: PriceDiscount, feature = ''): RateTier[] {
  return tiers.map(({ stated, ...tier }) => ({
    ...tier,
    ...(feature === '' ? {} : { feature }),
    prices: fillPrices(discounted(stated, discount), model),
  }));
}

/** The discounts that some call gets: of those that match it, the first one. What follows one for all gets none. */
function effectiveDiscounts(discounts: readonly PriceDiscount[]): PriceDiscount[] {
  const covers = (earlier: PriceDiscount, later: PriceDiscount): boolean =>
    earlier.feature === undefined || earlier.feature === later.feature;
  return discounts.filter((later, index) => !discounts.slice(0, index).some((earlier) => covers(earlier, later)));
}

/** The tiers for all features, then those of each feature that has a discount of its own. */
function tiersByFeature(tiers: readonly ListedTier[], model: string, discounts: readonly PriceDiscount[]): RateTier[] {
  const general = discounts.find((discount) => discount.feature === undefined);
  const result = finishTiers(tiers, model, general);
  for (const discount of discounts)
    if (discount.feature !== undefined) result.push(...finishTiers(tiers, model, discount, discount.feature));
  return result;
}

/** The instants at which the list or a rule changes, ascending, within the time that prices are for. */
function boundaries(listed: readonly ListedPeriod[], rules: readonly RuleScope[]): number[] {
  const instants = [
    FIRST_PERIOD_MS,
    LAST_PERIOD_MS,
    ...listed.flatMap((period) => [period.validFromMs, period.validToMs]),
    ...rules.flatMap((rule) => [rule.fromMs ?? FIRST_PERIOD_MS, rule.toMs ?? LAST_PERIOD_MS]),
  ];
  const inside = instants.filter((instant) => instant >= FIRST_PERIOD_MS && instant <= LAST_PERIOD_MS);
  return [...new Set(inside)].sort((a, b) => a - b);
}

interface Segment {
  readonly fromMs: number;
  readonly toMs: number;
  readonly listed: ListedPeriod | undefined;
  readonly override: PriceOverride | undefined;
  readonly discounts: readonly PriceDiscount[];
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function finishSegment({ fromMs, toMs, listed, override, discounts }: Segment, key: RateKey): RatePeriod | undefined {
  if (listed === undefined && override === undefined) return undefined;
  const model = listed?.catalogueModel ?? key.model;
  const base = listed?.tiers ?? EMPTY_TIERS;
  const tiers = override === undefined ? base : overrideTiers(base, override);
  const ruleIds = [
    ...(override === undefined ? [] : [`override:${override.name}`]),
    ...discounts.map((discount) => `discount:${discount.name}`),
  ];
  return {
    validFromMs: fromMs,
    validToMs: toMs,
    tiers: tiersByFeature(tiers, model, discounts),
    source: override === undefined ? 'catalogue' : 'override',
    catalogueModel: model,
    asOf: override === undefined ? (listed?.asOf ?? '') : dateOf(override.fromMs ?? FIRST_PERIOD_MS),
    ...(listed === undefined ? {} : { catalogue: listed.catalogue }),
    ...(listed?.additions === undefined ? {} : { additions: listed.additions }),
    ...(ruleIds.length === 0 ? {} : { ruleIds }),
  };
}

/** Periods as a list has them, without the user's rules; periods that share their tiers go on sharing them. */
function finishListed(listed: readonly ListedPeriod[]): RatePeriod[] {
  const finished = new Map<readonly ListedTier[], readonly RateTier[]>();
  return listed.map(({ tiers, ...period }) => {
    const known = finished.get(tiers) ?? finishTiers(tiers, period.catalogueModel);
    finished.set(tiers, known);
    return { ...period, source: 'catalogue', tiers: known };
  });
}

/**
 * A key's dated prices after the user's rules: cut where the list or a rule changes, to the millisecond. Empty where
 * neither a list nor an override has a price.
 */
export function applyRules(key: RateKey, listed: readonly ListedPeriod[], rules: PriceRules): RatePeriod[] {
  const overrides = rules.overrides.filter((rule) => matchesKey(rule, key));
  const discounts = rules.discounts.filter((rule) => matchesKey(rule, key));
  if (overrides.length === 0 && discounts.length === 0) return finishListed(listed);
  const instants = boundaries(listed, [...overrides, ...discounts]);
  const periods: RatePeriod[] = [];
  for (const [index, fromMs] of instants.entries()) {
    const toMs = instants[index + 1];
    if (toMs === undefined) break;
    const period = finishSegment(
      {
        fromMs,
        toMs,
        listed: listed.find(({ validFromMs, validToMs }) => validFromMs <= fromMs && toMs <= validToMs),
        override: overrides.find((rule) => holdsOver(rule, fromMs, toMs)),
        discounts: effectiveDiscounts(discounts.filter((rule) => holdsOver(rule, fromMs, toMs))),
      },
      key,
    );
    if (period !== undefined) periods.push(period);
  }
  return periods;
}
