import { StoreError } from '../engine/store-error.js';

/** A half-open span of time `[fromMs, toMs)` in milliseconds since 1970, UTC. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The grain of the finest rollup: every IANA offset is a multiple of it. */
export const QUARTER_MS = 900_000;
/** A UTC day. */
export const DAY_MS = 86_400_000;

/** The instant at or before `ms` where a period of `grainMs` begins. */
export function floorTo(ms: number, grainMs: number): number {
  return Math.floor(ms / grainMs) * grainMs;
}

/** The instant at or after `ms` where a period of `grainMs` begins. */
export function ceilTo(ms: number, grainMs: number): number {
  return Math.ceil(ms / grainMs) * grainMs;
}

/** The UTC day that an instant lies in, e.g. [2026-11-23, 2026-11-24). */
export function utcDay(ms: number): TimeRange {
  const fromMs = floorTo(ms, DAY_MS);
  return { fromMs, toMs: fromMs + DAY_MS };
}

/** The UTC month that an instant lies in, e.g. [2026-11-01, 2026-12-01). */
export function utcMonth(ms: number): TimeRange {
  const date = new Date(ms);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { fromMs: Date.UTC(year, month), toMs: Date.UTC(year, month + 1) };
}

/** What is left of ranges without others; ascending, as few ranges as can be. */
export function subtractRanges(ranges: readonly TimeRange[], others: readonly TimeRange[]): readonly TimeRange[] {
  const ordered = others.toSorted((left, right) => left.fromMs - right.fromMs);
  return ranges.flatMap((range) => {
    const parts: TimeRange[] = [];
    let fromMs = range.fromMs;
    for (const other of ordered) {
      if (other.toMs <= fromMs || other.fromMs >= range.toMs) continue;
      if (other.fromMs > fromMs) parts.push({ fromMs, toMs: other.fromMs });
      fromMs = Math.max(fromMs, other.toMs);
    }
    if (fromMs < range.toMs) parts.push({ fromMs, toMs: range.toMs });
    return parts;
  });
}

/** The text that a `DateTime64(3, 'UTC')` parameter takes, e.g. `2026-11-22 18:24:20.000`. */
export function instantText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

/** Milliseconds of the engine's `2026-11-22 18:24:20.000` (UTC). */
export function parseInstant(text: string): number {
  return Date.parse(`${text.replace(' ', 'T')}Z`);
}

/** @throws StoreError `parameter_invalid` for an instant that is no date, outside [1970, 2100), or an end before its start. */
export function checkedRange(from: Date, to: Date): TimeRange {
  const fromMs = from.getTime();
  const toMs = to.getTime();
  for (const [name, ms] of [
    ['from', fromMs],
    ['to', toMs],
  ] as const) {
    if (!(ms >= 0 && ms <= 4_102_444_800_000)) {
      throw new StoreError('parameter_invalid', `${name} must be an instant in [1970, 2100), not ${String(ms)} ms`);
    }
  }
  if (toMs < fromMs) {
    throw new StoreError('parameter_invalid', `to ${instantText(toMs)} must not be before from ${instantText(fromMs)}`);
  }
  return { fromMs, toMs };
}
