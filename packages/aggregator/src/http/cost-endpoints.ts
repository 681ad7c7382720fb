import { utcDay, type TimeRange } from '@costel/store';
import { DIMENSION_NAMES, isDimension } from '../dimensions.js';
import { nearestName } from '../nearest-name.js';
import type { CostReader } from '../reading/cost-reader.js';
import { figuresJson, groupsJson, latenciesJson, pointsJson, rangeJson, topJson, unpricedJson } from './cost-json.js';
import { defineEndpoint, type Endpoint } from './endpoint.js';
import { groupByParameter, limitParameter, rangeParameters, resolveRange, type Filters } from './parameters.js';
import { ApiProblem } from './problem.js';

const DEFAULT_LIMIT = 20;
/** Hourly points are answered for a quarter; longer ranges have daily points. */
const MAX_HOURLY_DAYS = 93;

async function summarise(
  reader: CostReader,
  range: TimeRange,
  groupBy: readonly string[],
  filters: Filters,
): Promise<object> {
  const { total, groups } = await reader.readCosts({ range, groupBy, filters });
  return {
    ...rangeJson(range),
    currency: 'USD',
    total: figuresJson(total),
    groups: groupBy.length === 0 ? [] : groupsJson(groups),
  };
}

function requireDimension(text: string): string {
  if (isDimension(text)) return text;
  const near = nearestName(text, DIMENSION_NAMES);
  throw new ApiProblem('invalid_parameter', {
    detail: `${JSON.stringify(text.slice(0, 200))} is no dimension`,
    parameter: 'dimension',
    value: text.slice(0, 200),
    limit: `${DIMENSION_NAMES.join(', ')} or tag.NAME`,
    fix: near === undefined ? 'use one of these' : `did you mean ${near}?`,
  });
}

function totals(reader: CostReader): Endpoint[] {
  return [
    defineEndpoint({
      path: '/costs/summary',
      summary: 'Cost, calls and tokens of a range, in total and by dimensions',
      parameters: { ...rangeParameters, ...groupByParameter },
      hasFilters: true,
      answer: ({ values, filters, nowMs }) =>
        summarise(reader, resolveRange(values, nowMs), values.group_by ?? [], filters),
    }),
    defineEndpoint({
      path: '/costs/today',
      summary: 'The same for the current UTC day',
      parameters: groupByParameter,
      hasFilters: true,
      answer: ({ values, filters, nowMs }) => summarise(reader, utcDay(nowMs), values.group_by ?? [], filters),
    }),
    defineEndpoint({
      path: '/costs/by/:dimension',
      summary: 'The most expensive values of one dimension; the rest is one row, so the rows add up to the total',
      parameters: { ...rangeParameters, ...limitParameter },
      hasFilters: true,
      answer: async ({ values, filters, nowMs, pathValue }) => {
        const range = resolveRange(values, nowMs);
        const dimension = requireDimension(pathValue);
        const query = { range, groupBy: [dimension], filters, limit: values.limit ?? DEFAULT_LIMIT };
        return topJson(range, dimension, await reader.readTop(query));
      },
    }),
  ];
}

function series(reader: CostReader, step: 'hour' | 'day'): Endpoint {
  const rules = step === 'hour' ? { maxDays: MAX_HOURLY_DAYS } : { daysEndWith: 'day' as const };
  return defineEndpoint({
    path: step === 'hour' ? '/costs/hourly' : '/costs/daily',
    summary: `Cost by UTC ${step}; steps without calls are left out`,
    parameters: { ...rangeParameters, ...groupByParameter },
    hasFilters: true,
    answer: async ({ values, filters, nowMs }) => {
      const range = resolveRange(values, nowMs, rules);
      const points = await reader.readSeries({ range, groupBy: values.group_by ?? [], filters, step });
      return { ...rangeJson(range), currency: 'USD', points: pointsJson(points) };
    },
  });
}

/** The endpoints that read the ledger. */
export function costEndpoints(reader: CostReader): Endpoint[] {
  return [
    ...totals(reader),
    series(reader, 'hour'),
    series(reader, 'day'),
    defineEndpoint({
      path: '/latency',
      summary: 'Latency percentiles in milliseconds',
      parameters: { ...rangeParameters, ...groupByParameter },
      hasFilters: true,
      answer: async ({ values, filters, nowMs }) => {
        const range = resolveRange(values, nowMs);
        const groups = await reader.readLatency({ range, groupBy: values.group_by ?? [], filters });
        return { ...rangeJson(range), groups: latenciesJson(groups) };
      },
    }),
    defineEndpoint({
      path: '/unpriced',
      summary: 'Models that were called and have no price, and why',
      parameters: rangeParameters,
      hasFilters: false,
      answer: async ({ values, nowMs }) => {
        const range = resolveRange(values, nowMs);
        const models = await reader.readUnpriced(range);
        return {
          ...rangeJson(range),
          models: models.map(unpricedJson),
        };
      },
    }),
  ];
}
