import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { runBudgetTest } from '../../src/service/budget-test.js';

const FILE = `
budgets:
  - name: search a day
    limit_usd: 10
    window: day
    time_zone: Asia/Kathmandu
    scope: { feature: search }
  - name: each user
    limit_usd: 4
    group_by: [user]
    thresholds: [100]
spend:
  - { at: 2026-11-21T18:10:00Z, usd: 6, of: { feature: search, user: ann } }
  - { at: 2026-11-21T18:20:00Z, usd: 4.999999999999, of: { feature: search, user: bob } }
  - { at: 2026-11-21T18:30:00Z, usd: "0.000000000001", of: { feature: search, user: cy } }
  - { at: 2026-11-21T18:40:00Z, usd: 100, of: { feature: chat, user: dan } }
alerts:
  - { at: 2026-11-21T18:10:00Z, budget: search a day, threshold: 50 }
  - { at: 2026-11-21T18:10:00Z, budget: each user, threshold: 100, of: { user: ann } }
  - { at: 2026-11-21T18:20:00Z, budget: each user, threshold: 100, of: { user: bob } }
  - { at: 2026-11-21T18:40:00Z, budget: each user, threshold: 100, of: { user: dan } }
`;

describe('a budget test file', () => {
  it('is judged to the minute of a zone and to the pico-dollar', () => {
    // Kathmandu's midnight is 18:15 UTC: a new day begins between the first and the second spend.
    const result = runBudgetTest(FILE, 'budgets.yaml');
    expect(result.missing).toEqual([]);
    // The second and third spend add up to exactly half of the limit of the new day.
    expect(result.unexpected).toEqual(['2026-11-21T18:30:00.000Z budget "search a day" 50 %']);
    expect(result.passed).toBe(false);
  });

  it('says which wanted alert did not fire', () => {
    const wanted = 'alerts:\n  - { at: 2026-11-21T18:10:00Z, budget: search a day, threshold: 90 }\n';
    const result = runBudgetTest(FILE.replace(/alerts:[^]*/, wanted), 'budgets.yaml');
    expect(result.missing).toEqual(['2026-11-21T18:10:00.000Z budget "search a day" 90 %']);
  });

  it('has its errors named with line and fix', () => {
    expect(() => runBudgetTest(FILE.replace('usd: 6', 'use: 6'), 'budgets.yaml')).toThrow(ConfigError);
    expect(() => runBudgetTest(FILE.replace('usd: 6', 'use: 6'), 'budgets.yaml')).toThrow(
      'unknown key "use" in spend[0]; did you mean "usd"? (budgets.yaml:13)',
    );
  });
});
