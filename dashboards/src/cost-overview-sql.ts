import { filterConditions, inRange, shownValue, type FilterDimension } from './filters.js';

/*
 * The statements of the cost overview. They read the views over the rollups (`llm_cost_hourly`, `llm_cost_daily`, and
 * `llm_cost_detail` for dimensions of many values), which hold published builds and the ledger's tail. Money leaves as Float64, as Grafana would make it: the exact decimals are in the API.
 */

/** How many series a chart tells apart; the rest is one series. */
const TOP_SERIES = 10;
const REST = '(other)';

/** Cost of the UTC day so far, and of the day before. */
export const COST_TODAY = `SELECT
  toFloat64(sumIf(cost_usd, hour >= toStartOfDay(now('UTC')))) AS "Today",
  toFloat64(sumIf(cost_usd, hour < toStartOfDay(now('UTC')))) AS "Yesterday"
FROM llm_cost_hourly
WHERE hour >= toStartOfDay(now('UTC')) - INTERVAL 1 DAY
${filterConditions()}`;

/** Cost of the UTC month so far, and of the month before. */
export const COST_MONTH = `SELECT
  toFloat64(sumIf(cost_usd, day >= toStartOfMonth(toDate(now('UTC'))))) AS "Month to date",
  toFloat64(sumIf(cost_usd, day < toStartOfMonth(toDate(now('UTC'))))) AS "Previous month"
FROM llm_cost_daily
WHERE day >= toStartOfMonth(toDate(now('UTC'))) - INTERVAL 1 MONTH
${filterConditions()}`;

/** Calls of the range, and how many of them failed. */
export const CALLS = `SELECT
  sum(calls) AS "Calls",
  sum(error_calls) AS "Failed"
FROM llm_cost_hourly
WHERE ${inRange('hour', 'hour')}
${filterConditions()}`;

/** Which share of the calls has no price, and which has estimated usage; NULL without calls, for unknown is not zero. */
export const PRICE_QUALITY = `SELECT
  if(sum(calls) = 0, NULL, sum(unpriced_calls) / sum(calls)) AS "Unpriced",
  if(sum(calls) = 0, NULL, sum(estimated_calls) / sum(calls)) AS "Estimated"
FROM llm_cost_hourly
WHERE ${inRange('hour', 'hour')}
${filterConditions()}`;

/** Cost over time by one dimension: the dearest values of the range, and one series of all others. */
export function costSeries(dimension: FilterDimension | 'team'): string {
  const value = shownValue(dimension);
  return `SELECT
  $__timeInterval(hour) AS time,
  if(${value} IN (
    SELECT ${value}
    FROM llm_cost_hourly
    WHERE ${inRange('hour', 'hour')}
    ${filterConditions().trim()}
    GROUP BY 1
    ORDER BY sum(cost_usd) DESC, 1
    LIMIT ${TOP_SERIES}
  ), ${value}, '${REST}') AS series,
  toFloat64(sum(cost_usd)) AS cost
FROM llm_cost_hourly
WHERE ${inRange('hour', 'hour')}
${filterConditions()}
GROUP BY time, series
ORDER BY time, series`;
}

/** Cost over time beside that of seven days earlier, moved onto the same axis. */
export const COST_AGAINST_LAST_WEEK = `SELECT
  $__timeInterval(shown_hour) AS time,
  toFloat64(sumIf(cost_usd, NOT is_past)) AS "This week",
  toFloat64(sumIf(cost_usd, is_past)) AS "7 days earlier"
FROM (
  SELECT hour AS shown_hour, 0 AS is_past, cost_usd
  FROM llm_cost_hourly
  WHERE ${inRange('hour', 'hour')}
  ${filterConditions().trim()}
  UNION ALL
  SELECT hour + INTERVAL 7 DAY AS shown_hour, 1 AS is_past, cost_usd
  FROM llm_cost_hourly
  WHERE ${inRange('hour + INTERVAL 7 DAY', 'hour')}
    AND hour >= $__fromTime - INTERVAL 8 DAY
  ${filterConditions().trim()}
)
GROUP BY time
ORDER BY time`;

/** Token classes as people know them, each the sum of some of the ledger's disjoint buckets. */
const TOKEN_CLASSES = {
  Input: ['input', 'input_audio', 'input_image', 'input_video'],
  'Cache read': ['cache_read', 'cache_read_audio', 'cache_read_image'],
  'Cache write': ['cache_write_5m', 'cache_write_1h'],
  Output: ['output', 'output_audio', 'output_image'],
  Reasoning: ['reasoning'],
} as const;

/** The buckets that the token chart shows; a test holds them to all buckets that are tokens. */
export const CHARTED_BUCKETS: readonly string[] = Object.values(TOKEN_CLASSES).flat();

/** Tokens over time by class. */
export const TOKENS_BY_CLASS = `SELECT
  $__timeInterval(hour) AS time,
${Object.entries(TOKEN_CLASSES)
  .map(([name, buckets]) => `  sum(${buckets.map((bucket) => `usage_${bucket}`).join(' + ')}) AS "${name}"`)
  .join(',\n')}
FROM llm_cost_hourly
WHERE ${inRange('hour', 'hour')}
${filterConditions()}
GROUP BY time
ORDER BY time`;

/** The users with the highest cost, from quarter hours by every dimension, for the panel follows all variables. */
export const TOP_USERS = `SELECT
  ${shownValue('user')} AS "User",
  toFloat64(sum(cost_usd)) AS "Cost",
  sum(calls) AS "Calls",
  sum(unpriced_calls) AS "Calls without a cost"
FROM llm_cost_detail
WHERE ${inRange('quarter', 'quarter')}
${filterConditions()}
GROUP BY 1
HAVING sum(calls) != 0 OR sum(cost_usd) != 0
ORDER BY sum(cost_usd) DESC, 1
LIMIT 20`;

/** SQL: the latency that a share of the calls does not exceed, from the histogram of the rollup; bucket i ends at 1.1^i ms. */
function latencyMs(share: number): string {
  return `quantileExactWeighted(${share})(if(bucket = 0, 1, pow(1.1, bucket - 0.5)), bucket_calls)`;
}

/** What each model costs and how fast it answers. A model without any price has no cost, which is not zero. */
export const MODELS = `SELECT
  "Provider", "Model", "Cost", "Calls", "Cost per 1,000 calls", "Failed", "Unpriced calls", "p50", "p95", "p99"
FROM (
  SELECT
    ${shownValue('provider')} AS "Provider",
    ${shownValue('model')} AS "Model",
    sum(calls) AS "Calls",
    sum(error_calls) AS "Failed",
    sum(unpriced_calls) AS "Unpriced calls",
    if("Calls" = "Unpriced calls", NULL, toFloat64(sum(cost_usd))) AS "Cost",
    1000 * "Cost" / ("Calls" - "Unpriced calls") AS "Cost per 1,000 calls"
  FROM llm_cost_hourly
  WHERE ${inRange('hour', 'hour')}
  ${filterConditions().trim()}
  GROUP BY 1, 2
) AS costs
LEFT JOIN (
  SELECT
    ${shownValue('provider')} AS "Provider",
    ${shownValue('model')} AS "Model",
    toNullable(${latencyMs(0.5)}) AS "p50",
    toNullable(${latencyMs(0.95)}) AS "p95",
    toNullable(${latencyMs(0.99)}) AS "p99"
  FROM llm_cost_hourly
  ARRAY JOIN mapKeys(latency) AS bucket, mapValues(latency) AS bucket_calls
  WHERE ${inRange('hour', 'hour')}
  ${filterConditions().trim()}
  GROUP BY 1, 2
) AS latencies USING ("Provider", "Model")
ORDER BY "Cost" DESC NULLS LAST, "Calls" DESC, "Provider", "Model"
LIMIT 50`;

/** Latency percentiles of all calls over time; failed calls are in none. */
export const LATENCY = `SELECT
  $__timeInterval(hour) AS time,
  ${latencyMs(0.5)} AS "p50",
  ${latencyMs(0.95)} AS "p95",
  ${latencyMs(0.99)} AS "p99"
FROM llm_cost_hourly
ARRAY JOIN mapKeys(latency) AS bucket, mapValues(latency) AS bucket_calls
WHERE ${inRange('hour', 'hour')}
${filterConditions()}
GROUP BY time
ORDER BY time`;

/** Models whose calls are in no sum, because no price is known for them. */
export const UNPRICED_MODELS = `SELECT
  ${shownValue('provider')} AS "Provider",
  ${shownValue('model')} AS "Model",
  sum(unpriced_calls) AS "Unpriced calls",
  sum(calls) AS "Calls",
  sum(input_tokens) AS "Input tokens",
  sum(output_tokens) AS "Output tokens"
FROM llm_cost_hourly
WHERE ${inRange('hour', 'hour')}
${filterConditions()}
GROUP BY 1, 2
HAVING sum(unpriced_calls) > 0
ORDER BY 3 DESC, 1, 2
LIMIT 50`;
