import { expect, test } from 'vitest';
import { APPS, planCalls } from '../src/plan.mjs';
import { SCENARIOS } from '../src/scenarios.mjs';

const options = { calls: 200, seed: 'a', durationMs: 25_000 };

test('the same seed plans the same calls, another one plans others', () => {
  expect(planCalls(options)).toEqual(planCalls(options));
  expect(planCalls({ ...options, seed: 'b' })).not.toEqual(planCalls(options));
});

test('with room for it every scenario comes in every SDK', () => {
  const planned = new Set(planCalls(options).map((call) => `${call.app} ${call.scenario.name}`));
  for (const app of APPS) {
    for (const scenario of SCENARIOS.filter((candidate) => candidate.provider === app.provider)) {
      expect(planned.has(`${app.name} ${scenario.name}`), `${app.name} ${scenario.name}`).toBe(true);
    }
  }
});

test('calls are in order, within the run, and have ids of their own', () => {
  const calls = planCalls({ ...options, firstNumber: 500 });
  expect(calls).toHaveLength(200);
  expect(new Set(calls.map((call) => call.id)).size).toBe(200);
  expect(calls[0]?.id).toBe('call-500');
  for (const [index, call] of calls.entries()) {
    expect(call.atMs).toBeGreaterThanOrEqual(calls[index - 1]?.atMs ?? 0);
    expect(call.atMs).toBeLessThanOrEqual(options.durationMs);
  }
});

test('a small plan has as many calls as asked for', () => {
  expect(planCalls({ ...options, calls: 3 })).toHaveLength(3);
});
