import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/http/app.js';
import { costEndpoints } from '../../src/http/cost-endpoints.js';
import { PROBLEM_STATUS } from '../../src/http/problem.js';
import {
  checkQuery,
  groupByParameter,
  limitParameter,
  parseInstantMs,
  rangeParameters,
  resolveRange,
} from '../../src/http/parameters.js';
import { sumFigures } from '../../src/reading/cost-figures.js';
import type { CostQuery, CostReader } from '../../src/reading/cost-reader.js';

const NOW_MS = Date.parse('2026-11-22T10:20:30Z');
const queries: CostQuery[] = [];
const NOTHING = sumFigures([]);
const reader: CostReader = {
  readCosts: (query) => (queries.push(query), Promise.resolve({ total: NOTHING, groups: [] })),
  readSeries: (query) => (queries.push(query), Promise.resolve([])),
  readTop: (query) => (queries.push(query), Promise.resolve({ total: NOTHING, groups: [] })),
  readLatency: (query) => (queries.push(query), Promise.resolve([])),
  readUnpriced: () => Promise.resolve([]),
};
const app = createApp({
  endpoints: costEndpoints(reader),
  access: { host: '127.0.0.1', allowedHosts: [] },
  clock: () => NOW_MS,
  log: () => undefined,
  webDirectory: '/nowhere',
  renderMetrics: () => Promise.resolve(''),
});

async function ask(path: string): Promise<{ status: number; type: string | null; body: Record<string, unknown> }> {
  const response = await app.request(`http://localhost/api/v1/${path}`, { headers: { host: 'localhost:4320' } });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: JSON.parse(text) as Record<string, unknown>,
  };
}

describe('a bad parameter is refused before anything is read', () => {
  it.each([
    ['costs/summary?from=yesterday', 'from', 'must be an ISO 8601 date, or a time with a zone, from 1970 to 2100'],
    ['costs/summary?from=2026-13-01', 'from', 'must be an ISO 8601 date, or a time with a zone, from 1970 to 2100'],
    [
      'costs/summary?from=2026-11-01T10:00:00',
      'from',
      'must be an ISO 8601 date, or a time with a zone, from 1970 to 2100',
    ],
    ['costs/summary?from=1969-12-31', 'from', 'must be an ISO 8601 date, or a time with a zone, from 1970 to 2100'],
    ['costs/summary?to=2101-01-01', 'to', 'must be an ISO 8601 date, or a time with a zone, from 1970 to 2100'],
    ['costs/summary?from=2026-11-02&to=2026-11-01', 'from', 'must be before to'],
    ['costs/summary?from=2026-11-02&to=2026-11-02', 'from', 'must be before to'],
    ['costs/summary?from=1990-01-01&to=2026-01-01', 'from', 'at most 3660 days'],
    ['costs/summary?days=0', 'days', 'must be a whole number from 1 to 3660'],
    ['costs/summary?days=-1', 'days', 'must be a whole number from 1 to 3660'],
    ['costs/summary?days=1.5', 'days', 'must be a whole number from 1 to 3660'],
    ['costs/summary?days=1e3', 'days', 'must be a whole number from 1 to 3660'],
    ['costs/summary?days=99999', 'days', 'must be a whole number from 1 to 3660'],
    ['costs/summary?days=7&from=2026-11-01', 'days', 'either days, or from and to'],
    ['costs/hourly?days=94', 'days', 'at most 93 days'],
    ['costs/summary?days=7&days=8', 'days', 'once'],
    [
      'costs/summary?group_by=modl',
      'group_by',
      'must name dimensions, and "modl" is none: provider, model, operation, service, environment, feature, user, customer, team, project, agent, conversation or tag.NAME',
    ],
    ['costs/summary?group_by=model,model', 'group_by', 'must not name a dimension twice'],
    ['costs/summary?group_by=model,user,team,project,agent', 'group_by', 'must name at most 4 dimensions'],
    ['costs/summary?group_by=tag.', 'group_by', undefined],
    ['costs/by/user?limit=0', 'limit', 'must be a whole number from 1 to 1000'],
    ['costs/by/user?limit=1001', 'limit', 'must be a whole number from 1 to 1000'],
    ['costs/by/modl', 'dimension', undefined],
    [`costs/summary?filter.user=${'x'.repeat(1001)}`, 'filter.user', 'a value has at most 1000 characters'],
    [
      `costs/summary?${Array.from({ length: 101 }, (_, index) => `filter.user=${index}`).join('&')}`,
      'filter.user',
      'at most 100 values',
    ],
  ])('%s', async (path, parameter, limit) => {
    queries.length = 0;
    const { status, type, body } = await ask(path);
    expect({ status, type, code: body['code'], parameter: body['parameter'], status2: body['status'] }).toEqual({
      status: 400,
      type: 'application/problem+json; charset=utf-8',
      code: 'invalid_parameter',
      parameter,
      status2: 400,
    });
    if (limit !== undefined) expect(body['limit']).toBe(limit);
    expect(body['fix']).toEqual(expect.any(String));
    expect(queries).toEqual([]);
  });

  it.each([
    ['costs/summary?groupby=model', 'did you mean group_by?'],
    ['costs/today?from=2026-11-01', 'leave it out'],
    ['costs/summary?filter.modl=x', 'did you mean filter.model?'],
    ['unpriced?filter.model=x', 'leave it out'],
    ['costs/summary?__proto__=x', 'leave it out'],
  ])('unknown: %s', async (path, fix) => {
    const { status, body } = await ask(path);
    expect({ status, code: body['code'], fix: body['fix'] }).toEqual({ status: 400, code: 'unknown_parameter', fix });
  });

  it('answers any query string with a result or a problem', async () => {
    const name = fc.oneof(
      fc.constantFrom('from', 'to', 'days', 'group_by', 'limit', 'filter.user', 'filter.tag.x', 'filter.'),
      fc.string(),
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('2026-11-01', "'; DROP TABLE llm_calls; --", '{x:String}', 'model', '\0'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 4 }), async (pairs) => {
        const { status, body } = await ask(`costs/by/model?${new URLSearchParams(pairs).toString()}`);
        if (status !== 200) expect(Object.keys(PROBLEM_STATUS)).toContain(body['code']);
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a range of time', () => {
  const iso = (range: { fromMs: number; toMs: number }): string[] =>
    [range.fromMs, range.toMs].map((ms) => new Date(ms).toISOString());

  it('is the current UTC month when nothing is given', () => {
    expect(iso(resolveRange({}, NOW_MS))).toEqual(['2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
  });

  it('ends with the current hour when days are given, with today for daily points', () => {
    expect(iso(resolveRange({ days: 1 }, NOW_MS))).toEqual(['2026-11-21T11:00:00.000Z', '2026-11-22T11:00:00.000Z']);
    expect(iso(resolveRange({ days: 2 }, NOW_MS, { daysEndWith: 'day' }))).toEqual([
      '2026-11-21T00:00:00.000Z',
      '2026-11-23T00:00:00.000Z',
    ]);
  });

  it('ends with today when only from is given, and begins with its month when only to is', () => {
    const from = Date.parse('2026-10-05T00:00:00Z');
    expect(iso(resolveRange({ from }, NOW_MS))).toEqual(['2026-10-05T00:00:00.000Z', '2026-11-23T00:00:00.000Z']);
    expect(iso(resolveRange({ to: from }, NOW_MS))).toEqual(['2026-10-01T00:00:00.000Z', '2026-10-05T00:00:00.000Z']);
  });

  it('takes an offset, also where the plus sign was not escaped', () => {
    expect(parseInstantMs('2026-11-22T11:00:00+01:00')).toBe(Date.parse('2026-11-22T10:00:00Z'));
    expect(parseInstantMs('2026-11-22T11:00:00 01:00')).toBe(Date.parse('2026-11-22T10:00:00Z'));
  });
});

it('a filter that is repeated means any of its values', () => {
  const search = new URLSearchParams(
    'filter.feature=a&filter.feature=b&filter.tag.tier=gold&days=7&group_by=user,model',
  );
  const { values, filters } = checkQuery(search, { ...rangeParameters, ...groupByParameter, ...limitParameter }, true);
  expect(filters).toEqual({ feature: ['a', 'b'], 'tag.tier': ['gold'] });
  expect(values).toEqual({ days: 7, group_by: ['user', 'model'] });
});
