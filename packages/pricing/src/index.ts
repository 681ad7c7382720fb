export { countUsage, type CountedUsage, type TokenTotals } from './apis/token-totals.js';
export { withBeside } from './apis/add-reading.js';
export {
  createStreamReader,
  readItems,
  readUsage,
  SUPPORTED_APIS,
  type FinishOptions,
  type StreamReader,
} from './apis/api-table.js';
export { withImageSize } from './apis/images.js';
export { readSpeech } from './apis/openai-other.js';
export type { NotCounted, UsageReading } from './apis/usage-reading.js';
export type { Catalogue } from './catalogue/catalogue.js';
export { publishedSource } from './catalogue/published-prices.js';
export { parseCatalogues } from './catalogue/parse-catalogues.js';
export {
  computeCost,
  inputTokensOf,
  selectTier,
  type ComputedCost,
  type LineItem,
  type MissingRate,
} from './compute-cost.js';
export { estimateRequestTokens, estimateTokens } from './estimate.js';
export {
  answerOf,
  priceInteraction,
  priceReading,
  type AnswerLineItem,
  type InteractionAnswer,
  type PriceInteractionOptions,
  type ReadingContext,
} from './interaction/price-interaction.js';
export { priceInteractionLines, withItems, type LineError } from './interaction/price-lines.js';
export { formatPicoUsd, parsePicoUsd, PICO_PER_USD, picoUsd, type PicoUsd } from './pico-usd.js';
export { priceCall, type CallToPrice, type PricedCall, type PriceStatus } from './price-call.js';
export { findProvider, providerOfUrl, PROVIDERS, type ProviderRow } from './providers.js';
export {
  createPriceBook,
  LIST_PRICES,
  ratePeriods,
  resolveRates,
  type PriceBook,
  type PriceBookOptions,
  type RateLookup,
} from './price-book.js';
export type { AddedPrices, RateKey, RatePeriod, RateTier, UnpricedReason } from './rates.js';
export { checkRules, MAX_DISCOUNT_FEATURES } from './rules/check-rules.js';
export { compileRules } from './rules/compile-rules.js';
export type {
  Amounts,
  CeilingSource,
  DiscountSource,
  ExchangeRate,
  OverrideSource,
  RateSource,
  RuleProblem,
  RulesSource,
  SelfHostedSource,
} from './rules/rule-source.js';
export {
  NO_RULES,
  type CeilingPrice,
  type PriceDiscount,
  type PriceOverride,
  type RegionRule,
  type PriceRules,
  type RulePrices,
  type RuleScope,
  type RuleStatement,
  type ThresholdPrices,
} from './rules/price-rules.js';
export {
  INPUT_BUCKETS,
  MAX_BUCKET_COUNT,
  OUTPUT_BUCKETS,
  USAGE_BUCKETS,
  type Usage,
  type UsageBucket,
  type UsageQuality,
} from './usage.js';
