import { QueryVariableBuilder, VariableRefresh, VariableSort } from '@grafana/grafana-foundation-sdk/dashboard';
import { DATA_SOURCE } from './clickhouse-query.js';

/** Dimensions of few values by which a dashboard is filtered; each is a column of the rollup views. */
export const FILTER_DIMENSIONS = ['provider', 'model', 'service', 'environment', 'feature'] as const;

/** One of {@link FILTER_DIMENSIONS}. */
export type FilterDimension = (typeof FILTER_DIMENSIONS)[number];

/**
 * What a variable stands for while "All" is chosen. A constant of our own in place of Grafana's list of all values: that
 * list is empty while there is no data, `IN ()` is an error, and with many values it makes statements of many kilobytes.
 */
export const ALL_VALUE = "'__all'";

/** What an empty value is called: calls of no feature, no team. Never left out, or parts would not add up to the total. */
const NO_VALUE = '(none)';

/** SQL: a dimension as dashboards show it, e.g. `if(team = '', '(none)', team)`. */
export function shownValue(column: string): string {
  return `if(${column} = '', '${NO_VALUE}', ${column})`;
}

/** SQL: the conditions of all variables, to follow a WHERE condition. */
export function filterConditions(): string {
  return FILTER_DIMENSIONS.map(
    (name) => `  AND (${ALL_VALUE} IN (\${${name}:singlequote}) OR ${shownValue(name)} IN (\${${name}:singlequote}))`,
  ).join('\n');
}

/**
 * SQL: a column of the start of whole periods lies in the dashboard's range, half-open. `$__timeFilter` includes
 * both ends. The first period counts whole, so that a range that begins within it does not lose it.
 */
export function inRange(column: string, period: 'quarter' | 'hour' | 'day'): string {
  const floor = {
    quarter: 'toStartOfFifteenMinutes($__fromTime)',
    hour: "toStartOfHour($__fromTime, 'UTC')",
    day: "toDate($__fromTime, 'UTC')",
  };
  const end = period === 'day' ? "toDate($__toTime - 1, 'UTC') + 1" : '$__toTime';
  return `${column} >= ${floor[period]} AND ${column} < ${end}`;
}

/** A variable with the values that had calls in the range, the dearest first. */
export function filterVariable(name: FilterDimension, label: string): QueryVariableBuilder {
  const sql = `SELECT ${shownValue(name)} AS value
FROM llm_cost_hourly
WHERE ${inRange('hour', 'hour')}
GROUP BY value
ORDER BY sum(cost_usd) DESC, value
LIMIT 500`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(DATA_SOURCE)
    .query(sql)
    .definition(sql)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.Disabled)
    .multi(true)
    .includeAll(true)
    .allValue(ALL_VALUE)
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}
