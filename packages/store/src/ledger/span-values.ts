/*
 * Texts of a span into values of a ledger row, as SQL. TOTAL: no text may make them throw, for a view that throws stops the
 * collector for ever, and an ignored error loses the whole block. Hence only …OrNull casts, capped ranges and cut texts.
 */

/** Characters kept of a text that becomes a dimension; longer ones are cut. */
export const MAX_TEXT_CHARACTERS = 256;
/** A start this far ahead of its receipt is a wrong clock, not a late span (also the least offset that is applied). */
export const CLOCK_TOLERANCE_MS = 300_000;
/** A start this far behind its receipt is a wrong clock. */
export const MAX_LATENESS_MS = 400 * 86_400_000;
/** 2100-01-01 less a millisecond: dates of keys and partitions stay in [1970, 2100). */
export const MAX_INSTANT_MS = 4_102_444_799_999;
/** Dollars above which a stated cost is not believed. */
const MAX_STATED_COST_USD = 1_000_000_000;

/** Cut and made valid UTF-8, so that every reader can show it and a JSON answer stays JSON. */
export function cleanText(expression: string): string {
  return `toValidUTF8(leftUTF8(${expression}, ${MAX_TEXT_CHARACTERS}))`;
}

/** Dollars of a decimal or floating text, rounded to the pico-dollar; NULL when it is none or absurd. */
export function dollarsOf(rounded: string): string {
  return `if(${rounded} >= 0 AND ${rounded} <= ${MAX_STATED_COST_USD}, toDecimal128OrNull(toString(${rounded}), 12), NULL)`;
}

/** Dollars of a text, rounded to the pico-dollar but not yet held to a range: what {@link dollarsOf} takes. NULL when it is no number. */
export const roundedDollarsOf = (text: string): string => `round(toDecimal256OrNull(${text}, 30), 12)`;

/** An instant of milliseconds since 1970, held to [1970, 2100). */
export const instantOf = (expression: string): string =>
  `fromUnixTimestamp64Milli(least(greatest(${expression}, toInt64(0)), toInt64(${MAX_INSTANT_MS})), 'UTC')`;

/** A whole number of a text; NULL for what is none, has a fraction or is beyond 64 bits. */
export const wholeNumberOf = (text: string): string => `accurateCastOrNull(toFloat64OrNull(${text}), 'Int64')`;
