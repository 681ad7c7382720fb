import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Panel } from '@grafana/grafana-foundation-sdk/dashboard';
import { describe, expect, it } from 'vitest';
import { INPUT_BUCKETS, OUTPUT_BUCKETS } from '@costel/pricing';
import { CHARTED_BUCKETS } from '../../dashboards/src/cost-overview-sql.js';
import { loadDashboards, targetsOf } from '../support/dashboards.js';

const committed = resolve(import.meta.dirname, '../../dashboards/grafana');
const DATA_SOURCE = { type: 'grafana-clickhouse-datasource', uid: '${ds}' };
const MAX_PANELS = 14;

/** What a panel sets of how its values look; the SDK's type leaves the custom part open. */
interface FieldDefaults {
  readonly unit?: string;
  readonly noValue?: string;
  readonly thresholds?: { readonly steps: readonly { readonly color: string }[] };
  readonly custom?: { readonly showPoints?: string };
}

function defaultsOf(panel: Panel): FieldDefaults {
  return panel.fieldConfig?.defaults ?? {};
}

it('the committed dashboards are what the sources give; run node dashboards/build.mjs after a change', () => {
  const dashboards = loadDashboards();
  expect(readdirSync(committed).toSorted()).toEqual(dashboards.map(({ file }) => file).toSorted());
  for (const { file, json } of dashboards) expect(readFileSync(join(committed, file), 'utf8')).toBe(json);
});

it('the chart of tokens shows every bucket that is a token, once', () => {
  expect(CHARTED_BUCKETS.toSorted()).toEqual([...INPUT_BUCKETS, ...OUTPUT_BUCKETS].toSorted());
});

describe.each(loadDashboards())('$file', ({ json, dashboard, panels, variables }) => {
  it('cannot be edited where it is provisioned, has an id of its own and few enough panels', () => {
    expect(dashboard.editable).toBe(false);
    expect(dashboard.uid).toMatch(/^costel-[a-z-]+$/);
    expect(panels.length).toBeGreaterThan(0);
    expect(panels.length).toBeLessThanOrEqual(MAX_PANELS);
    expect(new Set(panels.map((panel) => panel.id)).size).toBe(panels.length);
  });

  it('takes everything from the data source that the reader chooses', () => {
    expect(variables[0]).toMatchObject({ name: 'ds', type: 'datasource', query: DATA_SOURCE.type });
    for (const panel of panels) {
      expect(panel.datasource).toEqual(DATA_SOURCE);
      for (const target of targetsOf(panel)) expect(target.datasource).toEqual(DATA_SOURCE);
    }
    for (const variable of variables.slice(1)) expect(variable.datasource).toEqual(DATA_SOURCE);
    expect(json.match(/"uid": "(?!\$\{ds\}|costel-)[^"]*"/g)).toBeNull();
  });

  it('reads the values of its variables again when the range changes, and "All" needs no list of them', () => {
    const names = variables.map(({ name }) => name);
    expect(names).toEqual(['ds', 'provider', 'model', 'service', 'environment', 'feature']);
    for (const variable of variables.slice(1)) {
      expect(variable).toMatchObject({ type: 'query', refresh: 2, includeAll: true, multi: true, allValue: "'__all'" });
    }
  });

  it('links to the other dashboards and keeps range and variables', () => {
    expect(dashboard.links).toHaveLength(1);
    expect(dashboard.links?.[0]).toMatchObject({ type: 'dashboards', keepTime: true, includeVars: true });
    const urls = [...json.matchAll(/"url": "([^"]*)"/g)].map(([, url]) => url);
    expect(urls.length).toBeGreaterThan(0);
    for (const url of urls) {
      expect(url).toContain(`/d/${dashboard.uid}?`);
      expect(url).toContain('${__url_time_range}');
      expect(url).toContain('${ds:queryparam}');
    }
  });

  it('leaves no gap and no overlap on the grid', () => {
    const taken = new Set<string>();
    for (const { gridPos } of panels) {
      if (gridPos === undefined) throw new Error('a panel has no place');
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x},${y}`)).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
    const height = Math.max(...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
    expect(taken.size).toBe(24 * height);
  });

  describe.each(panels.map((panel) => ({ title: panel.title ?? '', panel })))('panel "$title"', ({ title, panel }) => {
    it('says what it shows, in which unit, and what no data means', () => {
      expect(title).not.toBe('');
      expect(panel.description?.length).toBeGreaterThan(20);
      const { unit, noValue } = defaultsOf(panel);
      expect(unit).toBeTruthy();
      expect(noValue).toBeTruthy();
    });

    it('never shows green, for no cost is good and nothing unknown is well', () => {
      for (const { color } of defaultsOf(panel).thresholds?.steps ?? []) expect(color).not.toMatch(/green/i);
      expect(JSON.stringify(panel.fieldConfig)).not.toMatch(/green/i);
      if (panel.type !== 'timeseries') expect(defaultsOf(panel).thresholds?.steps.length).toBeGreaterThan(0);
    });

    it('asks one SQL query in the plugin’s form', () => {
      const [target, ...others] = targetsOf(panel);
      expect(others).toEqual([]);
      const isSeries = panel.type === 'timeseries';
      expect(target).toMatchObject({
        refId: 'A',
        editorType: 'sql',
        format: isSeries ? 0 : 1,
        queryType: isSeries ? 'timeseries' : 'table',
      });
      // Expanded in the browser only, and inclusive at both ends: neither is for us.
      expect(target?.rawSql).not.toMatch(/\$__conditionalAll|\$__timeFilter|\$__dateFilter/);
    });

    it('reads views over the rollups; the ledger only where they lack the column, bounded by time', () => {
      const sql = targetsOf(panel)[0]?.rawSql ?? '';
      const sources = new Set([...sql.matchAll(/\bFROM (\w+)/g)].map(([, table]) => table));
      const allowed = title === 'Top users' ? ['llm_cost_detail'] : ['llm_cost_hourly', 'llm_cost_daily'];
      for (const source of sources) expect(allowed).toContain(source);
      if (sources.has('llm_cost_detail')) expect(sql).toContain('quarter >= toStartOfFifteenMinutes($__fromTime)');
    });
  });

  it.each(panels.filter(({ type }) => type === 'timeseries').map((panel) => ({ title: panel.title ?? '', panel })))(
    'series "$title" sets interval, legend and points',
    ({ panel }) => {
      const options = panel.options as { legend?: { showLegend?: boolean } };
      expect(panel.interval).toMatch(/^1[hd]$/);
      expect(options.legend?.showLegend).toBe(true);
      expect(defaultsOf(panel).custom?.showPoints).toBe('never');
    },
  );
});
