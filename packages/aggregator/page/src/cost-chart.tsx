import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { fetchJson, type Point } from './api.js';
import { Card } from './card.js';
import { formatCost, formatStart, formatUsd } from './format.js';
import type { Range } from './range.js';
import { stackCosts, type StackedCosts } from './stack-costs.js';
import { usePoll } from './use-poll.js';

const DIMENSIONS = ['model', 'feature', 'provider', 'service', 'environment', 'team', 'project', 'agent', 'operation'];
const HEIGHT_PX = 240;

/** Cost over time, stacked by a dimension of the reader's choice, with the same figures as a table below. */
export function CostChart({ dimension: initial, range }: { readonly dimension: string; readonly range: Range }) {
  const [dimension, setDimension] = useState(initial);
  const { data, error } = usePoll(`${dimension} ${range.label}`, 3000, (signal) =>
    fetchJson<{ points: readonly Point[] }>(`costs/${range.grain}`, { days: range.days, group_by: dimension }, signal),
  );
  const stacked = useMemo(
    () => data && stackCosts(data.points, dimension, range, Date.now()),
    [data, dimension, range],
  );
  return (
    <Card
      title={`Cost by ${dimension}, ${range.label}`}
      error={error}
      loading={!stacked}
      choice={<DimensionChoice chosen={dimension} choose={setDimension} />}
    >
      {stacked &&
        (stacked.series.length === 0 ? <p class="quiet">No calls in this range.</p> : <Chart stacked={stacked} />)}
    </Card>
  );
}

interface DimensionChoiceProps {
  readonly chosen: string;
  readonly choose: (dimension: string) => void;
}

function DimensionChoice({ chosen, choose }: DimensionChoiceProps) {
  return (
    <label class="choice">
      by{' '}
      <select value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {DIMENSIONS.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  );
}

function Chart({ stacked }: { readonly stacked: StackedCosts }) {
  const container = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = stacked.series.map((series) => series.name).join('\n');

  useEffect(() => {
    const element = container.current;
    if (!element) return undefined;
    const chart = new uPlot(chartOptions(stacked, element.clientWidth), chartData(stacked), element);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    observer.observe(element);
    const theme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => chart.redraw(false, true);
    theme.addEventListener('change', redraw);
    return () => {
      theme.removeEventListener('change', redraw);
      observer.disconnect();
      chart.destroy();
    };
    // A new set of series needs a new chart; new values of the same series are set below.
  }, [names]);

  useEffect(() => plot.current?.setData(chartData(stacked)), [stacked]);

  return (
    <>
      <div ref={container} class="chart" aria-hidden="true" />
      <ul class="legend">
        {stacked.series.map((series, index) => (
          <li key={series.name}>
            <span class={`swatch series-${index}`} />
            <span class="clip">{series.name}</span>{' '}
            <span class="number quiet">{formatCost(series.total, series.unpricedCalls)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

/** uPlot draws its series in order, so the highest stack comes first and each lower one covers its part. */
function chartData(stacked: StackedCosts): uPlot.AlignedData {
  return [stacked.startSeconds, ...stacked.series.map((series) => series.cumulative).toReversed()] as uPlot.AlignedData;
}

function cssColor(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function chartOptions(stacked: StackedCosts, width: number): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.86, 48], align: 1 });
  const axis = {
    stroke: () => cssColor('--quiet'),
    grid: { stroke: () => cssColor('--line'), width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'UTC'),
    scales: {
      // A bar stands to the right of its start, so the axis ends one step after the last one.
      x: { range: (_chart, first, last) => [first, last + stacked.stepSeconds] },
      y: { range: (_chart, _low, high) => [0, high > 0 ? high * 1.05 : 1] },
    },
    axes: [
      { ...axis, size: 30, values: (_chart, starts) => starts.map((start) => formatStart(start, stacked.stepSeconds)) },
      { ...axis, size: 64, values: (_chart, values) => values.map((value) => formatUsd(value)) },
    ],
    series: [
      {},
      ...stacked.series
        .map((_series, index) => ({
          fill: () => cssColor(`--series-${index}`),
          width: 0,
          points: { show: false },
          ...(bars ? { paths: bars } : {}),
        }))
        .toReversed(),
    ],
  };
}
