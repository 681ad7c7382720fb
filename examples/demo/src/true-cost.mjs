// The provider's own arithmetic: whole pico-dollars (10^-12 USD), so nothing is ever rounded.
import { PRICE_LIST, WEB_SEARCH_USD } from './price-list.mjs';

/**
 * What one answer used, in disjoint parts. `output` includes reasoning.
 * @typedef {object} Units
 * @property {number} input input tokens neither read from nor written to a cache
 * @property {number} cachedInput
 * @property {number} cacheWrite5m
 * @property {number} cacheWrite1h
 * @property {number} output
 * @property {number} reasoning the part of `output` that nobody gets to see
 * @property {number} webSearches
 */

/** @typedef {'standard' | 'flex' | 'priority'} Tier */

/** @returns {Units} */
export function noUnits() {
  return { input: 0, cachedInput: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0, webSearches: 0 };
}

/** @param {Units} units every input token, cached ones included: what providers call the prompt */
export function inputTokens(units) {
  return units.input + units.cachedInput + units.cacheWrite5m + units.cacheWrite1h;
}

/**
 * What a call costs, in pico-dollars, e.g. 300 000 input and 1 000 output tokens of gpt-5.4 are above 272 000 and cost
 * 300 000 × $5/M + 1 000 × $22.50/M = $1.5225.
 * @param {string} model
 * @param {Tier} tier
 * @param {Units} units
 * @returns {bigint | undefined} undefined for a model that is not on the price list
 */
export function trueCostPicoUsd(model, tier, units) {
  const entry = PRICE_LIST[model];
  if (entry === undefined) return undefined;
  const isLong = entry.longContext !== undefined && inputTokens(units) > entry.longContext.aboveInputTokens;
  const prices = isLong && entry.longContext ? entry.longContext.prices : entry[tier];
  if (prices === undefined) throw new RangeError(`the price list has no ${tier} price for ${model}`);
  /** @param {number} count @param {string | undefined} usdPerMillion @param {string} part */
  const costOf = (count, usdPerMillion, part) => {
    if (count === 0) return 0n;
    if (usdPerMillion === undefined) throw new RangeError(`the price list has no ${part} price for ${model}`);
    return BigInt(count) * picoUsdPerToken(usdPerMillion);
  };
  return (
    costOf(units.input, prices.input, 'input') +
    costOf(units.cachedInput, prices.cachedInput, 'cached input') +
    costOf(units.cacheWrite5m, prices.cacheWrite5m, '5 minute cache write') +
    costOf(units.cacheWrite1h, prices.cacheWrite1h, '1 hour cache write') +
    costOf(units.output, prices.output, 'output') +
    BigInt(units.webSearches) * parseUsd(WEB_SEARCH_USD)
  );
}

/** @param {string} usdPerMillion e.g. `0.0125` is 12 500 pico-dollars a token */
function picoUsdPerToken(usdPerMillion) {
  const pico = parseUsd(usdPerMillion);
  if (pico % 1_000_000n !== 0n) throw new RangeError(`$${usdPerMillion} per million tokens has more than 6 decimals`);
  return pico / 1_000_000n;
}

/**
 * Reads plain decimal dollars exactly, e.g. `0.00472` is 4 720 000 000n.
 * @param {string} text
 * @returns {bigint} pico-dollars
 * @throws {RangeError} when the text is no decimal number or has more than 12 decimals
 */
export function parseUsd(text) {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) throw new RangeError(`"${text}" is no decimal dollar amount with at most 12 decimals`);
  const magnitude = BigInt((match[2] ?? '') + (match[3] ?? '').padEnd(12, '0'));
  return match[1] === '-' ? -magnitude : magnitude;
}

/**
 * Writes pico-dollars as decimal dollars without loss, e.g. 4 720 000 000n is `0.00472`.
 * @param {bigint} pico
 */
export function formatUsd(pico) {
  const digits = (pico < 0n ? -pico : pico).toString().padStart(13, '0');
  const fraction = digits.slice(-12).replace(/0+$/, '');
  return `${pico < 0n ? '-' : ''}${digits.slice(0, -12)}${fraction === '' ? '' : `.${fraction}`}`;
}
