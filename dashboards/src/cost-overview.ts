import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  CALLS,
  COST_AGAINST_LAST_WEEK,
  COST_MONTH,
  COST_TODAY,
  costSeries,
  LATENCY,
  MODELS,
  PRICE_QUALITY,
  TOKENS_BY_CLASS,
  TOP_USERS,
  UNPRICED_MODELS,
} from './cost-overview-sql.js';
import { filterVariable } from './filters.js';
import { seriesPanel, statPanel, tablePanel } from './panels.js';

const UID = 'costel-cost-overview';
const HOURS_NOTE = 'Whole UTC hours; the last one is not over yet.';

/** A click on a model shows that model alone, in the same range. */
const MODEL_LINK = [
  {
    id: 'links',
    value: [
      {
        title: 'Show only ${__value.text}',
        url: `/d/${UID}?\${__url_time_range}&\${ds:queryparam}&var-model=\${__value.text:percentencode}`,
        targetBlank: false,
      },
    ],
  },
];

function variables(): DashboardBuilder {
  return new DashboardBuilder('Cost overview')
    .uid(UID)
    .description('What LLM calls cost, by model, feature, team and user; how fast they are; what is not priced.')
    .tags(['costel', 'llm', 'cost'])
    .timezone('browser')
    .time({ from: 'now-7d', to: 'now' })
    .refresh('1m')
    .tooltip(DashboardCursorSync.Crosshair)
    .readonly()
    .link(
      new DashboardLinkBuilder('Costel dashboards')
        .type(DashboardLinkType.Dashboards)
        .tags(['costel'])
        .asDropdown(true)
        .keepTime(true)
        .includeVars(true),
    )
    .withVariable(new DatasourceVariableBuilder('ds').label('Data source').type('grafana-clickhouse-datasource'))
    .withVariable(filterVariable('provider', 'Provider'))
    .withVariable(filterVariable('model', 'Model'))
    .withVariable(filterVariable('service', 'Service'))
    .withVariable(filterVariable('environment', 'Environment'))
    .withVariable(filterVariable('feature', 'Feature'));
}

function addStats(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withPanel(
      statPanel({
        title: 'Cost today',
        description:
          'Cost of the UTC day so far and of the whole day before, whatever the range. Unpriced calls are in none.',
        unit: 'currencyUSD',
        noValue: 'no calls',
        columns: 6,
        sql: COST_TODAY,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Cost this month',
        description: 'Cost of the UTC month so far and of the whole month before, whatever the range.',
        unit: 'currencyUSD',
        noValue: 'no calls',
        columns: 6,
        sql: COST_MONTH,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Calls',
        description: `Calls of the range and how many of them failed. ${HOURS_NOTE}`,
        unit: 'short',
        noValue: 'no calls',
        columns: 6,
        sql: CALLS,
      }),
    )
    .withPanel(
      statPanel({
        title: 'Not exactly known',
        description:
          'Share of the calls whose price is unknown (they are in no sum) and share whose usage was estimated, for instance after an aborted stream.',
        unit: 'percentunit',
        noValue: 'no calls',
        columns: 6,
        orangeFrom: 0.000001,
        redFrom: 0.05,
        sql: PRICE_QUALITY,
      }),
    );
}

function addCosts(dashboard: DashboardBuilder): DashboardBuilder {
  const dimensions = [
    ['model', 'Cost by model'],
    ['feature', 'Cost by feature'],
    ['team', 'Cost by team'],
  ] as const;
  for (const [dimension, title] of dimensions) {
    dashboard.withPanel(
      seriesPanel({
        title,
        description: `The ten with the highest cost in the range, and all others as one. ${HOURS_NOTE}`,
        unit: 'currencyUSD',
        columns: 12,
        seriesColumn: 'series',
        stacked: true,
        interval: '1h',
        calculation: 'sum',
        sql: costSeries(dimension),
      }),
    );
  }
  return dashboard.withPanel(
    seriesPanel({
      title: 'Cost against 7 days earlier',
      description: `The same hours of the week before, on the same axis. ${HOURS_NOTE}`,
      unit: 'currencyUSD',
      columns: 12,
      stacked: false,
      interval: '1h',
      calculation: 'sum',
      sql: COST_AGAINST_LAST_WEEK,
    }),
  );
}

function addUsage(dashboard: DashboardBuilder): DashboardBuilder {
  return dashboard
    .withPanel(
      tablePanel({
        title: 'Models',
        description:
          'Cost, calls and latency by model. Cost per 1,000 calls leaves unpriced calls out; latency leaves failed ones out and is exact to 5 %.',
        unit: 'short',
        noValue: 'unknown',
        columns: 24,
        units: { Cost: 'currencyUSD', 'Cost per 1,000 calls': 'currencyUSD', p50: 'ms', p95: 'ms', p99: 'ms' },
        sql: MODELS,
      }).overrideByName('Model', MODEL_LINK),
    )
    .withPanel(
      tablePanel({
        title: 'Top users',
        description: 'The 20 users with the highest cost in the range.',
        unit: 'short',
        noValue: 'unknown',
        columns: 12,
        units: { Cost: 'currencyUSD' },
        sql: TOP_USERS,
      }),
    )
    .withPanel(
      tablePanel({
        title: 'Unpriced models',
        description:
          'Models with calls that no known price covers. Their cost is unknown, not zero, and missing from every sum.',
        unit: 'short',
        noValue: 'none',
        columns: 12,
        units: {},
        sql: UNPRICED_MODELS,
      })
        .overrideByName('Model', MODEL_LINK)
        .overrideByName('Unpriced calls', [{ id: 'color', value: { mode: 'fixed', fixedColor: 'red' } }]),
    )
    .withPanel(
      seriesPanel({
        title: 'Tokens by class',
        description: `Each token is in one class: input excludes cached tokens, output excludes reasoning. ${HOURS_NOTE}`,
        unit: 'short',
        columns: 12,
        stacked: true,
        interval: '1h',
        calculation: 'sum',
        sql: TOKENS_BY_CLASS,
      }),
    )
    .withPanel(
      seriesPanel({
        title: 'Latency',
        description: `Time from request to end of answer of calls that did not fail; exact to 5 %. ${HOURS_NOTE}`,
        unit: 'ms',
        columns: 12,
        stacked: false,
        interval: '1h',
        calculation: 'max',
        sql: LATENCY,
      }),
    );
}

/** The dashboard that answers: what does it cost, who causes it, and what is not known. */
export function costOverview(): Dashboard {
  const dashboard = addUsage(addCosts(addStats(variables()))).build();
  // Links to a panel and screenshots go by its id, which Grafana would otherwise give anew at each import.
  const panels = dashboard.panels?.map((panel, index) => ({ ...panel, id: index + 1 }));
  return panels === undefined ? dashboard : { ...dashboard, panels };
}
