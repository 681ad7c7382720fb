import type { UsageBucket } from '../usage.js';
import type { RegionRule, RuleScope } from './price-rules.js';

/** Decimal prices by bucket as the user states them. */
export type Amounts = Readonly<Partial<Record<UsageBucket, string>>>;

/** Prices in a currency: for a million units (tokens, characters), or for one (a search, a second). */
export interface RateSource {
  /** ISO 4217 code or a name of the user's; `USD` needs no exchange rate. */
  readonly currency: string;
  readonly perMillion?: Amounts;
  readonly perUnit?: Amounts;
}

/** Prices of the user's own for a model that is bought by the token. */
export interface OverrideSource extends RuleScope, RateSource {
  readonly above?: readonly (Omit<RateSource, 'currency'> & { readonly aboveInputTokens: number })[];
}

/** A negotiated discount. */
export interface DiscountSource extends RuleScope, RateSource {
  readonly feature?: string;
  /** Up to four decimals; negative is a surcharge. */
  readonly percent?: number;
}

/** A model on hardware that is paid by the hour. */
export interface SelfHostedSource extends RuleScope {
  readonly currency: string;
  /** Decimal amount for one GPU and hour. */
  readonly gpuHour: string;
  readonly gpus: number;
  readonly utilizationPercent: number;
  /** Tokens an hour that all GPUs handle together, by bucket. */
  readonly tokensPerHour: Readonly<Partial<Record<UsageBucket, number>>>;
}

/** From an instant on, what one unit of a currency is worth in dollars. */
export interface ExchangeRate {
  readonly fromMs: number;
  readonly usd: string;
}

/** What calls without a price are assumed to cost at most: from the beginning, and from later instants on. */
export interface CeilingSource extends RateSource {
  /** Each holds until the next one begins. */
  readonly changes?: readonly (RateSource & { readonly fromMs: number })[];
}

/** Everything about prices that a user may state. */
export interface RulesSource {
  readonly currencies: Readonly<Record<string, readonly ExchangeRate[]>>;
  readonly overrides: readonly OverrideSource[];
  readonly discounts: readonly DiscountSource[];
  readonly selfHosted: readonly SelfHostedSource[];
  readonly regions?: readonly RegionRule[];
  readonly ceiling?: CeilingSource;
}

/** What is wrong with a rule, and where: the path is that of the source. */
export interface RuleProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
