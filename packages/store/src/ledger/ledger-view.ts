import { isBillableRankSql, ranksSql } from './attribute-slots.js';
import { LEDGER_COLUMNS } from './ledger-columns.js';
import { IS_OUR_SPAN_SQL, SPAN_COLUMNS } from './attribute-stages.js';
import { ledgerSelect } from './ledger-select.js';

/*
 * Two views write the ledger. Planning the statement that reads every dialect is most of the cost of a small insert, and
 * only spans of other emitters need it: they go through a table that keeps nothing, and the view behind it is planned for
 * inserts that have any (measured: 5 ms of CPU for an insert without, 140 ms for one with).
 */

/*
 * Settings of the views' queries: two optimisers that find nothing in them cost more than all the rest of planning
 * (measured: 333 ms with them, 61 ms without).
 */
const VIEW_SETTINGS = 'SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0';

/** The views behind `otel_traces` that lead to the ledger; without them spans stay raw (see `repair`). */
export const LEDGER_VIEWS: readonly string[] = ['llm_calls_mv', 'llm_foreign_spans_mv'];

/** The columns of `llm_foreign_spans`: what the ledger reads of a span, with the types of `otel_traces`. */
const FOREIGN_SPAN_TYPES: Readonly<Record<string, string>> = {
  Timestamp: 'DateTime64(9)',
  SpanName: 'LowCardinality(String)',
  ServiceName: 'LowCardinality(String)',
  Duration: 'UInt64',
  StatusCode: 'LowCardinality(String)',
  SpanAttributes: 'Map(LowCardinality(String), String)',
  ResourceAttributes: 'Map(LowCardinality(String), String)',
  ReceivedAt: 'DateTime64(3)',
};

/**
 * The migrations that bring the ledger's views to this version's statements, by file: generated, committed, and held to this
 * by a test. Once released they never change: a new dialect is a new migration of the form of the last two (dropping and
 * creating a view loses rows). In this order a span that comes between two of them is a row once, or twice under one key.
 */
export function ledgerViewMigrations(): Readonly<Record<string, string>> {
  const columns = SPAN_COLUMNS.map((column) => `    ${column} ${FOREIGN_SPAN_TYPES[column] ?? 'String'}`);
  return {
    '0022_llm_foreign_spans': `-- Spans of other emitters on their way to the ledger. Keeps nothing: the view behind it is planned only for inserts that
-- have such spans. Generated; see src/ledger/ledger-view.ts.
CREATE TABLE IF NOT EXISTS {{database}}.llm_foreign_spans {{on_cluster}} (
${columns.join(',\n')}
)
ENGINE = Null
`,
    '0194_llm_foreign_spans_mv_plain': `-- Which spans may cost money and are not plain ones of our own instrumentation. Generated; see src/ledger/ledger-view.ts.
ALTER TABLE {{database}}.llm_foreign_spans_mv {{on_cluster}} MODIFY QUERY
SELECT
    ${SPAN_COLUMNS.join(', ')}
FROM {{database}}.otel_traces
WHERE NOT (${IS_OUR_SPAN_SQL})
    AND arrayExists(rank -> ${isBillableRankSql('rank')}, ${ranksSql('span', 'mapKeys(SpanAttributes)')})
`,
    '0195_llm_calls_mv_plain': `-- Plain spans of our own instrumentation into ledger rows (${LEDGER_COLUMNS.length} columns). Generated; see src/ledger/ledger-select.ts.
-- Total: no string in a span makes it throw. Changed by ALTER TABLE … MODIFY QUERY only.
ALTER TABLE {{database}}.llm_calls_mv {{on_cluster}} MODIFY QUERY
${ledgerSelect({ database: '{{database}}', origin: 'ours' })}
${VIEW_SETTINGS}
`,
    '0196_llm_foreign_calls_mv_unknown_counts': `-- Spans of other emitters into ledger rows (${LEDGER_COLUMNS.length} columns), every dialect of src/ledger/attribute-table.ts. Generated; see
-- src/ledger/ledger-select.ts. Total: no string in a span makes it throw. Changed by ALTER TABLE … MODIFY QUERY only.
ALTER TABLE {{database}}.llm_foreign_calls_mv {{on_cluster}} MODIFY QUERY
${ledgerSelect({ database: '{{database}}', source: 'llm_foreign_spans' })}
${VIEW_SETTINGS}
`,
  };
}
