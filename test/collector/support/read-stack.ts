import type { RunningStack } from '../../support/stack.js';

/** Runs one SELECT over the stack's ClickHouse interface and gives its rows; 64-bit integers are strings. */
export async function queryRows<Row extends object>(stack: RunningStack, sql: string): Promise<Row[]> {
  const response = await fetch(`${stack.clickhouseUrl}/?default_format=JSONEachRow`, { method: 'POST', body: sql });
  const text = await response.text();
  if (!response.ok) throw new Error(`the interface answered ${response.status} to ${sql}: ${text}`);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** How many rows a table has. */
export async function countRows(stack: RunningStack, table: string): Promise<number> {
  const [row] = await queryRows<{ n: number | string }>(stack, `SELECT count() AS n FROM ${table}`);
  return Number(row?.n ?? Number.NaN);
}

/** The parts of `GET /api/v1/costs/summary` that the tests compare. */
export interface CostTotal {
  readonly cost_usd: string;
  readonly calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly unpriced_calls: number;
}

/** The total of the last days, today included. */
export async function costTotal(stack: RunningStack, days = 2): Promise<CostTotal> {
  const response = await fetch(`${stack.url}/api/v1/costs/summary?days=${days}`);
  if (!response.ok) throw new Error(`the API answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { total: CostTotal }).total;
}
