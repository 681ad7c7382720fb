import { createRandom, normalQuantile, quantileOfSorted } from './statistics.js';
import type { DayNoise } from './uncertainty.js';

/** Probabilities whose quantiles a forecast gives, as they are written in JSON. */
export const QUANTILE_LEVELS = ['0.025', '0.1', '0.25', '0.5', '0.75', '0.9', '0.975'] as const;

/** One of `QUANTILE_LEVELS`. */
export type QuantileLevel = (typeof QUANTILE_LEVELS)[number];

/** A value for each of `QUANTILE_LEVELS`. */
export type Quantiles<Value> = Readonly<Record<QuantileLevel, Value>>;

/** Builds one value for each of `QUANTILE_LEVELS`. */
export function mapQuantiles<Value>(build: (level: QuantileLevel) => Value): Quantiles<Value> {
  return {
    '0.025': build('0.025'),
    '0.1': build('0.1'),
    '0.25': build('0.25'),
    '0.5': build('0.5'),
    '0.75': build('0.75'),
    '0.9': build('0.9'),
    '0.975': build('0.975'),
  };
}

/** What is simulated. */
export interface SimulationInput {
  /** Expected USD of each future day. */
  readonly expectedUsd: readonly number[];
  /** How many of the first days belong to the sum. */
  readonly sumDays: number;
  /** Share of the first day that belongs to the sum, 0…1. */
  readonly firstDayShare: number;
  readonly noise: DayNoise;
  /** Standard deviation of the log of the level's drift. */
  readonly driftDeviation: number;
  readonly pathCount: number;
  readonly seed: number;
}

/** Quantiles of single days and of their sum. */
export interface SimulatedQuantiles {
  readonly daysUsd: Quantiles<readonly number[]>;
  readonly sumUsd: Quantiles<number>;
}

/** One drift factor a path: evenly spread over the log-normal distribution and shuffled, so few paths reach its tails. */
function drawDrifts(pathCount: number, deviation: number, random: () => number): Float64Array {
  const drifts = Float64Array.from({ length: pathCount }, (_, path) =>
    Math.exp(deviation * normalQuantile((path + 0.5) / pathCount)),
  );
  for (let last = pathCount - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const swapped = drifts[last] ?? 1;
    drifts[last] = drifts[other] ?? 1;
    drifts[other] = swapped;
  }
  return drifts;
}

function drawRatio(noise: DayNoise, random: () => number): number {
  const target = random();
  let low = 0;
  let high = noise.cumulativeWeights.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((noise.cumulativeWeights[middle] ?? 1) < target) low = middle + 1;
    else high = middle;
  }
  return noise.ratios[low] ?? 1;
}

/**
 * Draws paths of the coming days: expected day × a resampled past ratio × the path's drift of the level. The sum of a
 * path has the spread of a sum, which intervals of single days do not give. Deterministic for a seed.
 */
export function simulateQuantiles(input: SimulationInput): SimulatedQuantiles {
  const { expectedUsd, sumDays, firstDayShare, noise, driftDeviation, pathCount, seed } = input;
  const random = createRandom(seed);
  const drifts = drawDrifts(pathCount, driftDeviation, random);
  const sums = new Float64Array(pathCount);
  const days = expectedUsd.map((dayUsd, index) => {
    const values = new Float64Array(pathCount);
    const shareInSum = index >= sumDays ? 0 : index === 0 ? firstDayShare : 1;
    for (let path = 0; path < pathCount; path++) {
      const value = dayUsd * drawRatio(noise, random) * (drifts[path] ?? 1);
      values[path] = value;
      sums[path] = (sums[path] ?? 0) + value * shareInSum;
    }
    return values.sort();
  });
  sums.sort();
  return {
    daysUsd: mapQuantiles((level) => days.map((values) => quantileOfSorted(values, Number(level)))),
    sumUsd: mapQuantiles((level) => quantileOfSorted(sums, Number(level))),
  };
}
