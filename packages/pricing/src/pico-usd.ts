/**
 * Exact money: 1 USD = 10^12 pico-dollars, so a list price per million tokens with up to six decimals is a whole
 * number per token (e.g. $0.15 per million tokens = 150 000 pico-dollars a token).
 */
export type PicoUsd = bigint & { readonly __unit: 'pico-usd' };

/** Pico-dollars in one dollar. */
export const PICO_PER_USD = 1_000_000_000_000n;

/** The decimal places of a dollar amount in pico-dollars, also the scale of `Decimal(38, 12)` in ClickHouse. */
const PICO_DECIMALS = 12;

/** Marks a bigint of pico-dollars as money. */
export function picoUsd(amount: bigint): PicoUsd {
  return amount as PicoUsd;
}

/**
 * Reads a decimal dollar string exactly, e.g. `parsePicoUsd('0.00472')` is 4 720 000 000n. Up to 12 decimals and an
 * exponent (`1e-7`) are accepted.
 * @throws RangeError when the text is no decimal number or is finer than a pico-dollar.
 */
export function parsePicoUsd(text: string): PicoUsd {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  const whole = match?.[2] ?? '';
  const fraction = match?.[3] ?? '';
  if (!match || whole + fraction === '')
    throw new RangeError(`"${text}" is not a decimal dollar amount, e.g. "0.0123"`);
  const shift = PICO_DECIMALS + Number(match[4] ?? 0) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift < 0 && digits % 10n ** BigInt(-shift) !== 0n) {
    throw new RangeError(`"${text}" is finer than a pico-dollar (12 decimals); round it first`);
  }
  const magnitude = shift < 0 ? digits / 10n ** BigInt(-shift) : digits * 10n ** BigInt(shift);
  return picoUsd(match[1] === '-' ? -magnitude : magnitude);
}

/** Writes pico-dollars as the shortest exact decimal string of dollars, e.g. 4 720 000 000n is `"0.00472"`. */
export function formatPicoUsd(amount: PicoUsd): string {
  if (amount >= 0n && amount < PICO_PER_USD) return formatBelowOneDollar(Number(amount));
  const negative = amount < 0n;
  const text = (negative ? 0n - amount : amount).toString().padStart(PICO_DECIMALS + 1, '0');
  const fraction = text.slice(-PICO_DECIMALS).replace(/0+$/, '');
  return `${negative ? '-' : ''}${text.slice(0, -PICO_DECIMALS)}${fraction === '' ? '' : `.${fraction}`}`;
}

const PICO_PER_MICRO = 1_000_000;

/**
 * Most calls cost less than a dollar, and a double holds that many pico-dollars exactly. In two halves of six decimals,
 * because small whole numbers are divided and written several times faster.
 */
function formatBelowOneDollar(pico: number): string {
  if (pico === 0) return '0';
  const micro = Math.floor(pico / PICO_PER_MICRO);
  const rest = pico - micro * PICO_PER_MICRO;
  return rest === 0 ? `0.${sixDecimals(micro, true)}` : `0.${sixDecimals(micro, false)}${sixDecimals(rest, true)}`;
}

/** A whole number below a million as six decimals; `isLast`: without the zeros at the end, which say nothing there. */
function sixDecimals(value: number, isLast: boolean): string {
  let digits = value | 0;
  let decimals = 6;
  if (isLast) {
    for (; digits % 10 === 0; decimals -= 1) digits = (digits / 10) | 0;
  }
  const text = String(digits);
  return text.length === decimals ? text : '00000'.slice(0, decimals - text.length) + text;
}
