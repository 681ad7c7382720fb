import type { PicoUsd } from './pico-usd.js';
import type { UsageBucket } from './usage.js';

/** What a price depends on besides time and usage. Empty strings mean "standard" or "not stated". */
export interface RateKey {
  /** `gen_ai.provider.name`, e.g. `openai`, `anthropic`, `azure.ai.openai`. */
  readonly provider: string;
  /** The model that answered; the requested one where the answer names none. */
  readonly model: string;
  /** As stated by the response: `''` (standard), `batch`, `flex`, `priority`, `fast`, … */
  readonly serviceTier: string;
  /** Region or inference profile where it changes the price, else `''`. */
  readonly region: string;
}

/**
 * Prices that hold for calls with more than `aboveInputTokens` input tokens, within a daily window in UTC. Of the
 * tiers of a period that match a call, the last one prices the whole call, e.g. 200 001 input tokens at $6/M above
 * 200 000 cost $1.200006.
 */
export interface RateTier {
  readonly aboveInputTokens: number;
  /** Half-open window of the UTC day in seconds, `[0, 86 400)` when the price holds all day. */
  readonly fromSecondOfDay: number;
  readonly toSecondOfDay: number;
  /**
   * The only feature (`costel.feature`) whose calls this tier prices; absent or `''`: all. Where a discount depends on
   * the feature, its tiers follow those for all, so that the last match is the right one and no key holds a feature.
   */
  readonly feature?: string;
  /** By index of `USAGE_BUCKETS`: pico-dollars a unit; `null` where no price is known (never 0). */
  readonly prices: readonly (PicoUsd | null)[];
}

/** Prices that a list lacks and another one has: units beside tokens, the storage of caches. */
export interface AddedPrices {
  /** Name and version of the list, its own id of the entry. */
  readonly catalogue: string;
  readonly catalogueModel: string;
  readonly buckets: readonly UsageBucket[];
}

/** The prices of a rate key from `validFrom` (inclusive) to `validTo` (exclusive). */
export interface RatePeriod {
  readonly validFromMs: number;
  readonly validToMs: number;
  readonly tiers: readonly RateTier[];
  /** `override` where the user's own rules state prices, `catalogue` where prices are a list's, discounted or not. */
  readonly source: 'catalogue' | 'override';
  /** The catalogue's own model id; the model's name where no catalogue is behind the prices. */
  readonly catalogueModel: string;
  /** Date of the data: of the catalogue, or the day since which the override holds. */
  readonly asOf: string;
  /** Name and version of the catalogue behind the prices, e.g. `genai-prices 0.2.3`; absent where there is none. */
  readonly catalogue?: string;
  /** What is in the prices and not of that catalogue; absent: nothing. */
  readonly additions?: readonly AddedPrices[];
  /** The user's rules that made these prices, e.g. `override:contract`, `discount:acme`; absent where none did. */
  readonly ruleIds?: readonly string[];
}

/** Why a call has no price; stable codes, written to `costel.cost.reason` and the ledger. */
export type UnpricedReason =
  | 'unknown_provider'
  | 'unknown_model'
  | 'unknown_service_tier'
  | 'no_price_at_time'
  | 'no_price_for_bucket'
  | 'usage_missing'
  | 'usage_inconsistent';
