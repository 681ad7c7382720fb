import type { Dashboard, Panel, VariableModel } from '@grafana/grafana-foundation-sdk/dashboard';
import { renderDashboards } from '../../dashboards/src/render.js';

/** One SQL query of a panel, as the ClickHouse plugin gets it. */
export interface SqlTarget {
  readonly refId: string;
  readonly rawSql: string;
  readonly format: number;
  readonly queryType: string;
  readonly editorType: string;
  readonly datasource: { readonly type: string; readonly uid: string };
}

/** A dashboard as Grafana would read it from its file. */
export interface LoadedDashboard {
  readonly file: string;
  readonly json: string;
  readonly dashboard: Dashboard;
  readonly panels: readonly Panel[];
  readonly variables: readonly VariableModel[];
}

/** Every dashboard, parsed from the JSON that is committed. */
export function loadDashboards(): readonly LoadedDashboard[] {
  return renderDashboards().map(({ file, json }) => {
    const dashboard = JSON.parse(json) as Dashboard;
    return {
      file,
      json,
      dashboard,
      panels: (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row'),
      variables: dashboard.templating.list ?? [],
    };
  });
}

/** The queries of a panel. */
export function targetsOf(panel: Panel): readonly SqlTarget[] {
  return (panel.targets ?? []) as unknown as readonly SqlTarget[];
}
