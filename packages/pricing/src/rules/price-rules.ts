import type { PicoUsd } from '../pico-usd.js';
import type { UsageBucket } from '../usage.js';

/** Prices by bucket in pico-dollars a unit; a bucket that is not named is not changed. */
export type RulePrices = Readonly<Partial<Record<UsageBucket, PicoUsd>>>;

/** Prices for calls with more input tokens than the threshold; whole calls, as in `RateTier`. */
export interface ThresholdPrices {
  readonly aboveInputTokens: number;
  readonly prices: RulePrices;
}

/** The calls and the time that a rule is for. Absent conditions hold for all. */
export interface RuleScope {
  /** Names the rule in rate ids, explanations and errors; unique among rules of its kind. */
  readonly name: string;
  /** `gen_ai.provider.name` or an alias. */
  readonly provider?: string;
  /** Model name in which `*` stands for any characters, letter case aside, e.g. `gpt-5*`. */
  readonly model?: string;
  readonly serviceTier?: string;
  readonly region?: string;
  /** Half-open, milliseconds since 1970 UTC; absent: since or for ever. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** How the user stated a rule, for explanations: a rule is cut where an exchange rate changes, its statement is whole. */
export interface RuleStatement {
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Absent for dollars. */
  readonly exchange?: { readonly currency: string; readonly usd: string; readonly fromMs: number };
  /** Where prices were computed from hardware by the hour. */
  readonly hardware?: { readonly gpuHour: string; readonly gpus: number; readonly utilizationPercent: number };
}

/**
 * Prices of the user's own: each bucket named here has this price, each other one keeps the list's. Where no list knows
 * the model, these are all prices it has. A price that is stated at no threshold holds at all of the list's.
 */
export interface PriceOverride extends RuleScope {
  readonly prices: RulePrices;
  /** Ascending. */
  readonly above?: readonly ThresholdPrices[];
  readonly statement?: RuleStatement;
}

/** A negotiated discount: percent off every price, or rates in their place; where both, the rates stay undiscounted. */
export interface PriceDiscount extends RuleScope {
  /** Only calls of this `costel.feature`. */
  readonly feature?: string;
  /** Millionths of the price that are taken off, e.g. 150 000 for 15 %; negative is a surcharge. */
  readonly millionthsOff?: number;
  readonly prices?: RulePrices;
  readonly statement?: RuleStatement;
}

/** Where calls are that do not say it themselves: they are priced as calls that name this region. */
export interface RegionRule extends RuleScope {
  readonly region: string;
}

/** What a call of an unknown model is assumed to cost at most within a time, for budgets; it is never a price. */
export interface CeilingPrice {
  readonly prices: RulePrices;
  /** Half-open, milliseconds since 1970 UTC. */
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The user's own prices, from the configuration. Of the overrides that match, the first one holds; of the discounts
 * that match, the first one: they do not add up. A discount applies to overrides too.
 */
export interface PriceRules {
  readonly overrides: readonly PriceOverride[];
  readonly discounts: readonly PriceDiscount[];
  /** Of those that match a call without a region, the first one holds. Absent: none. */
  readonly regions?: readonly RegionRule[];
  /** Ascending, without overlap or gap. Absent: nothing is assumed. */
  readonly ceiling?: readonly CeilingPrice[];
}

/** No rules: every price is a list's. */
export const NO_RULES: PriceRules = { overrides: [], discounts: [] };
