import { LEDGER_COLUMNS } from './ledger-columns.js';
import { USAGE_ARRAY_SQL } from './buckets.js';
import { REVISION_STEP } from './ledger-select.js';
import { PRICE_RESULTS, priceStages, type RateDictionary, type RateLookUp } from './price-stages.js';
import { indent } from './sql-text.js';
import { nestStages } from './stages.js';

/** What pricing decides anew; everything else of a revised row is copied from the winner. */
const PRICE_COLUMNS: ReadonlySet<string> = new Set([
  'cost_usd',
  'cost_status',
  'cost_reason',
  'price_source',
  'rate_id',
]);

/** The columns that a revision takes over from the row that it corrects, in order. */
export const COPIED_COLUMNS: readonly string[] = LEDGER_COLUMNS.filter((column) => !PRICE_COLUMNS.has(column));

/**
 * Rows under the next revision, priced again: price and verdict together, so that of two corrections none is lost.
 * `rows` is a query of `COPIED_COLUMNS` over winners (FINAL); its usage columns, `counted` and `verdict` may differ from
 * theirs. A row that does not count has no cost; its reason is its verdict. Columns of `rows` that are `carried` come
 * out under their own names beside the `r_…` ones.
 */
export function reviseSelect(
  database: string,
  rows: string,
  options: {
    readonly dictionary?: RateDictionary;
    readonly lookUp?: RateLookUp;
    readonly carried?: readonly string[];
    /** SQL: the version of the revised rows. Default: the next revision. */
    readonly version?: string;
  } = {},
): string {
  const { dictionary, lookUp, carried = [], version = `version + ${REVISION_STEP}` } = options;
  const calls = {
    priced_usage: USAGE_ARRAY_SQL,
    given_cost_usd: "multiIf(cost_kind != '', app_cost_usd, verdict = 'remainder', NULL, reported_cost_usd)",
    given_source: "if(cost_kind != '', 'recorded', 'provider')",
    failed: "status = 'error' OR error_type != ''",
  };
  const price = (column: string, otherwise: string) => `if(counted, ${PRICE_RESULTS[column] ?? column}, ${otherwise})`;
  const revised: Readonly<Record<string, string>> = {
    version,
    cost_usd: price('cost_usd', 'NULL'),
    cost_status: price('cost_status', "'not_billable'"),
    cost_reason: price('cost_reason', 'verdict'),
    price_source: price('price_source', "''"),
    rate_id: price('rate_id', "''"),
  };
  return nestStages(
    `(\n    ${indent(rows)}\n)`,
    [...LEDGER_COLUMNS, ...carried],
    [{ columns: calls }, ...priceStages(database, dictionary, lookUp)],
    {
      ...Object.fromEntries(LEDGER_COLUMNS.map((column) => [`\`r_${column}\``, revised[column] ?? `\`${column}\``])),
      ...Object.fromEntries(carried.map((column) => [column, column])),
    },
  );
}

/** The columns of an insert of revised rows, in the order of {@link reviseSelect}. */
export const REVISED_COLUMNS_SQL: string = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
