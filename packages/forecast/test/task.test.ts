import { describe, expect, it } from 'vitest';

import { ForecastError } from '../src/error.js';
import { forecastTask } from '../src/task.js';
import { datesFrom, historyOf, serviceDay } from './series-fixtures.js';

const TASK = {
  id: 'a|2026-03',
  history: historyOf(60, serviceDay(10, 0.2, 1)).map(({ date, valueUsd }) => [date, valueUsd]),
  dates: datesFrom(60, 30),
  rem: 12,
  spent: 99.5,
  domain: 'ignored',
};

function codeOf(line: string): string | undefined {
  try {
    forecastTask(line);
    return undefined;
  } catch (error) {
    return error instanceof ForecastError ? error.code : 'another error';
  }
}

describe('forecastTask', () => {
  it('answers with the days and the sum of the rest of the month', () => {
    const answer = forecastTask(JSON.stringify(TASK));
    expect(answer.id).toBe(TASK.id);
    expect(answer.mean).toHaveLength(30);
    expect(Object.keys(answer.quantiles)).toEqual(['0.025', '0.1', '0.25', '0.5', '0.75', '0.9', '0.975']);
    expect(answer.quantiles['0.9']).toHaveLength(30);
    expect(answer.month_total.mean).toBeCloseTo(
      answer.mean.slice(0, 12).reduce((total, day) => total + day, 0),
      9,
    );
  });

  it('sums all dates where nothing is said of the month', () => {
    const { id, history, dates } = TASK;
    const answer = forecastTask(JSON.stringify({ id, history, dates }));
    expect(answer.month_total.mean).toBeCloseTo(
      answer.mean.reduce((total, day) => total + day, 0),
      9,
    );
  });

  it.each([
    ['no JSON', '{"id":'],
    ['a list', '[]'],
    ['no id', JSON.stringify({ ...TASK, id: 7 })],
    ['no history', JSON.stringify({ ...TASK, history: 'x' })],
    ['a history entry that is none', JSON.stringify({ ...TASK, history: [['2026-01-01']] })],
    ['a text for a number', JSON.stringify({ ...TASK, rem: '12' })],
    ['dates that are none', JSON.stringify({ ...TASK, dates: [1] })],
  ])('refuses %s', (_what, line) => {
    expect(codeOf(line)).toBe('task_invalid');
  });

  it('passes on what is wrong with the values', () => {
    expect(codeOf(JSON.stringify({ ...TASK, rem: 31 }))).toBe('horizon_invalid');
    expect(codeOf(JSON.stringify({ ...TASK, history: [['2026-01-01', -1]] }))).toBe('history_invalid');
  });
});
