import { join } from 'node:path';
import { openEmbeddedDatabase, planMigration, type Database } from '../../src/index.js';
import { clusterStatements, distributedDatabaseOf } from '../../src/migrate/cluster-statements.js';
import { readMigrations, renderMigration } from '../../src/migrate/migrations.js';

/**
 * Two databases of one engine as the two shards of a cluster. The engine knows no Distributed tables without servers, so
 * the statements of the cluster run as they are rendered but for this: `ON CLUSTER` and replication are left out, and a
 * Distributed table is one that keeps nothing and hands each row to the shard that the rendered sharding key names, in the
 * same insert, as `distributed_foreground_insert` does.
 */
export interface TwoShards {
  readonly shards: readonly [Database, Database];
  /** Where the Distributed tables are. */
  readonly all: Database;
  close(): Promise<void>;
}

const CLUSTER = { name: 'main', distributedDatabase: 'both' } as const;
const NAMES = ['shard_1', 'shard_2'] as const;

/** Opens both on an empty directory. */
export async function openTwoShards(directory: string): Promise<TwoShards> {
  const dataDirectory = join(directory, 'data');
  const all = await openEmbeddedDatabase({ dataDirectory, database: distributedDatabaseOf('shard_1', CLUSTER) });
  const first = await openEmbeddedDatabase({ dataDirectory, database: NAMES[0] });
  const second = await openEmbeddedDatabase({ dataDirectory, database: NAMES[1] });
  for (const migration of readMigrations()) {
    const rendered = NAMES.map((database) =>
      clusterStatements(renderMigration(migration, { database, cluster: CLUSTER }), database, CLUSTER),
    );
    for (const [local] of rendered) if (local !== undefined) await all.command(onOneMachine(local));
    for (const twin of rendered[0]?.slice(1) ?? []) for (const sql of withoutServers(twin)) await all.command(sql);
  }
  return {
    shards: [first, second],
    all,
    close: async () => {
      for (const db of [first, second, all]) await db.close();
    },
  };
}

/** What a statement is without Keeper: the same table, kept once. */
export function onOneMachine(sql: string): string {
  return sql
    .replaceAll(/ ON CLUSTER `\w+`/g, '')
    .replaceAll(/Replicated(\w*MergeTree)\((?:'[^']*', '[^']*'(?:, )?)?/g, '$1(');
}

const DISTRIBUTED = /(\w+)\.(\w+) AS [\w.]+\s+ENGINE = Distributed\('\w+', '\w+', '\w+'(?:, (.+))?\)/;

function withoutServers(sql: string): readonly string[] {
  const [, database, table, key] = DISTRIBUTED.exec(onOneMachine(sql)) ?? [];
  if (database === undefined || table === undefined) return [onOneMachine(sql)];
  if (key === undefined) {
    const parts = NAMES.map((shard) => `SELECT * FROM ${shard}.${table}`);
    return [`CREATE OR REPLACE VIEW ${database}.${table} AS ${parts.join(' UNION ALL ')}`];
  }
  const routes = NAMES.map(
    (shard, index) =>
      `CREATE MATERIALIZED VIEW ${database}.${table}_to_${shard} TO ${shard}.${table} AS SELECT * FROM ${database}.${table} WHERE ${key} % ${NAMES.length} = ${index}`,
  );
  return [`CREATE TABLE ${database}.${table} AS ${NAMES[0]}.${table} ENGINE = Null`, ...routes];
}

/** Every statement of `costel migrate --cluster main --dry-run`. */
export const PLAN: readonly string[] = planMigration({ cluster: 'main' });
