/** Sums up to 0 for nothing. */
export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** The quantile at `probability` (0…1) of ascending values, interpolated; 0 for nothing. `[1, 3]` at 0.5 is 2. */
export function quantileOfSorted(ascending: ArrayLike<number>, probability: number): number {
  const position = probability * (ascending.length - 1);
  const index = Math.floor(position);
  const below = ascending[index] ?? 0;
  const above = ascending[index + 1] ?? below;
  return below + (above - below) * (position - index);
}

/** Uniform numbers in [0, 1), the same for the same seed in every process (32-bit state, Mulberry). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/**
 * Quantile of the standard normal distribution for a probability in (0, 1): 0.975 gives 1.96.
 * Rational approximation 26.2.23 of Abramowitz and Stegun, absolute error below 4.5e-4, far below what simulation resolves.
 */
export function normalQuantile(probability: number): number {
  if (probability > 0.5) return -normalQuantile(1 - probability);
  const t = Math.sqrt(-2 * Math.log(probability));
  const numerator = 2.515517 + t * (0.802853 + t * 0.010328);
  const denominator = 1 + t * (1.432788 + t * (0.189269 + t * 0.001308));
  return numerator / denominator - t;
}
