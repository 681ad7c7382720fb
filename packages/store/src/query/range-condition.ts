import type { QueryParameters } from '../database.js';
import { instantText, type TimeRange } from './time-range.js';

/** A condition with the values behind its placeholders. */
export interface Condition {
  readonly sql: string;
  readonly parameters: QueryParameters;
}

/** How instants are written for a column's type. */
export type InstantType = 'DateTime64' | 'DateTime' | 'Date';

const SQL_TYPES: Readonly<Record<InstantType, string>> = {
  DateTime64: "DateTime64(3, 'UTC')",
  DateTime: "DateTime('UTC')",
  Date: 'Date',
};
const TEXT_LENGTHS: Readonly<Record<InstantType, number>> = { DateTime64: 23, DateTime: 19, Date: 10 };

/** Ranges that are written out one by one, so that indexes see each; more are looked up in an array. */
const MAX_WRITTEN_RANGES = 48;

/**
 * Holds for instants in any of the ranges (false for none). Placeholders are `<prefix>0_from`, `<prefix>0_to`, …; the
 * first pair spans all ranges where there are too many to write out.
 */
export function rangeCondition(
  column: string,
  type: InstantType,
  ranges: readonly TimeRange[],
  prefix: string,
): Condition {
  const text = (ms: number) => instantText(ms).slice(0, TEXT_LENGTHS[type]);
  const parameters: Record<string, string | readonly string[]> = {};
  const within = ({ fromMs, toMs }: TimeRange, index: number): string => {
    parameters[`${prefix}${index}_from`] = text(fromMs);
    parameters[`${prefix}${index}_to`] = text(toMs);
    const bound = (edge: string) => `{${prefix}${index}_${edge}:${SQL_TYPES[type]}}`;
    return `(${column} >= ${bound('from')} AND ${column} < ${bound('to')})`;
  };
  if (ranges.length === 0) return { sql: '0', parameters };
  if (ranges.length <= MAX_WRITTEN_RANGES) return { sql: ranges.map(within).join(' OR '), parameters };
  const span = {
    fromMs: Math.min(...ranges.map((range) => range.fromMs)),
    toMs: Math.max(...ranges.map((range) => range.toMs)),
  };
  parameters[`${prefix}_froms`] = ranges.map((range) => text(range.fromMs));
  parameters[`${prefix}_tos`] = ranges.map((range) => text(range.toMs));
  const list = (edge: string) => `{${prefix}_${edge}:Array(${SQL_TYPES[type]})}`;
  const inAny = `arrayExists((range_from, range_to) -> ${column} >= range_from AND ${column} < range_to, ${list('froms')}, ${list('tos')})`;
  return { sql: `${within(span, 0)} AND ${inAny}`, parameters };
}
