import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

import { forecastTask, type ForecastAnswer } from '../src/task.js';

const DATA = new URL('../../../../shared/data/forecast/', import.meta.url);
const isDataPresent = existsSync(new URL('truth.jsonl', DATA));

interface Truth {
  readonly id: string;
  readonly domain: string;
  readonly series_id: string;
  /** Total of the month. */
  readonly total: number;
  readonly spent: number;
}

interface Score {
  readonly wape: number;
  readonly wis: number;
  readonly coverage80: number;
  readonly count: number;
}

function readLines(name: string): readonly string[] {
  return readFileSync(new URL(name, DATA), 'utf8').trim().split('\n');
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}

/** Weighted interval score of median, 80 % and 95 % interval, as a share of the actual total. */
function weightedIntervalScore(truth: Truth, { quantiles }: ForecastAnswer['month_total']): number {
  const actual = truth.total;
  const at = (level: keyof typeof quantiles): number => truth.spent + quantiles[level];
  const interval = (low: number, high: number, alpha: number): number =>
    high - low + (2 / alpha) * (Math.max(low - actual, 0) + Math.max(actual - high, 0));
  const score =
    0.5 * Math.abs(actual - at('0.5')) +
    0.1 * interval(at('0.1'), at('0.9'), 0.2) +
    0.025 * interval(at('0.025'), at('0.975'), 0.05);
  return Math.min(5, score / 2.5 / actual);
}

function scoreOf(truths: readonly Truth[], answers: ReadonlyMap<string, ForecastAnswer>): Score {
  const bySeries = new Map<string, { error: number; total: number }>();
  const intervalScores: number[] = [];
  let covered = 0;
  for (const truth of truths) {
    const answer = answers.get(truth.id);
    if (answer === undefined) throw new Error(`no answer for ${truth.id}`);
    const sums = bySeries.get(truth.series_id) ?? { error: 0, total: 0 };
    sums.error += Math.abs(truth.spent + answer.month_total.mean - truth.total);
    sums.total += truth.total;
    bySeries.set(truth.series_id, sums);
    intervalScores.push(weightedIntervalScore(truth, answer.month_total));
    const { quantiles } = answer.month_total;
    const isAbove = truth.spent + quantiles['0.1'] <= truth.total;
    if (isAbove && truth.total <= truth.spent + quantiles['0.9']) covered++;
  }
  return {
    wape: mean([...bySeries.values()].map(({ error, total }) => error / total)),
    wis: mean(intervalScores),
    coverage80: covered / truths.length,
    count: truths.length,
  };
}

if (!isDataPresent) console.info('forecast score: ../shared/data/forecast is not here, so the score was not measured');

describe.runIf(isDataPresent)('the score on month-end tasks', () => {
  const answers = isDataPresent
    ? new Map(
        readLines('tasks.jsonl')
          .map(forecastTask)
          .map((answer) => [answer.id, answer]),
      )
    : new Map();
  const truths = isDataPresent ? readLines('truth.jsonl').map((line): Truth => JSON.parse(line) as Truth) : [];

  it.each([
    ['nn5', 288, { wape: 0.062, wis: 0.027 }],
    ['wiki', 42, { wape: 0.024, wis: 0.014 }],
  ] as const)('is at least as good on %s as when it was written', (domain, count, limit) => {
    const score = scoreOf(
      truths.filter((truth) => truth.domain === domain),
      answers,
    );
    expect(score.count).toBe(count);
    expect(score.wape).toBeLessThanOrEqual(limit.wape);
    expect(score.wis).toBeLessThanOrEqual(limit.wis);
    expect(score.coverage80).toBeGreaterThanOrEqual(0.75);
  });
});
