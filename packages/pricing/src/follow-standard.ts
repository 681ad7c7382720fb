import type { StatedPrices } from './bucket-prices.js';
import { isSamePrice, multiplied, TOKEN_BUCKETS, type ListedPeriod, type ListedTier } from './build-periods.js';

/** The tier of other prices that holds for the same calls; their first one where they do not tell these calls apart. */
function sameTier(tiers: readonly ListedTier[], { aboveInputTokens, fromSecondOfDay }: ListedTier): StatedPrices {
  const same = tiers.find(
    (tier) => tier.aboveInputTokens === aboveInputTokens && tier.fromSecondOfDay === fromSecondOfDay,
  );
  return (same ?? tiers[0])?.stated ?? new Map();
}

/** Token prices moved as the standard ones moved, e.g. $1 a million becomes $2 where those went from $2 to $4; fees stay. */
function moved(tier: ListedTier, before: ListedPeriod, after: ListedPeriod): ListedTier {
  const [was, is] = [sameTier(before.tiers, tier), sameTier(after.tiers, tier)];
  const stated = [...tier.stated].map(([bucket, price]): [typeof bucket, bigint] => {
    const [denominator, numerator] = [was.get(bucket), is.get(bucket)];
    const isMoved = TOKEN_BUCKETS.has(bucket) && numerator !== undefined && denominator;
    return [bucket, isMoved ? multiplied(price, { numerator, denominator }) : price];
  });
  return { ...tier, stated: new Map(stated) };
}

/**
 * A service tier's periods cut where an announced change of the standard price lies behind the day of their data: a list
 * without dates has the tier as it was on that day, so from the change on it is the same share of the new price. Gemini 4
 * Argon at flex, $1 a million of input while the standard price is $2, is $2 from 1 December 2026 on, when that is $4.
 */
export function followStandard(
  periods: readonly ListedPeriod[],
  standard: readonly ListedPeriod[],
): readonly ListedPeriod[] {
  return periods.flatMap((period) => {
    const asOfMs = Date.parse(period.asOf);
    const isOfThatDay = period.validFromMs <= asOfMs && asOfMs < period.validToMs;
    const before = standard.find(({ validFromMs, validToMs }) => validFromMs <= asOfMs && asOfMs < validToMs);
    if (!isOfThatDay || before === undefined) return [period];
    let last = period;
    const parts = [period];
    for (const after of standard) {
      if (after.validFromMs <= asOfMs || after.validFromMs >= period.validToMs) continue;
      const part = {
        ...period,
        validFromMs: after.validFromMs,
        catalogue: `${period.catalogue} (at its share of the standard price)`,
        tiers: period.tiers.map((tier) => moved(tier, before, after)),
      };
      if (isSamePrice(last, part)) continue;
      parts[parts.length - 1] = { ...last, validToMs: after.validFromMs };
      parts.push(part);
      last = part;
    }
    return parts;
  });
}
