import type { Point } from './api.js';
import { nameOf } from './format.js';
import type { Range } from './range.js';

/** One value of the dimension: its sum, and its top edge in the stack at each step. */
export interface StackedSeries {
  readonly name: string;
  readonly total: number;
  readonly unpricedCalls: number;
  readonly cumulative: readonly number[];
}

export interface StackedCosts {
  /** Start of each step, Unix seconds, without gaps, ending with the step that holds now. */
  readonly startSeconds: readonly number[];
  readonly stepSeconds: number;
  /** Largest total first; at the end "everything else" when there are more values than colours. */
  readonly series: readonly StackedSeries[];
}

const MOST_SERIES = 8;

/**
 * Lays the points out on a gapless grid and stacks them, e.g. models a ($2) and b ($1) in one hour become the edges
 * 2 and 3. Values beyond the seven largest are summed into one series.
 */
export function stackCosts(points: readonly Point[], dimension: string, range: Range, nowMs: number): StackedCosts {
  const last = Math.floor(nowMs / 1000 / range.stepSeconds) * range.stepSeconds;
  const steps = Math.round((range.days * 86_400) / range.stepSeconds);
  const first = last - (steps - 1) * range.stepSeconds;
  const startSeconds = Array.from({ length: steps }, (_, index) => first + index * range.stepSeconds);

  const costs = new Map<string, number[]>();
  const unpriced = new Map<string, number>();
  for (const point of points) {
    const index = Math.round((Date.parse(point.start) / 1000 - first) / range.stepSeconds);
    if (index < 0 || index >= steps) continue;
    const name = nameOf({ [dimension]: point.key[dimension] ?? '' });
    const values = costs.get(name) ?? startSeconds.map(() => 0);
    values[index] = (values[index] ?? 0) + Number(point.cost_usd);
    costs.set(name, values);
    unpriced.set(name, (unpriced.get(name) ?? 0) + point.unpriced_calls);
  }

  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const ranked = [...costs]
    .map(([name, values]) => ({ name, values, total: sum(values), unpricedCalls: unpriced.get(name) ?? 0 }))
    .sort((a, b) => b.total - a.total);
  const shown = ranked.length > MOST_SERIES ? ranked.slice(0, MOST_SERIES - 1) : ranked;
  const others = ranked.slice(shown.length);
  if (others.length > 0) {
    const values = startSeconds.map((_, index) => sum(others.map((other) => other.values[index] ?? 0)));
    shown.push({
      name: `everything else (${others.length})`,
      values,
      total: sum(values),
      unpricedCalls: sum(others.map((other) => other.unpricedCalls)),
    });
  }

  const edge = startSeconds.map(() => 0);
  const series = shown.map(({ name, values, total, unpricedCalls }) => {
    values.forEach((value, index) => (edge[index] = (edge[index] ?? 0) + value));
    return { name, total, unpricedCalls, cumulative: [...edge] };
  });
  return { startSeconds, stepSeconds: range.stepSeconds, series };
}
