import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphDrawStyle,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  FieldColorBuilder,
  FieldColorModeId,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type Threshold,
} from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { ClickHouseQueryBuilder, DATA_SOURCE } from './clickhouse-query.js';

/** Columns of Grafana's grid: a panel of 24 is as wide as the page. */
export type GridColumns = 4 | 6 | 8 | 12 | 24;

/** What every panel says of itself. */
export interface PanelText {
  readonly title: string;
  /** What is counted, over which time, and what is left out. */
  readonly description: string;
  /** A unit id of Grafana, e.g. `currencyUSD`, `percentunit`, `ms`, `short`. */
  readonly unit: string;
  readonly sql: string;
  readonly columns: GridColumns;
}

/**
 * Colours by value. There is no green: money is neither good nor bad, and an unknown price never looks healthy. Blue
 * from the start, orange and red from the bounds given.
 */
function thresholds(orangeFrom?: number, redFrom?: number): ThresholdsConfigBuilder {
  const steps: Threshold[] = [{ value: null, color: 'blue' }];
  if (orangeFrom !== undefined) steps.push({ value: orangeFrom, color: 'orange' });
  if (redFrom !== undefined) steps.push({ value: redFrom, color: 'red' });
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}

/** One number, or one a column, with its name below; "no data" is grey and says what is missing. */
export function statPanel(
  text: PanelText & { readonly noValue: string; readonly orangeFrom?: number; readonly redFrom?: number },
): stat.PanelBuilder {
  return new stat.PanelBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(DATA_SOURCE)
    .unit(text.unit)
    .noValue(text.noValue)
    .height(4)
    .span(text.columns)
    .textMode(BigValueTextMode.ValueAndName)
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.Value)
    .thresholds(thresholds(text.orangeFrom, text.redFrom))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']).fields('/.*/').values(false))
    .withTarget(new ClickHouseQueryBuilder('A', text.sql, 'table'));
}

/** A time series; stacked bars for what adds up, lines for what does not. */
export function seriesPanel(
  text: PanelText & {
    /** The text column that names the series; none where each column is a series. */
    readonly seriesColumn?: string;
    readonly stacked: boolean;
    readonly interval: '1h' | '1d';
    readonly calculation: 'sum' | 'max';
  },
): timeseries.PanelBuilder {
  const panel = new timeseries.PanelBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(DATA_SOURCE)
    .unit(text.unit)
    .noValue('no calls')
    .height(9)
    .span(text.columns)
    .interval(text.interval)
    .min(0)
    .showPoints(VisibilityMode.Never)
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassicByName))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Right)
        .showLegend(true)
        .calcs([text.calculation]),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
    .withTarget(new ClickHouseQueryBuilder('A', text.sql, 'timeseries'));
  if (text.seriesColumn !== undefined) panel.displayName(`\${__field.labels.${text.seriesColumn}}`);
  return text.stacked
    ? panel
        .drawStyle(GraphDrawStyle.Bars)
        .fillOpacity(80)
        .lineWidth(0)
        .stacking(new StackingConfigBuilder().mode(StackingMode.Normal).group('A'))
    : panel.drawStyle(GraphDrawStyle.Line).fillOpacity(0).lineWidth(2).spanNulls(false);
}

/** A table; columns of another unit than the panel's are given by name. */
export function tablePanel(
  text: PanelText & { readonly units: Readonly<Record<string, string>>; readonly noValue: string },
): table.PanelBuilder {
  const panel = new table.PanelBuilder()
    .title(text.title)
    .description(text.description)
    .datasource(DATA_SOURCE)
    .unit(text.unit)
    .noValue(text.noValue)
    .height(9)
    .span(text.columns)
    .filterable(true)
    .thresholds(thresholds())
    .withTarget(new ClickHouseQueryBuilder('A', text.sql, 'table'));
  for (const [column, unit] of Object.entries(text.units)) panel.overrideByName(column, [{ id: 'unit', value: unit }]);
  return panel;
}
