import { LEDGER_COLUMNS } from './ledger-columns.js';
import { USAGE_ARRAY_SQL } from './buckets.js';
import { REVISION_STEP } from './ledger-select.js';
import { PRICE_RESULTS, priceStages } from './price-stages.js';
import { indent, selectList } from './sql-text.js';

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
 * theirs. A row that does not count has no cost; its reason is its verdict.
 */
export function reviseSelect(database: string, rows: string): string {
  const calls = `SELECT
    *,
    ${selectList({
      priced_usage: USAGE_ARRAY_SQL,
      given_cost_usd: "multiIf(cost_kind != '', app_cost_usd, verdict = 'remainder', NULL, reported_cost_usd)",
      given_source: "if(cost_kind != '', 'recorded', 'provider')",
      failed: "status = 'error' OR error_type != ''",
    })}
FROM (
    ${indent(rows)}
)`;
  const price = (column: string, otherwise: string) => `if(counted, ${PRICE_RESULTS[column] ?? column}, ${otherwise})`;
  const revised: Readonly<Record<string, string>> = {
    version: `version + ${REVISION_STEP}`,
    cost_usd: price('cost_usd', 'NULL'),
    cost_status: price('cost_status', "'not_billable'"),
    cost_reason: price('cost_reason', 'verdict'),
    price_source: price('price_source', "''"),
    rate_id: price('rate_id', "''"),
  };
  return `SELECT
    ${selectList(Object.fromEntries(LEDGER_COLUMNS.map((column) => [`\`r_${column}\``, revised[column] ?? `\`${column}\``])))}
FROM (
    ${indent(priceStages(database, calls))}
)`;
}

/** The columns of an insert of revised rows, in the order of {@link reviseSelect}. */
export const REVISED_COLUMNS_SQL: string = LEDGER_COLUMNS.map((column) => `\`${column}\``).join(', ');
