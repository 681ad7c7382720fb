import { OURS } from './variants.mjs';

/** @param {number} value @param {number} decimals */
function number(value, decimals) {
  return value.toFixed(decimals).replace(/^-(0(?:\.0+)?)$/, '$1');
}

/** @param {import('./statistics.mjs').Summary} summary @param {number} decimals */
function withRange({ median, q1, q3 }, decimals) {
  return `${number(median, decimals)} [${number(q1, decimals)}..${number(q3, decimals)}]`;
}

/** @param {string[][]} rows the first one is the heading; columns of text go left, figures right */
function table(rows, textColumns = [0]) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cellOf = (cell, column) =>
    textColumns.includes(column) ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  const line = (row) => row.map(cellOf).join('  ').trimEnd();
  return [line(rows[0]), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.slice(1).map(line)].join('\n');
}

function callTable(variants, kind) {
  const decimals = kind === 'json' ? 1 : 0;
  return table([
    ['variant', 'p25', 'over none [IQR]', 'over als [IQR]', 'CPU over none', 'CPU over als', '× official [launches]'],
    ...variants.map(({ name, [kind]: figures }) => [
      name,
      number(figures.p25Us.median, decimals),
      withRange(figures.overNone.addedUs, decimals),
      withRange(figures.overAls.addedUs, decimals),
      number(figures.overNone.addedCpuUs.median, decimals),
      number(figures.overAls.addedCpuUs.median, decimals),
      ratioCell(figures.ratioToOfficial, name),
    ]),
  ]);
}

function ratioCell(ratio, name) {
  if (ratio === undefined || /^(none|als)/.test(name)) return '';
  return `${number(ratio.ratio, 2)} [${number(ratio.lowest, 2)}..${number(ratio.highest, 2)}]`;
}

function processTable(variants) {
  return table([
    [
      'variant',
      'set-up',
      'load SDK',
      'ready over none',
      'ready over als',
      'first call',
      'RSS MB',
      'over none',
      'over als',
      'heap MB',
    ],
    ...variants.map(({ name, process: { startUp, rssMb, rssOverNoneMb, rssOverAlsMb, heapMb } }) => [
      name,
      number(startUp.setUpMs.median, 0),
      number(startUp.loadSdkMs.median, 0),
      withRange(startUp.readyOverNoneMs, 0),
      withRange(startUp.readyOverAlsMs, 0),
      number(startUp.firstCallMs.median, 1),
      number(rssMb, 0),
      number(rssOverNoneMb.median, 1),
      number(rssOverAlsMb.median, 1),
      number(heapMb, 1),
    ]),
  ]);
}

function recordedTable(variants) {
  return table(
    [
      ['variant', 'attributes of a stream span', 'cost', 'series by metric'],
      ...variants
        .filter(({ recorded }) => recorded.spans > 0)
        .map(({ name, recorded: { attributes, series } }) => [
          name,
          String(attributes.length),
          attributes.includes('costel.cost.usd') ? 'yes' : 'no',
          Object.entries(series)
            .map(([metric, count]) => `${metric} ${count}`)
            .join(', ') || 'none',
        ]),
    ],
    [0, 3],
  );
}

/** @param {number[]} loadAverage */
function loads(loadAverage) {
  return loadAverage.map((load) => number(load, 2)).join(' ');
}

function formatTarget({ name, limit, actual, isMet }) {
  return `${isMet ? 'met    ' : 'NOT MET'} ${name}: ${number(actual, 2)} (≤ ${limit})`;
}

/** The result as text for people. */
export function formatResult(result) {
  const { machine, settings, variants, targets, versions, mode } = result;
  return [
    ...(mode === 'quick' ? ['QUICK MODE: shows that the benchmark works; the figures mean nothing.', ''] : []),
    `${result.startedAt}  Node ${machine.node}  ${machine.processors} × ${machine.processor}, ${machine.system}`,
    `load average before ${loads(machine.loadAverage)}, after ${loads(machine.loadAverageAfter)}; ` +
      `other processes kept ${number(machine.otherProcessors, 2)} processors busy during the run`,
    ...(machine.isIdle ? [] : ['WARNING: the machine was not idle before the start; do not quote these figures.']),
    Object.entries(versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    `${settings.launches} launches × ${settings.rounds} rounds × ${settings.callsPerRound.json} JSON calls and ` +
      `${settings.callsPerRound.stream} streams, after ${settings.warmUpCalls.json} and ${settings.warmUpCalls.stream} to warm up`,
    '',
    'JSON chat call, µs',
    callTable(variants, 'json'),
    '',
    '200-chunk stream, µs',
    callTable(variants, 'stream'),
    '',
    'Start-up, ms, and memory',
    processTable(variants),
    '',
    'Recorded',
    recordedTable(variants),
    ...(mode === 'quick' || targets.length === 0 ? [] : ['', `Targets of ${OURS} (on an idle machine)`]),
    ...(mode === 'quick' ? [] : targets.map(formatTarget)),
  ].join('\n');
}
