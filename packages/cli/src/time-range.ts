import { CliError, EXIT_CODES } from './exit-codes.js';

/** A stretch of time, half-open. */
export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
}

/**
 * The range that `--from` and `--to` name, in milliseconds since 1970; without `--to` it ends now.
 * @throws CliError `range_empty` where it would hold no instant, e.g. `--from 2026-02-01 --to 2026-02-01`.
 */
export function rangeOf(flags: { readonly from: number; readonly to?: number }): TimeRange {
  const from = new Date(flags.from);
  const to = new Date(flags.to ?? Date.now());
  if (from < to) return { from, to };
  throw new CliError('range_empty', `--from ${from.toISOString()} must be before --to ${to.toISOString()}`, {
    exitCode: EXIT_CODES.usage,
  });
}
