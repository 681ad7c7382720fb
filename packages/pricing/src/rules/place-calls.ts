import { FIRST_PERIOD_MS, LAST_PERIOD_MS } from '../build-periods.js';
import type { RateKey, RatePeriod } from '../rates.js';
import { holdsOver, matchesKey } from './match-rule.js';
import type { PriceRules } from './price-rules.js';

/** The key that calls are priced by within a time; a rule of the user's may have said where they are. */
export interface Placed {
  readonly key: RateKey;
  readonly fromMs: number;
  readonly toMs: number;
  /** `region:NAME` where a rule did. */
  readonly ruleId?: string;
}

/**
 * Where the calls of a key are, oldest first and without a gap. A call that names its region is there; of the rules that
 * match another one, the first holds: with a rule for `eu` from 2026-07-01 on, calls before are `''` and later ones `eu`.
 */
export function placesOf(key: RateKey, { regions = [] }: PriceRules): readonly Placed[] {
  const matching = key.region === '' ? regions.filter(({ region: _region, ...scope }) => matchesKey(scope, key)) : [];
  const instants = [
    FIRST_PERIOD_MS,
    LAST_PERIOD_MS,
    ...matching.flatMap(({ fromMs = FIRST_PERIOD_MS, toMs = LAST_PERIOD_MS }) => [fromMs, toMs]),
  ];
  const sorted = [...new Set(instants)]
    .filter((instant) => instant >= FIRST_PERIOD_MS && instant <= LAST_PERIOD_MS)
    .sort((a, b) => a - b);
  return sorted.slice(0, -1).map((fromMs, index) => {
    const toMs = sorted[index + 1] ?? LAST_PERIOD_MS;
    const rule = matching.find((candidate) => holdsOver(candidate, fromMs, toMs));
    return rule === undefined
      ? { key, fromMs, toMs }
      : { key: { ...key, region: rule.region }, fromMs, toMs, ruleId: `region:${rule.name}` };
  });
}

/** Those of a place's prices that hold while calls are there, each with the rule that put them there. */
export function pricesIn({ fromMs, toMs, ruleId }: Placed, periods: readonly RatePeriod[]): RatePeriod[] {
  return periods.flatMap((period): RatePeriod[] => {
    const validFromMs = Math.max(period.validFromMs, fromMs);
    const validToMs = Math.min(period.validToMs, toMs);
    if (validFromMs >= validToMs) return [];
    const ruleIds = ruleId === undefined ? period.ruleIds : [ruleId, ...(period.ruleIds ?? [])];
    return [{ ...period, validFromMs, validToMs, ...(ruleIds === undefined ? {} : { ruleIds }) }];
  });
}
