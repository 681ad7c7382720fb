import { costOverview } from './cost-overview.js';

/** A dashboard as it is committed and imported. */
export interface RenderedDashboard {
  /** Below dashboards/grafana/. */
  readonly file: string;
  readonly json: string;
}

/** All dashboards, in the form in which they are committed. */
export function renderDashboards(): readonly RenderedDashboard[] {
  return [{ file: 'cost-overview.json', json: `${JSON.stringify(costOverview(), null, 2)}\n` }];
}
