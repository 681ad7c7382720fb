import { nearestName, toFigures, toGroup, topJson } from '@costel/aggregator';
import {
  DIMENSIONS,
  isDimension,
  queryTop,
  utcMonth,
  type CostMeasures,
  type Dimension,
  type TopReport,
} from '@costel/store';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { writeJson, writeLine } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { openMigratedStore } from '../store-access.js';
import { rangeOf, type TimeRange } from '../time-range.js';

/** What is shown, of which calls. */
export interface CostsFlags extends CommonFlags {
  /** A dimension, e.g. `model` or `tag.experiment`. */
  readonly by: string;
  /** Milliseconds since 1970; the start of the UTC month by default. */
  readonly from?: number;
  readonly to?: number;
  /** The most values that are shown; the others are one row. */
  readonly limit: number;
  readonly json?: boolean;
}

function requireDimension(name: string): Dimension {
  if (isDimension(name)) return name;
  const near = nearestName(name, DIMENSIONS);
  const limit = near === undefined ? `must be one of ${DIMENSIONS.join(', ')} or tag.NAME` : `did you mean ${near}?`;
  throw new CliError('dimension_unknown', `--by ${JSON.stringify(name)} is no dimension; ${limit}`, {
    exitCode: EXIT_CODES.usage,
  });
}

/** `costel costs`: what calls cost, by the dearest values of one dimension. */
export async function showCosts(flags: CostsFlags): Promise<void> {
  const dimension = requireDimension(flags.by);
  const nowMs = Date.now();
  const range = rangeOf({ from: flags.from ?? utcMonth(nowMs).fromMs, to: flags.to ?? nowMs });
  const config = readConfig(flags);
  const { database } = await openMigratedStore(config);
  try {
    const report = await queryTop(database, dimension, { ...range, tenant: config.tenant, limit: flags.limit });
    await (flags.json === true ? writeJson(toJson(report, dimension, range)) : writeTable(report, dimension, range));
  } finally {
    await database.close();
  }
}

/** The form of `GET /api/v1/costs/by/{dimension}`. */
function toJson({ total, top }: TopReport, dimension: Dimension, { from, to }: TimeRange): object {
  const range = { fromMs: from.getTime(), toMs: to.getTime() };
  return topJson(range, dimension, { total: toFigures(total), groups: top.map(toGroup) });
}

/** Text whose point stands where that of others with up to `decimals` digits behind it does: `2.5` of 3 is `2.5  `. */
function alignDecimals(dollars: string, decimals: number): string {
  const [, fraction] = dollars.split('.');
  const lacking = decimals - (fraction?.length ?? 0) + (fraction === undefined && decimals > 0 ? 1 : 0);
  return dollars + ' '.repeat(lacking);
}

async function writeTable({ total, top, rest }: TopReport, dimension: Dimension, range: TimeRange): Promise<void> {
  const rows = [
    ...top.map((group): [string, CostMeasures] => [group.key[dimension] || `(no ${dimension})`, group]),
    ...(rest === undefined ? [] : [['everything else', rest] satisfies [string, CostMeasures]]),
    ['all calls', total] satisfies [string, CostMeasures],
  ];
  const width = Math.max(dimension.length, ...rows.map(([name]) => name.length));
  const decimals = Math.max(0, ...rows.map(([, { costUsd }]) => costUsd.split('.')[1]?.length ?? 0));
  const line = (name: string, calls: string, dollars: string, unpriced: string): string =>
    `${name.padEnd(width)} ${calls.padStart(12)} ${dollars.padStart(20)} ${unpriced.padStart(16)}`.trimEnd();
  await writeLine(`${range.from.toISOString()} to ${range.to.toISOString()}`);
  await writeLine(line(dimension, 'calls', 'dollars', 'cost unknown'));
  for (const [name, { calls, costUsd, unpricedCalls }] of rows) {
    // Nothing is known of these, which is not that they cost nothing.
    const dollars = calls > 0 && unpricedCalls === calls ? '?' : costUsd;
    const aligned = alignDecimals(dollars, decimals);
    await writeLine(line(name, String(calls), aligned, unpricedCalls === 0 ? '' : String(unpricedCalls)));
  }
  if (total.unpricedCalls > 0)
    await writeLine('calls whose cost is unknown are in no sum; "costel doctor" names their models');
  if (total.estimatedCalls > 0) await writeLine(`the usage of ${total.estimatedCalls} calls is estimated`);
  if (total.errorCalls > 0) await writeLine(`${total.errorCalls} calls failed`);
}
