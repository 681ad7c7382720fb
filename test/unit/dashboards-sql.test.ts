import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildRollups,
  createClickHouseInterface,
  migrate,
  openEmbeddedDatabase,
  type EmbeddedDatabase,
  type EngineSettings,
} from '@costel/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilDayLasts } from '../support/day.js';
import { loadDashboards, targetsOf } from '../support/dashboards.js';
import { expandGrafanaSql, type GrafanaContext } from '../support/grafana-sql.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A call as a test seeds it. */
interface SeedCall {
  readonly startMs: number;
  readonly model: string;
  readonly feature: string;
  readonly team: string;
  readonly user: string;
  /** Whole micro-dollars; none for a model that no price list knows. */
  readonly costMicroUsd?: number;
  readonly durationMs: number;
  readonly failed: boolean;
}

/** Rows of otel_traces, as an emitter whose provider reports the cost would send them. */
function spanRow(call: SeedCall, index: number): object {
  return {
    Timestamp: new Date(call.startMs).toISOString().replace('Z', ''),
    TraceId: index.toString(16).padStart(32, '0'),
    SpanId: (index + 1).toString(16).padStart(16, '0'),
    ServiceName: 'shop',
    ResourceAttributes: { 'service.name': 'shop', 'deployment.environment.name': 'test' },
    Duration: String(call.durationMs * 1_000_000),
    StatusCode: call.failed ? 'Error' : 'Unset',
    SpanAttributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': call.model,
      'gen_ai.response.model': call.model,
      'gen_ai.usage.input_tokens': '100',
      'gen_ai.usage.output_tokens': '10',
      'user.id': call.user,
      'costel.feature': call.feature,
      'costel.team': call.team,
      ...(call.failed ? { 'error.type': 'timeout' } : {}),
      ...(call.costMicroUsd === undefined
        ? {}
        : {
            'gen_ai.usage.cost.amount': (call.costMicroUsd / 1e6).toFixed(6),
            'gen_ai.usage.cost.currency': 'USD',
            'gen_ai.usage.cost.source': 'provider',
          }),
    },
  };
}

const nowMs = Date.now();
// Well inside the last whole hour that has ended, so that no seed lies in the future or in an hour that is under way.
const latestMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS - HOUR_MS / 2;

const oneModel: readonly SeedCall[] = Array.from({ length: 48 }, (_, index) => ({
  startMs: latestMs - index * HOUR_MS,
  model: 'gpt-4o',
  feature: 'search',
  team: 'core',
  user: 'ada',
  costMicroUsd: 1000 + index,
  durationMs: 100,
  failed: false,
}));

/** 200 models over six days, some with hostile names, some without a price, some calls failed. */
const manyModels: readonly SeedCall[] = Array.from({ length: 1000 }, (_, index) => {
  const model = index % 200;
  return {
    startMs: latestMs - (index % 144) * HOUR_MS,
    model: model === 7 ? String.raw`it's \a "model"` : `model-${model}`,
    feature: index % 3 === 0 ? '' : `feature-${index % 20}`,
    team: `team-${index % 15}`,
    user: `user-${index % 60}`,
    ...(model % 10 === 9 ? {} : { costMicroUsd: 1 + model * 37 + index }),
    durationMs: 10 + index,
    failed: index % 50 === 0,
  };
});

function costUsd(calls: readonly SeedCall[]): number {
  return calls.reduce((sum, { costMicroUsd = 0 }) => sum + costMicroUsd, 0) / 1e6;
}

interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

const [overview] = loadDashboards();
if (overview === undefined) throw new Error('there is no dashboard');
const allValues = Object.fromEntries(
  overview.variables.slice(1).map((variable) => [variable.name, variable.allValue ?? '']),
);

function context(chosen: Readonly<Record<string, readonly string[]>> = {}): GrafanaContext {
  return { fromMs: nowMs - 7 * DAY_MS, toMs: nowMs, intervalSeconds: 3600, chosen, allValues };
}

describe.each([
  { name: 'no rows', calls: [] },
  { name: 'one model', calls: oneModel },
  { name: '200 models', calls: manyModels },
])('the cost overview over $name', ({ calls }) => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'costel-dashboards-'));
  let database: EmbeddedDatabase;

  beforeAll(async () => {
    database = await openEmbeddedDatabase({ dataDirectory });
    await migrate(database);
    await database.insertRows('otel_traces', calls.map(spanRow));
  });
  afterAll(async () => {
    await database?.close();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  async function runExpanded(sql: string, settings?: EngineSettings): Promise<Answer> {
    const options = { format: 'JSONCompact', ...(settings === undefined ? {} : { settings }) };
    const { bytes } = await database.run(sql, options);
    const { meta, data } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      meta: readonly { name: string }[];
      data: Answer['rows'];
    };
    return { columns: meta.map((column) => column.name), rows: data };
  }

  async function run(sql: string, chosen: Readonly<Record<string, readonly string[]>> = {}): Promise<Answer> {
    return runExpanded(expandGrafanaSql(sql, context(chosen)));
  }

  /** Grafana's user may change no setting; a statement or view that needs to would fail for it. */
  async function runAsGrafana(sql: string): Promise<Answer> {
    return runExpanded(expandGrafanaSql(sql, context()), { readonly: 1 });
  }

  function sqlOf(title: string): string {
    const panel = overview?.panels.find((candidate) => candidate.title === title);
    const sql = panel === undefined ? undefined : targetsOf(panel)[0]?.rawSql;
    if (sql === undefined) throw new Error(`there is no panel "${title}"`);
    return sql;
  }

  function column({ columns, rows }: Answer, name: string): readonly (string | number | null)[] {
    const index = columns.indexOf(name);
    if (index === -1) throw new Error(`there is no column "${name}" among ${columns.join(', ')}`);
    return rows.map((row) => row[index] ?? null);
  }

  const sum = (values: readonly (string | number | null)[]): number =>
    values.reduce<number>((total, value) => total + Number(value ?? 0), 0);

  it('runs every query of every panel and variable', async () => {
    for (const panel of overview.panels) {
      for (const { rawSql } of targetsOf(panel)) {
        const { columns, rows } = await runAsGrafana(rawSql);
        expect(columns.length, panel.title).toBeGreaterThan(1);
        if (panel.type === 'stat') expect(rows.length, panel.title).toBe(1);
        else if (calls.length === 0) expect(rows, panel.title).toEqual([]);
        else if (panel.title !== 'Unpriced models') expect(rows.length, panel.title).toBeGreaterThan(0);
        if (panel.type === 'timeseries') expect(columns[0], panel.title).toBe('time');
      }
    }
    for (const variable of overview.variables.slice(1)) {
      if (typeof variable.query !== 'string') throw new Error(`${variable.name} has no SQL`);
      const { rows } = await runAsGrafana(variable.query);
      expect(rows.length > 0, variable.name).toBe(calls.length > 0);
    }
  });

  it('is answered by the embedded stack’s ClickHouse interface, to readers without a token', async () => {
    const { server } = await createClickHouseInterface({ database, writeToken: 'a token that no reader has' });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address() as AddressInfo;
    // As Grafana's plugin sends it over HTTP, but for the format.
    const query = new URLSearchParams({ default_format: 'JSONCompact', max_execution_time: '60', database: 'costel' });
    try {
      const statements = [
        ...overview.panels.map((panel) => sqlOf(panel.title ?? '')),
        ...overview.variables.slice(1).map((variable) => (typeof variable.query === 'string' ? variable.query : '')),
      ];
      for (const sql of statements) {
        const body = expandGrafanaSql(sql, context());
        const response = await fetch(`http://127.0.0.1:${port}/?${query.toString()}`, { method: 'POST', body });
        const text = await response.text();
        expect(response.status, text).toBe(200);
        expect((JSON.parse(text) as { data: unknown }).data).toEqual((await run(sql)).rows);
      }
    } finally {
      await new Promise((closed) => server.close(closed));
    }
  });

  it.each(['Cost by model', 'Cost by feature', 'Cost by team'])('"%s" adds up to what was spent', async (title) => {
    const answer = await run(sqlOf(title));
    expect(answer.columns).toEqual(['time', 'series', 'cost']);
    expect(sum(column(answer, 'cost'))).toBeCloseTo(costUsd(calls), 9);
    expect(new Set(column(answer, 'series')).size).toBeLessThanOrEqual(11);
  });

  it('"Calls" counts calls and failures, and the shares say what is not exactly known', async () => {
    const counts = await run(sqlOf('Calls'));
    expect(sum(column(counts, 'Calls'))).toBe(calls.length);
    expect(sum(column(counts, 'Failed'))).toBe(calls.filter(({ failed }) => failed).length);
    const shares = await run(sqlOf('Not exactly known'));
    const unpriced = calls.filter(({ costMicroUsd }) => costMicroUsd === undefined).length;
    expect(shares.rows).toEqual([calls.length === 0 ? [null, null] : [unpriced / calls.length, 0]]);
  });

  it('"Cost today" and "Cost this month" follow the UTC calendar', async () => {
    const dayBefore = Math.floor(Date.now() / DAY_MS);
    const today = await run(sqlOf('Cost today'));
    const month = await run(sqlOf('Cost this month'));
    const dayAfter = Math.floor(Date.now() / DAY_MS);
    const between = (fromMs: number, toMs: number): number =>
      costUsd(calls.filter(({ startMs }) => startMs >= fromMs && startMs < toMs));
    const monthStart = (dayMs: number, monthsEarlier: number): number => {
      const date = new Date(dayMs);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsEarlier, 1);
    };
    // Midnight may pass while the test runs: the answer belongs to one of the two days.
    const expected = [dayBefore, dayAfter].map((day) => {
      const dayMs = day * DAY_MS;
      return [
        [between(dayMs, dayMs + DAY_MS), between(dayMs - DAY_MS, dayMs)],
        [between(monthStart(dayMs, 0), monthStart(dayMs, -1)), between(monthStart(dayMs, 1), monthStart(dayMs, 0))],
      ].map((pair) => pair.map((usd) => usd.toFixed(9)));
    });
    const shown = [today, month].map(({ rows }) => (rows[0] ?? []).map((usd) => Number(usd).toFixed(9)));
    expect(expected).toContainEqual(shown);
  });

  it('"Models" shows no cost where none is known, and latencies within 5 %', async () => {
    const answer = await run(sqlOf('Models'));
    const models = column(answer, 'Model');
    expect(new Set(models).size).toBe(models.length);
    for (const [index, model] of models.entries()) {
      const own = calls.filter((call) => call.model === model);
      const priced = own.filter(({ costMicroUsd }) => costMicroUsd !== undefined);
      const [cost, per1000] = [column(answer, 'Cost')[index], column(answer, 'Cost per 1,000 calls')[index]];
      if (priced.length === 0) expect([cost, per1000]).toEqual([null, null]);
      else {
        expect(Number(cost)).toBeCloseTo(costUsd(own), 9);
        expect(Number(per1000)).toBeCloseTo((costUsd(own) * 1000) / priced.length, 6);
      }
      const durations = own.filter(({ failed }) => !failed).map(({ durationMs }) => durationMs);
      const p99 = column(answer, 'p99')[index];
      if (durations.length === 0) expect(p99).toBeNull();
      else {
        const slowest = Math.max(...durations);
        expect(Math.abs(Number(p99) - slowest) / slowest).toBeLessThan(0.05);
      }
    }
    const dearest = column(answer, 'Cost').map((cost) => Number(cost ?? -1));
    expect(dearest).toEqual(dearest.toSorted((left, right) => right - left));
  });

  it('"Top users" and "Unpriced models" name those that were sent', async () => {
    const users = await run(sqlOf('Top users'));
    expect(users.rows.length).toBe(Math.min(20, new Set(calls.map(({ user }) => user)).size));
    for (const [index, user] of column(users, 'User').entries()) {
      const own = calls.filter((call) => call.user === user);
      expect(Number(column(users, 'Cost')[index])).toBeCloseTo(costUsd(own), 9);
      expect(Number(column(users, 'Calls')[index])).toBe(own.length);
    }
    const unpriced = await run(sqlOf('Unpriced models'));
    const sent = new Set(calls.filter(({ costMicroUsd }) => costMicroUsd === undefined).map(({ model }) => model));
    expect(new Set(column(unpriced, 'Model'))).toEqual(sent);
    expect(unpriced.rows.length).toBe(sent.size);
  });

  it('"Tokens by class" adds up to the tokens sent', async () => {
    const answer = await run(sqlOf('Tokens by class'));
    expect(answer.columns).toEqual(['time', 'Input', 'Cache read', 'Cache write', 'Output', 'Reasoning']);
    expect(sum(column(answer, 'Input'))).toBe(calls.length * 100);
    expect(sum(column(answer, 'Output'))).toBe(calls.length * 10);
  });

  it('"Cost against 7 days earlier" puts last week’s hours beside this week’s', async () => {
    const sql = sqlOf('Cost against 7 days earlier');
    const thisWeek = await run(sql);
    expect(sum(column(thisWeek, 'This week'))).toBeCloseTo(costUsd(calls), 9);
    expect(sum(column(thisWeek, '7 days earlier'))).toBe(0);
    const nextWeek = { ...context(), fromMs: nowMs, toMs: nowMs + 7 * DAY_MS };
    const rows = await database.query<Record<string, string | number>>(expandGrafanaSql(sql, nextWeek));
    expect(sum(rows.map((row) => row['7 days earlier'] ?? 0))).toBeCloseTo(costUsd(calls), 9);
    expect(sum(rows.map((row) => row['This week'] ?? 0))).toBe(0);
  });

  it('filters by one or several values of a variable, whatever characters they hold', async () => {
    const hostile = String.raw`it's \a "model"`;
    for (const models of [[hostile], ['model-3', 'gpt-4o'], ["') OR 1 = 1 --"]]) {
      const answer = await run(sqlOf('Calls'), { model: models });
      expect(sum(column(answer, 'Calls'))).toBe(calls.filter(({ model }) => models.includes(model)).length);
    }
    const none = await run(sqlOf('Calls'), { feature: ['(none)'], environment: ['test'] });
    expect(sum(column(none, 'Calls'))).toBe(calls.filter(({ feature }) => feature === '').length);
    expect(sum(column(await run(sqlOf('Calls'), { service: ['other'] }), 'Calls'))).toBe(0);
  });

  it('answers the same from published rollups as from the ledger', async () => {
    // "Cost today" is of the same day before and after.
    await untilDayLasts(60_000);
    const titles = overview.panels.map((panel) => panel.title ?? '');
    const before = await Promise.all(titles.map(async (title) => run(sqlOf(title))));
    await buildRollups(database, { nowMs: Date.now() });
    for (const [index, title] of titles.entries()) expect(await run(sqlOf(title)), title).toEqual(before[index]);
  });
});
