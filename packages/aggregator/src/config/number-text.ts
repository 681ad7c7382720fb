// Fifteen significant digits are what a number in YAML, TOML or JSON carries without loss.
const MAX_NUMBER_DIGITS = 15;

/** The decimal places that a number's text needs, e.g. 2 for `1.50e0` and 7 for `1e-7`. */
export function decimalsOf(text: string): number {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  return Math.max(0, (mantissa.split('.')[1] ?? '').length - Number(exponent));
}

/** Whether a number literal has more digits than a double keeps, e.g. 12345678901234.567. */
export function losesDigits(value: number): boolean {
  return Number.isFinite(value) && !Number.isInteger(value) && Number(value.toPrecision(MAX_NUMBER_DIGITS)) !== value;
}
