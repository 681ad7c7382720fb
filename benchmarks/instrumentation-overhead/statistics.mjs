/** @typedef {{ median: number, q1: number, q3: number }} Summary the median and the bounds of the interquartile range */

/**
 * The value below which the given share of the values lies, interpolated between neighbours; the median of [1, 2] is 1.5.
 * @param {ArrayLike<number>} values at least one @param {number} share 0 to 1
 * @throws {RangeError} when there is no value
 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  if (sorted.length === 0) throw new RangeError('a quantile needs at least one value');
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** @param {ArrayLike<number>} values at least one @returns {Summary} */
export function summarize(values) {
  return { median: quantile(values, 0.5), q1: quantile(values, 0.25), q3: quantile(values, 0.75) };
}

/**
 * What something adds, from rounds measured side by side: each round's own difference, so that a slow minute of the
 * machine, which slows both, cancels out.
 * @param {readonly number[]} values one a round @param {readonly number[]} bases the control in the same rounds
 * @returns {Summary}
 */
export function pairedDifference(values, bases) {
  return summarize(values.map((value, round) => value - (bases[round] ?? Number.NaN)));
}
