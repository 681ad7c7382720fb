import { expect, test } from 'vitest';
import { crossedThresholds, demoBudgets, missingAlerts } from '../src/budget-watch.mjs';

const period = { start: '2026-11-22T00:00:00.000Z', end: '2026-11-23T00:00:00.000Z' };
const budget = (spent_usd: string) => ({
  name: 'demo per day',
  period,
  limit_usd: '2',
  spent_usd,
  thresholds: [50, 75, 90, 100],
});
const alert = (threshold: number) => ({
  idempotency_key: `key-${threshold}`,
  kind: 'budget_threshold',
  state: 'firing',
  budget: 'demo per day',
  period,
  threshold,
  spent_usd: '1',
  message: '',
});

test('a threshold is crossed when spend reaches it, not before, and only once', () => {
  const crossed = (before: string, after: string) =>
    crossedThresholds([budget(before)], [budget(after)]).map((crossing) => crossing.threshold);
  expect(crossed('0', '0.999999999999')).toEqual([]);
  expect(crossed('0', '1')).toEqual([50]);
  expect(crossed('1', '1.9')).toEqual([75, 90]);
  expect(crossed('1.9', '5')).toEqual([100]);
  expect(crossed('5', '6')).toEqual([]);
});

test('a period that began during the run starts from nothing', () => {
  const next = { ...budget('1.5'), period: { start: '2026-11-23T00:00:00.000Z', end: '2026-11-24T00:00:00.000Z' } };
  expect(crossedThresholds([budget('5')], [next]).map((crossing) => crossing.threshold)).toEqual([50, 75]);
});

test('other budgets are none of the demo’s business', () => {
  expect(demoBudgets([{ ...budget('1'), name: 'production' }])).toEqual([]);
});

test('an alert is missing until one with its budget, period and threshold has come', () => {
  const crossings = crossedThresholds([budget('0')], [budget('1.6')]);
  expect(missingAlerts(crossings, [alert(50), alert(90)]).map((crossing) => crossing.threshold)).toEqual([75]);
  expect(missingAlerts(crossings, [alert(50), alert(75)])).toEqual([]);
});
