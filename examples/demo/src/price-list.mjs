// What the replay provider charges: typed in by hand from the providers' public price pages, US dollars per million
// tokens, standard processing unless a tier says otherwise. It is on purpose not read from Costel's own catalogue:
// the demo compares two price lists that know nothing of each other.
//   OpenAI: https://openai.com/api/pricing      Anthropic: https://claude.com/pricing

/**
 * Dollars per million tokens as decimal strings. Output includes reasoning, as both providers bill it.
 * @typedef {object} TokenPrices
 * @property {string} input
 * @property {string} [cachedInput] input tokens read from a cache
 * @property {string} [cacheWrite5m] input tokens written to a cache for five minutes
 * @property {string} [cacheWrite1h] input tokens written to a cache for an hour
 * @property {string} output
 */

/**
 * @typedef {object} ModelPrices
 * @property {'openai' | 'anthropic'} provider
 * @property {TokenPrices} standard
 * @property {TokenPrices} [flex]
 * @property {TokenPrices} [priority]
 * @property {{ aboveInputTokens: number, prices: TokenPrices }} [longContext] prices of the whole call above so much input
 */

/** Dollars per search: $10 per thousand web searches, on top of the tokens. */
export const WEB_SEARCH_USD = '0.01';

/** @type {Readonly<Record<string, ModelPrices>>} */
export const PRICE_LIST = {
  'gpt-4o-2024-08-06': {
    provider: 'openai',
    standard: { input: '2.50', cachedInput: '1.25', output: '10.00' },
  },
  'gpt-4o-mini-2024-07-18': {
    provider: 'openai',
    standard: { input: '0.15', cachedInput: '0.075', output: '0.60' },
  },
  'gpt-4.1-2025-04-14': {
    provider: 'openai',
    standard: { input: '2.00', cachedInput: '0.50', output: '8.00' },
  },
  'gpt-4.1-mini-2025-04-14': {
    provider: 'openai',
    standard: { input: '0.40', cachedInput: '0.10', output: '1.60' },
  },
  'gpt-5-2025-08-07': {
    provider: 'openai',
    standard: { input: '1.25', cachedInput: '0.125', output: '10.00' },
    flex: { input: '0.625', cachedInput: '0.0625', output: '5.00' },
    priority: { input: '2.50', cachedInput: '0.25', output: '20.00' },
  },
  'gpt-5-mini-2025-08-07': {
    provider: 'openai',
    standard: { input: '0.25', cachedInput: '0.025', output: '2.00' },
    flex: { input: '0.125', cachedInput: '0.0125', output: '1.00' },
    priority: { input: '0.45', cachedInput: '0.045', output: '3.60' },
  },
  'gpt-5.4-2026-03-05': {
    provider: 'openai',
    standard: { input: '2.50', cachedInput: '0.25', output: '15.00' },
    longContext: {
      aboveInputTokens: 272_000,
      prices: { input: '5.00', cachedInput: '0.50', output: '22.50' },
    },
  },
  'o4-mini-2025-04-16': {
    provider: 'openai',
    standard: { input: '1.10', cachedInput: '0.275', output: '4.40' },
    priority: { input: '2.00', cachedInput: '0.50', output: '8.00' },
  },
  'text-embedding-3-small': { provider: 'openai', standard: { input: '0.02', output: '0' } },
  'text-embedding-3-large': { provider: 'openai', standard: { input: '0.13', output: '0' } },
  'claude-haiku-4-5-20251001': {
    provider: 'anthropic',
    standard: { input: '1.00', cachedInput: '0.10', cacheWrite5m: '1.25', cacheWrite1h: '2.00', output: '5.00' },
  },
  'claude-sonnet-4-6': {
    provider: 'anthropic',
    standard: { input: '3.00', cachedInput: '0.30', cacheWrite5m: '3.75', cacheWrite1h: '6.00', output: '15.00' },
  },
  'claude-opus-4-8': {
    provider: 'anthropic',
    standard: { input: '5.00', cachedInput: '0.50', cacheWrite5m: '6.25', cacheWrite1h: '10.00', output: '25.00' },
  },
};
