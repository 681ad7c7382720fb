import { DIMENSIONS } from '@costel/store';
import { writeLine, createProgress } from '../output.js';
import { readConfig, type CommonFlags } from '../read-config.js';
import { openMigratedStore } from '../store-access.js';
import { rangeOf, type TimeRange } from '../time-range.js';

/** What is exported. */
export interface ExportFlags extends CommonFlags {
  readonly from: number;
  readonly to?: number;
  readonly format: 'csv' | 'json';
}

/** Rows that are read in one query: an hour of a busy service. */
const STEP_MS = 3_600_000;

/** Columns of an exported call, in order. */
const CALL_COLUMNS = [
  'counted_at',
  'trace_id',
  'span_id',
  'item',
  ...DIMENSIONS,
  'request_model',
  'service_tier',
  'status',
  'error_type',
  'duration_ns',
  'usage_quality',
  'input_tokens',
  'output_tokens',
  'cost_usd',
  'cost_status',
  'cost_reason',
  'price_source',
  'rate_id',
] as const;

type Cell = string | number | null;

/** Counts come as text because they have 64 bits; in JSON they are numbers, dollars stay text. */
const COUNT_COLUMNS: ReadonlySet<string> = new Set([
  'item',
  'duration_ns',
  'calls',
  'input_tokens',
  'output_tokens',
  'unpriced_calls',
  'estimated_calls',
  'error_calls',
]);

function toJsonCell(column: string, value: Cell): Cell {
  return COUNT_COLUMNS.has(column) && value !== null ? Number(value) : value;
}

/** One field of CSV (RFC 4180); a cell that a spreadsheet would run as a formula is made text. */
function toCsvCell(value: Cell): string {
  const text = value === null ? '' : String(value);
  const isFormula = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text));
  const safe = isFormula ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Writes rows as they come: a header once and then lines of CSV, or a JSON object a line. */
class RowWriter {
  readonly #columns: readonly string[];
  readonly #format: ExportFlags['format'];
  readonly #progress: ReturnType<typeof createProgress>;

  constructor(columns: readonly string[], format: ExportFlags['format']) {
    this.#columns = columns;
    this.#format = format;
    this.#progress = createProgress('rows written');
  }

  async begin(): Promise<void> {
    if (this.#format === 'csv') await writeLine(this.#columns.join(','));
  }

  async write(row: Readonly<Record<string, Cell>>): Promise<void> {
    const cells = this.#columns.map((column) => row[column] ?? null);
    const line =
      this.#format === 'csv'
        ? cells.map(toCsvCell).join(',')
        : JSON.stringify(
            Object.fromEntries(this.#columns.map((column) => [column, toJsonCell(column, row[column] ?? null)])),
          );
    await writeLine(line);
    this.#progress.step();
  }

  end(): void {
    this.#progress.done();
  }
}

/** Runs work on each hour of a range, in order. */
async function forEachStep({ from, to }: TimeRange, work: (from: Date, to: Date) => Promise<void>): Promise<void> {
  for (let startMs = from.getTime(); startMs < to.getTime(); startMs += STEP_MS) {
    await work(new Date(startMs), new Date(Math.min(to.getTime(), startMs + STEP_MS)));
  }
}

/** What is read for an hour, with `{tenant}`, `{from}` and `{to}`. */
interface ExportSource {
  readonly columns: readonly string[];
  readonly sql: string;
}

async function exportFrom(flags: ExportFlags, source: ExportSource): Promise<void> {
  const range = rangeOf(flags);
  const config = readConfig(flags);
  const { database } = await openMigratedStore(config);
  const writer = new RowWriter(source.columns, flags.format);
  try {
    await writer.begin();
    await forEachStep(range, async (from, to) => {
      const parameters = { tenant: config.tenant, from: toInstant(from), to: toInstant(to) };
      for (const row of await database.query<Record<string, Cell>>(source.sql, parameters)) await writer.write(row);
    });
    writer.end();
  } finally {
    await database.close();
  }
}

/** The text that a `DateTime64(3)` parameter takes. */
function toInstant(date: Date): string {
  return date.toISOString().replace('T', ' ').replace('Z', '');
}

/** Instants are written as ISO 8601, dollars as they are: exact. */
function toSelected(column: string): string {
  if (column === 'counted_at') return `concat(replaceOne(toString(c.counted_at), ' ', 'T'), 'Z') AS counted_at`;
  if (column === 'start') return `concat(replaceOne(toString(c.hour), ' ', 'T'), 'Z') AS start`;
  return column === 'cost_usd' ? 'toString(c.cost_usd) AS cost_usd' : `c.\`${column}\``;
}

const CALLS: ExportSource = {
  columns: CALL_COLUMNS,
  sql: `SELECT ${CALL_COLUMNS.map(toSelected).join(', ')} FROM llm_calls_final AS c
WHERE c.tenant = {tenant:String} AND c.counted
    AND c.counted_at >= {from:DateTime64(3, 'UTC')} AND c.counted_at < {to:DateTime64(3, 'UTC')}
ORDER BY c.counted_at, c.trace_id, c.span_id, c.item`,
};

/** `costel export calls`: the calls that count, by counted time. */
export async function exportCalls(flags: ExportFlags): Promise<void> {
  await exportFrom(flags, CALLS);
}

const HOUR_COLUMNS = [
  'start',
  'provider',
  'model',
  'operation',
  'service',
  'environment',
  'feature',
  'team',
  'project',
  'agent',
  'cost_usd',
  'calls',
  'input_tokens',
  'output_tokens',
  'unpriced_calls',
  'estimated_calls',
  'error_calls',
] as const;

const HOURS: ExportSource = {
  columns: HOUR_COLUMNS,
  sql: `SELECT ${HOUR_COLUMNS.map(toSelected).join(', ')} FROM llm_cost_hourly AS c
WHERE c.tenant = {tenant:String} AND c.hour >= {from:DateTime64(3, 'UTC')} AND c.hour < {to:DateTime64(3, 'UTC')}
ORDER BY c.hour, c.provider, c.model, c.feature`,
};

/** `costel export hourly`: cost by UTC hour and the dimensions of few values. */
export async function exportHourly(flags: ExportFlags): Promise<void> {
  await exportFrom(flags, HOURS);
}
