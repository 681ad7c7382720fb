// The queries that are measured: the API's, as the page and the budgets ask them, and the views, as dashboards ask them.

const DAY_MS = 86_400_000;

/** The calendar month that lies at least ten days back or is at least ten days old. @param {number} nowMs */
function monthStart(nowMs) {
  const date = new Date(nowMs - 10 * DAY_MS);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)).toISOString();
}

/**
 * @typedef {{ name: string, targetMs?: number, via: 'api' | 'sql', text: () => string, rows: (answer: any) => number }} Query
 * `targetMs`: what its p95 must not exceed.
 */

/** @returns {Query[]} those that have a target first */
export function queriesAt(clock) {
  const month = () => `from=${monthStart(clock())}&to=${new Date(clock()).toISOString()}`;
  const groups = (answer) => answer.groups.length;
  const rows = (answer) => answer.data.length;
  const api = (name, targetMs, text, count = groups) => ({ name, targetMs, via: 'api', text, rows: count });
  const sql = (name, targetMs, text) => ({ name, targetMs, via: 'sql', text: () => text, rows });
  return [
    api('month by model', 100, () => `costs/summary?${month()}&group_by=model`),
    api(
      'month to date of one feature',
      100,
      () => `costs/summary?${month()}&filter.feature=feature-3`,
      (answer) => (answer.total.calls > 0 ? 1 : 0),
    ),
    api('top 20 users of the month', 100, () => `costs/by/user?${month()}&limit=20`),
    api(
      'hourly series of a week',
      100,
      () => `costs/hourly?days=7`,
      (answer) => answer.points.length,
    ),
    api('p95 latency by model, month', 100, () => `latency?${month()}&group_by=model`),
    sql(
      'last two hours raw: sums by model',
      300,
      `SELECT model, count() AS calls, sum(cost_usd) AS cost, quantile(0.95)(duration_ns) AS p95 FROM llm_calls_final
WHERE tenant = 'default' AND counted_at >= now() - INTERVAL 2 HOUR AND started >= now() - INTERVAL 3 HOUR GROUP BY model ORDER BY cost DESC`,
    ),
    sql(
      'last two hours raw: the latest 100 calls',
      300,
      `SELECT counted_at, trace_id, model, feature, user, cost_usd, duration_ns FROM llm_calls_final
WHERE tenant = 'default' AND counted_at >= now() - INTERVAL 2 HOUR AND started >= now() - INTERVAL 3 HOUR ORDER BY counted_at DESC LIMIT 100`,
    ),
    api('today by feature', undefined, () => 'costs/today?group_by=feature'),
    api(
      'hourly series of a week by model',
      undefined,
      () => 'costs/hourly?days=7&group_by=model',
      (answer) => answer.points.length,
    ),
    api('top 20 customers of the month', undefined, () => `costs/by/customer?${month()}&limit=20`),
    api('top 20 conversations of 7 days', undefined, () => 'costs/by/conversation?days=7&limit=20'),
    api('month by tag', undefined, () => `costs/summary?${month()}&group_by=tag.experiment`),
    api('one user by model, 7 days', undefined, () => 'costs/summary?days=7&group_by=model&filter.user=user-7'),
    sql(
      'dashboard: cost by day and model, 30 days',
      undefined,
      `SELECT day, model, sum(cost_usd) AS cost FROM llm_cost_daily WHERE tenant = 'default' AND day > today() - 30 GROUP BY day, model ORDER BY day, model`,
    ),
    sql(
      'dashboard: cost by hour and feature, 7 days',
      undefined,
      `SELECT hour, feature, sum(cost_usd) AS cost FROM llm_cost_hourly WHERE tenant = 'default' AND hour >= now() - INTERVAL 7 DAY GROUP BY hour, feature ORDER BY hour, feature`,
    ),
    sql(
      'dashboard: top 20 users, 7 days',
      undefined,
      `SELECT user, sum(cost_usd) AS cost, sum(calls) AS calls FROM llm_cost_detail WHERE tenant = 'default' AND quarter >= now() - INTERVAL 7 DAY GROUP BY user ORDER BY cost DESC LIMIT 20`,
    ),
  ];
}
