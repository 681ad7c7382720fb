const PICO_DECIMALS = 12;

/** A catalogue's price in whole pico-dollars, and whether it was a whole number of them. */
export interface PicoPerUnit {
  readonly pico: number;
  readonly isExact: boolean;
}

/**
 * A decimal dollar text for `per` units as whole pico-dollars a unit, rounded half up, e.g. `0.15` for 1 000 000 is
 * 150 000.
 * @throws Error when the text is no decimal >= 0 or the price exceeds 2^53 pico-dollars.
 */
export function pricePicoPerUnit(text: string, per: number): PicoPerUnit {
  const match = /^(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) throw new Error(`price "${text}" is not a decimal >= 0`);
  const fraction = match[2] ?? '';
  const shift = PICO_DECIMALS + Number(match[3] ?? 0) - fraction.length;
  const numerator = BigInt(`${match[1] ?? ''}${fraction}` || '0') * 10n ** BigInt(Math.max(shift, 0));
  const denominator = BigInt(per) * 10n ** BigInt(Math.max(-shift, 0));
  const pico = (numerator * 2n + denominator) / (denominator * 2n);
  if (pico > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`price "${text}" exceeds 2^53 pico-dollars a unit`);
  return { pico: Number(pico), isExact: numerator % denominator === 0n };
}
