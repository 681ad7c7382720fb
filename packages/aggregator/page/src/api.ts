/** What the page reads from the aggregator's API. Money arrives as exact decimal strings and is only displayed here. */

export interface Totals {
  readonly cost_usd: string;
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly unpriced_calls: number;
  readonly estimated_calls: number;
}

/** A dimension's values by its name. */
export type Key = Readonly<Record<string, string>>;

export interface Group extends Totals {
  readonly key: Key;
  /** Set on the row that stands for all groups beyond the limit; its key is empty. */
  readonly rest?: true;
}

export interface Summary {
  readonly from: string;
  readonly to: string;
  readonly total: Totals;
  readonly groups: readonly Group[];
}

export interface Point {
  readonly start: string;
  readonly key: Key;
  readonly cost_usd: string;
  readonly calls: number;
  readonly unpriced_calls: number;
}

export interface LatencyGroup {
  readonly key: Key;
  readonly calls: number;
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  readonly p99_ms: number | null;
}

export interface Budget {
  readonly name: string;
  readonly scope: Key;
  readonly window: string;
  readonly period: { readonly start: string; readonly end: string };
  readonly spent_usd: string;
  /** At most, for calls without a price; `0` without a ceiling price. */
  readonly assumed_usd: string;
  readonly limit_usd: string;
  readonly spent_percent: number;
}

export interface Forecast {
  readonly period: { readonly start: string; readonly end: string };
  readonly spent_usd: string;
  readonly expected_usd: string | null;
  readonly intervals: Readonly<Record<'80' | '95', readonly [string, string]>> | null;
  readonly previous_period_usd: string | null;
  readonly method: string;
  readonly backtest: { readonly wape: number | null; readonly coverage80: number | null; readonly n: number };
}

export interface Alert {
  readonly id: string;
  readonly state: 'firing' | 'resolved';
  readonly message: string;
  readonly started_at: string;
  readonly deliveries: readonly { readonly channel: string; readonly outcome: string }[];
}

export interface UnpricedModel {
  readonly provider: string;
  readonly model: string;
  readonly reason: string;
  readonly calls: number;
}

const base = new URL('api/v1/', document.baseURI);

/**
 * Fetches one resource of the API.
 * @throws Error with the problem's title and detail when the server refuses, or the reason why it cannot be reached.
 */
export async function fetchJson<T>(
  path: string,
  query: Record<string, string | number> = {},
  signal?: AbortSignal,
): Promise<T> {
  const url = new URL(path, base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  const response = await fetch(url, { signal: signal ?? null, headers: { accept: 'application/json' } });
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { title?: string; detail?: string };
  throw new Error(`${problem.title ?? `HTTP ${response.status}`}${problem.detail ? `: ${problem.detail}` : ''}`);
}
