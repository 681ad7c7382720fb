/*
 * What a cluster needs beside the statements of one machine. The migrations are the same files: this adds `ON CLUSTER` and
 * `Replicated…` (by the templates' own places), and the Distributed tables through which shards are written and read as one.
 */

/** A ClickHouse cluster, as `remote_servers` names it. */
export interface ClusterTarget {
  readonly name: string;
  /** Database of the Distributed tables. Default: the local one with `_all`, e.g. `costel_all`. */
  readonly distributedDatabase?: string;
}

/**
 * How rows are spread over the shards, by table. Spans, edges and calls of one trace lie on one shard, so that a span that
 * is sent again meets its twin there, and a trace is judged without asking another shard.
 */
export const SHARDING_KEYS: ReadonlyMap<string, string> = new Map([
  ['otel_traces', 'cityHash64(TraceId)'],
  ['otel_logs', 'cityHash64(TraceId)'],
  ['otel_metrics_gauge', 'cityHash64(ServiceName, MetricName)'],
  ['otel_metrics_sum', 'cityHash64(ServiceName, MetricName)'],
  ['otel_metrics_histogram', 'cityHash64(ServiceName, MetricName)'],
  ['otel_metrics_exponential_histogram', 'cityHash64(ServiceName, MetricName)'],
  ['otel_metrics_summary', 'cityHash64(ServiceName, MetricName)'],
  ['llm_calls', 'cityHash64(trace_id)'],
  ['span_edges', 'cityHash64(trace_id)'],
]);

/** Tables into which a view of every shard writes by the sharding key: a row goes where its trace is, whoever received it. */
const WRITTEN_BY_KEY: ReadonlySet<string> = new Set(['llm_calls', 'span_edges']);

/** Tables of which the whole cluster holds one copy, a replica on every node: prices, alerts, the log of migrations. */
const ONE_COPY: ReadonlySet<string> = new Set([
  'llm_rates',
  'alert_events',
  'alert_claims',
  'alert_deliveries',
  'schema_migrations',
]);

/** Tables beside those of {@link SHARDING_KEYS} that are read across shards. Views are, too: each shard answers for itself. */
const READ_ACROSS: ReadonlySet<string> = new Set(['otel_traces_trace_id_ts', 'llm_reprices']);

/** The database of the Distributed tables. */
export function distributedDatabaseOf(database: string, cluster: ClusterTarget): string {
  return cluster.distributedDatabase ?? `${database}_all`;
}

/** The statements that make the databases of a cluster; the first ones of a migration. */
export function databaseStatements(database: string, cluster: ClusterTarget): readonly string[] {
  return [database, distributedDatabaseOf(database, cluster)].map(
    (name) => `CREATE DATABASE IF NOT EXISTS \`${name}\` ON CLUSTER \`${cluster.name}\` ENGINE = Atomic`,
  );
}

const DEFINITION =
  /^(CREATE (?:OR REPLACE )?(?:TABLE|MATERIALIZED VIEW|VIEW|DICTIONARY)(?: IF NOT EXISTS)?|ALTER TABLE) (\w+)\.(\w+) /m;

/**
 * The statements of a cluster for a migration that was rendered with `ON CLUSTER`: the one of every shard, and what the
 * Distributed table beside it needs.
 */
export function clusterStatements(sql: string, database: string, cluster: ClusterTarget): readonly string[] {
  const [, verb, , table] = DEFINITION.exec(sql) ?? [];
  if (verb === undefined || table === undefined) return [sql];
  const all = distributedDatabaseOf(database, cluster);
  if (verb.includes('DICTIONARY')) return [sql];
  if (verb.includes('MATERIALIZED')) return [writeByKey(sql, database, all)];
  if (verb === 'ALTER TABLE') {
    return hasTwin(verb, table) && /ADD COLUMN/.test(sql) ? [sql, twinColumn(sql, database, all)] : [sql];
  }
  const local = ONE_COPY.has(table) ? oneCopy(sql) : sql;
  if (!hasTwin(verb, table)) return [local];
  const key = SHARDING_KEYS.get(table);
  const engine = [`'${cluster.name}'`, `'${database}'`, `'${table}'`, ...(key === undefined ? [] : [key])].join(', ');
  // The columns of a view that is replaced may change, and its Distributed table holds no rows: it is replaced, too.
  const create = verb.includes('OR REPLACE') ? 'CREATE OR REPLACE TABLE' : 'CREATE TABLE IF NOT EXISTS';
  return [
    local,
    `-- ${table} of all shards as one table${key === undefined ? ', to be read' : ''}.
${create} ${all}.${table} ON CLUSTER \`${cluster.name}\` AS ${database}.${table}
ENGINE = Distributed(${engine})
`,
  ];
}

/** Rollups have none: which of their rows count is a matter of one shard's `published`, and the views know. */
function hasTwin(verb: string, table: string): boolean {
  return verb.includes('VIEW') || SHARDING_KEYS.has(table) || READ_ACROSS.has(table);
}

/** A view fills the Distributed table: a span that is sent again to another shard still meets its first copy. */
function writeByKey(sql: string, database: string, all: string): string {
  return sql.replace(new RegExp(`^TO ${database}\\.(\\w+)$`, 'm'), (to, table: string) =>
    WRITTEN_BY_KEY.has(table) ? `TO ${all}.${table}` : to,
  );
}

/** A path without the shard: every node of the cluster is a replica of the one copy. */
function oneCopy(sql: string): string {
  return sql.replace(/ENGINE = Replicated(\w*MergeTree)\(([^)]*)\)/, (_engine, family: string, args: string) => {
    const rest = args === '' ? '' : `, ${args}`;
    return `ENGINE = Replicated${family}('/clickhouse/tables/{uuid}/all', '{shard}-{replica}'${rest})`;
  });
}

/** A column that a table gained, for the Distributed table, which has columns and no codecs. */
function twinColumn(sql: string, database: string, all: string): string {
  return sql
    .replaceAll(/^--.*\n/gm, '')
    .replace(`ALTER TABLE ${database}.`, `ALTER TABLE ${all}.`)
    .replaceAll(/ CODEC\((?:[^()]|\([^()]*\))*\)/g, '');
}
