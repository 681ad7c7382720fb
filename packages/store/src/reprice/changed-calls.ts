import type { RateDictionary } from '../ledger/price-stages.js';
import { COPIED_COLUMNS, REVISED_COLUMNS_SQL, reviseSelect } from '../ledger/revise-select.js';
import { LEDGER_COLUMNS } from '../ledger/ledger-columns.js';

/** What of a call's price is compared; a price of the same amount from newer data is no change. */
const COMPARED = ['cost_usd', 'cost_status', 'cost_reason', 'price_source'] as const;

/** Settings of the statements below: two optimisers find nothing in them and cost more than all the planning. */
export const REVISE_SETTINGS =
  'optimize_and_compare_chain = 0, query_plan_merge_expressions = 0, allow_suspicious_low_cardinality_types = 1';

/**
 * SQL: whether a call is priced otherwise now. A key whose prices are looked up still changes nothing, and what does not
 * count (a probe of the doctor's, a span that repeats a call) has no price that could.
 */
const IS_CHANGED = `r_counted AND r_cost_status != 'pending' AND (${COMPARED.map((column) => `r_${column} IS DISTINCT FROM old_${column}`).join(' OR ')})`;

/**
 * The calls of a condition over `llm_calls AS c`, each with what it costs now: columns `r_…` of the next version, and
 * `old_cost_usd`, `old_cost_status`, … of the one that stands.
 */
function pricedAgain(database: string, dictionary: RateDictionary, where: string, version = 'c.version'): string {
  const copied = COPIED_COLUMNS.map(
    (column) => `${column === 'version' ? version : `c.\`${column}\``} AS \`${column}\``,
  );
  const old = COMPARED.map((column) => `c.${column} AS old_${column}`);
  const rows = `SELECT ${[...copied, ...old].join(', ')} FROM llm_calls AS c FINAL WHERE ${where}`;
  return reviseSelect(database, rows, {
    dictionary,
    lookUp: 'price',
    carried: COMPARED.map((column) => `old_${column}`),
  });
}

/** A query of what would change, by provider and model; only calls that count. */
export function changesByModel(database: string, dictionary: RateDictionary, where: string): string {
  return `SELECT
    toString(r_provider) AS provider,
    toString(r_model) AS model,
    countIf(r_counted) AS calls,
    countIf(${IS_CHANGED}) AS changed_calls,
    ifNull(sum(old_cost_usd), toDecimal128(0, 12)) AS before_usd,
    ifNull(sum(if(${IS_CHANGED}, r_cost_usd, old_cost_usd)), toDecimal128(0, 12)) AS after_usd,
    countIf(r_counted AND old_cost_status IN ('unpriced', 'pending')) AS unpriced_before,
    countIf(r_counted AND if(${IS_CHANGED}, r_cost_status, old_cost_status) IN ('unpriced', 'pending')) AS unpriced_after
FROM (
${pricedAgain(database, dictionary, where)}
)
GROUP BY provider, model
HAVING calls != 0`;
}

/** A query of how many calls would change, and of their first and last instant; one row. */
export function changedSpan(database: string, where: string): string {
  return `SELECT count() AS calls, min(r_counted_at) AS first, max(r_counted_at) AS last
FROM (
${pricedAgain(database, 'llm_rates_dict', where)}
)
WHERE ${IS_CHANGED}`;
}

/**
 * The statement that writes the next version of each call that changed, of a condition over `llm_calls AS c`; `version` is SQL
 * for what that is counted from.
 */
export function insertChanges(database: string, where: string, version: string): string {
  return `INSERT INTO llm_calls (${REVISED_COLUMNS_SQL})
SELECT ${LEDGER_COLUMNS.map((column) => `\`r_${column}\``).join(', ')}
FROM (
${pricedAgain(database, 'llm_rates_dict', where, version)}
)
WHERE ${IS_CHANGED}`;
}
