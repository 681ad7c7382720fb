import { describe, expect, it } from 'vitest';

import { toAlertJson } from '../src/alert-json.js';
import { idempotencyKeyOf } from '../src/alert.js';
import { createLogChannel } from '../src/log-channel.js';
import { alertOf, notificationOf } from './alert-fixtures.js';

describe('toAlertJson', () => {
  it('is what receivers are promised', () => {
    expect(toAlertJson(notificationOf())).toEqual({
      id: 'a1',
      idempotency_key: 'k1',
      kind: 'budget_threshold',
      severity: 'warning',
      state: 'firing',
      budget: 'Search',
      scope: { feature: 'search' },
      period: { start: '2026-11-01T00:00:00.000Z', end: '2026-12-01T00:00:00.000Z' },
      threshold: 75,
      spent_usd: '7.6',
      limit_usd: '10',
      message: 'budget "Search" has reached 75 % of $10.00 in 2026-11: $7.60 spent',
      started_at: '2026-11-22T12:00:00.000Z',
      sent_at: '2026-11-22T12:00:01.500Z',
      late: false,
      url: 'http://127.0.0.1:4320/budgets/search',
    });
  });

  it('leaves out what an alert without a budget does not have', () => {
    const { budget: _b, period: _p, thresholdPercent: _t, limitUsd: _l, ...rest } = alertOf('a2');
    const json = toAlertJson(notificationOf({ alert: rest }));
    expect(Object.keys(json)).not.toEqual(expect.arrayContaining(['budget']));
    for (const field of ['budget', 'period', 'threshold', 'limit_usd']) expect(field in json).toBe(false);
  });
});

describe('idempotencyKeyOf', () => {
  it('tells alerts, states and channels apart', () => {
    const keys = [
      idempotencyKeyOf('a', 'firing', 'hook'),
      idempotencyKeyOf('a', 'resolved', 'hook'),
      idempotencyKeyOf('a', 'firing', 'log'),
      idempotencyKeyOf('b', 'firing', 'hook'),
    ];
    expect(new Set(keys).size).toBe(4);
    expect(keys[0]).toBe(idempotencyKeyOf('a', 'firing', 'hook'));
    expect(keys[0]).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('createLogChannel', () => {
  it('writes a notification as one line, whatever its text', async () => {
    const lines: string[] = [];
    const channel = createLogChannel({ writeLine: (line) => lines.push(line) });
    const alert = alertOf('a1', { message: 'two\nlines' });
    expect(await channel.send(notificationOf({ alert }))).toEqual({ isDelivered: true });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('\n');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ id: 'a1', message: 'two\nlines' });
    expect(channel.name).toBe('log');
  });
});
