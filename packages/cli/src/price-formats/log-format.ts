import type { UsageReading } from '@costel/pricing';

/** A JSON object of unknown content. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** What one line of a log says about one call. */
export interface LogEntry {
  readonly id: string;
  /** `gen_ai.provider.name` or an alias. */
  readonly provider: string;
  readonly requestModel?: string | undefined;
  /** When the call was made; absent where the log does not say. */
  readonly atMs?: number | undefined;
  /** What was used; absent where nothing was billed. */
  readonly reading?: UsageReading | undefined;
  /** Why nothing was billed: the call failed, or an answer came from a cache. */
  readonly unbilled?: { readonly status: 'error_response' | 'not_billable' | 'no_usage'; readonly reason: string };
  /** What the log itself says that the call cost, computed by the gateway; decimal dollars, never taken as the price. */
  readonly loggedCostUsd?: string | undefined;
}

/** A form of logs that `costel price --format` reads, one call a line. */
export interface LogFormat {
  readonly name: string;
  /** For `--help`: what the file is and where it comes from. */
  readonly description: string;
  /** Reads a line; undefined when it is no line of this format. */
  readonly read: (record: JsonRecord) => LogEntry | undefined;
}

/** The value as an object, or undefined. */
export function recordOf(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
}

/** The value as a text that is not empty, or undefined. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Seconds or milliseconds since 1970, or an ISO 8601 text (UTC where it names no zone), as milliseconds. */
export function instantOf(value: unknown): number | undefined {
  if (typeof value === 'number' && value > 0) return value < 1e11 ? value * 1000 : value;
  const text = textOf(value);
  if (text === undefined) return undefined;
  const iso = text.replace(' ', 'T');
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A count of a log: a number or a text of digits; undefined when empty or absent. */
export function countOf(value: unknown): unknown {
  const text = textOf(value);
  if (text !== undefined) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return typeof value === 'number' ? value : undefined;
}

/** A number or text of dollars as a decimal text. */
export function dollarsTextOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  const text = textOf(value);
  return text !== undefined && Number.isFinite(Number(text)) ? text : undefined;
}
