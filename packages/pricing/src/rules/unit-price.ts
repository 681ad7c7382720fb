import { picoUsd, type PicoUsd } from '../pico-usd.js';

/** A decimal number as a whole number of `10^-decimals`. */
interface Decimal {
  readonly digits: bigint;
  readonly decimals: number;
}

const PICO_DECIMALS = 12;

/** @throws RangeError when the text is no decimal number >= 0. */
function parseDecimal(text: string): Decimal {
  const match = /^(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text.trim());
  const whole = match?.[1] ?? '';
  const fraction = match?.[2] ?? '';
  if (match === null || whole + fraction === '')
    throw new RangeError(`"${text}" is not a decimal number >= 0, e.g. "0.0123"`);
  const decimals = fraction.length - Number(match[3] ?? 0);
  const digits = BigInt(whole + fraction);
  return decimals < 0 ? { digits: digits * 10n ** BigInt(-decimals), decimals: 0 } : { digits, decimals };
}

/** A price as people state it. */
export interface StatedAmount {
  /** Decimal amount in the currency, >= 0. */
  readonly amount: string;
  /** For how many units it is, e.g. `1000000` tokens; decimal, > 0. */
  readonly perUnits: string;
  /** Dollars that one unit of the currency buys; decimal, `'1'` for dollars. */
  readonly usdPerCurrencyUnit: string;
}

/**
 * The price of one unit, rounded half up to a pico-dollar, e.g. 2.00 EUR a million tokens at $1.0834 a euro are
 * 2 166 800 pico-dollars a token.
 * @throws RangeError when a text is no decimal number >= 0, or `perUnits` is 0.
 */
export function unitPrice({ amount, perUnits, usdPerCurrencyUnit }: StatedAmount): PicoUsd {
  const money = parseDecimal(amount);
  const rate = parseDecimal(usdPerCurrencyUnit);
  const units = parseDecimal(perUnits);
  if (units.digits === 0n) throw new RangeError(`a price for "${perUnits}" units: must be > 0`);
  const shift = PICO_DECIMALS + units.decimals - money.decimals - rate.decimals;
  const numerator = money.digits * rate.digits * 10n ** BigInt(Math.max(shift, 0));
  const denominator = units.digits * 10n ** BigInt(Math.max(-shift, 0));
  return picoUsd((numerator * 2n + denominator) / (denominator * 2n));
}

/** Hardware that is paid by the hour, and what it does in one. */
export interface GpuHour {
  /** Decimal amount for one GPU and hour, in the currency. */
  readonly amount: string;
  readonly usdPerCurrencyUnit: string;
  /** GPUs that serve the model together. */
  readonly gpus: number;
  /** Tokens that all of them together handle in an hour in which they do nothing else. */
  readonly tokensPerHour: number;
  /** Share of the paid time in which they work, (0, 100]; what they idle is spread over the work. */
  readonly utilizationPercent: number;
}

/**
 * The price of one token on hardware that is paid by the hour, e.g. 8 GPUs at $2.50 that write 4 000 000 tokens an hour
 * and are busy half of the time: 8 × 2.50 / (4 000 000 × 0.5) = $0.00001 a token, $10 a million.
 * @throws RangeError as {@link unitPrice}.
 */
export function gpuHourPrice({
  amount,
  usdPerCurrencyUnit,
  gpus,
  tokensPerHour,
  utilizationPercent,
}: GpuHour): PicoUsd {
  const perUnits = unitsOf(tokensPerHour, utilizationPercent, gpus);
  return unitPrice({ amount, perUnits, usdPerCurrencyUnit });
}

/** Tokens that one GPU-hour pays for, with nine decimals. */
function unitsOf(tokensPerHour: number, utilizationPercent: number, gpus: number): string {
  const millionthsOfPercent = BigInt(Math.round(utilizationPercent * 1e6));
  const scaled = (BigInt(tokensPerHour) * millionthsOfPercent * 10n) / BigInt(gpus);
  return `${scaled}e-9`;
}
