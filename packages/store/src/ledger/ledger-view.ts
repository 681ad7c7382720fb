import { LEDGER_COLUMNS } from './ledger-columns.js';
import { ledgerSelect } from './ledger-select.js';

/*
 * Settings of the view's query. Planning this statement is most of the cost of a small insert; two optimisers that find
 * nothing in it cost more than all the rest (measured: 333 ms of planning
 * with them, 61 ms without).
 */
const VIEW_SETTINGS = 'SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0';

/**
 * The migration that brings the ledger view to this version's statement: generated, committed, and held to this by a
 * test. Once released it never changes: a new dialect is a new migration of the same form (dropping and creating a view
 * loses rows).
 */
export function ledgerViewMigration(): string {
  return `-- Spans into ledger rows (${LEDGER_COLUMNS.length} columns), every dialect of src/ledger/attribute-table.ts. Generated; see src/ledger/ledger-select.ts.
-- Total: no string in a span makes it throw. Changed by ALTER TABLE … MODIFY QUERY only.
ALTER TABLE {{database}}.llm_calls_mv {{on_cluster}} MODIFY QUERY
${ledgerSelect({ database: '{{database}}' })}
${VIEW_SETTINGS}
`;
}
