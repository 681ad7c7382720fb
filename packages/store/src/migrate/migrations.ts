import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fillFragments, MIGRATIONS_DIRECTORY } from '../sql-files.js';
import { clusterStatements, type ClusterTarget } from './cluster-statements.js';

/** One numbered, never edited step of the schema: a statement that may be run again without harm. */
export interface Migration {
  readonly number: number;
  /** File name without number and ending, e.g. `llm_calls`. */
  readonly name: string;
  /** As it stands in the file, with `{{database}}`, `{{on_cluster}}` and `{{engine_prefix}}`. */
  readonly template: string;
  /** SHA-256 of the template, hexadecimal: the same on one machine and on a cluster. */
  readonly checksum: string;
}

/** Where a statement is to run: one file serves a single machine and a cluster. */
export interface MigrationTarget {
  readonly database: string;
  /** Adds `ON CLUSTER`, makes every engine `Replicated…` and adds Distributed tables; a single machine without. */
  readonly cluster?: ClusterTarget;
}

/** The migrations of a directory, in order. @throws Error for a file name that is not `NNNN_name.sql` or a number used twice. */
export function readMigrations(directory: URL = MIGRATIONS_DIRECTORY): readonly Migration[] {
  const migrations = readdirSync(directory)
    .filter((file) => file.endsWith('.sql'))
    .toSorted()
    .map((file) => readMigration(directory, file));
  migrations.forEach((migration, index) => {
    if (migration.number === migrations[index - 1]?.number) {
      throw new Error(`migration number ${migration.number} is used twice: ${migration.name}`);
    }
  });
  return migrations;
}

function readMigration(directory: URL, file: string): Migration {
  const match = /^(\d{4})_([a-z0-9_]+)\.sql$/.exec(file);
  if (match?.[1] === undefined || match[2] === undefined) throw new Error(`migration ${file} must be NNNN_name.sql`);
  const template = readFileSync(new URL(file, directory), 'utf8');
  const checksum = createHash('sha256').update(template).digest('hex');
  return { number: Number(match[1]), name: match[2], template, checksum };
}

/** The statement of a migration as it is in the file, for one target. */
export function renderMigration(migration: Migration, { database, cluster }: MigrationTarget): string {
  return fillFragments(
    migration.template,
    {
      database,
      on_cluster: cluster === undefined ? '' : `ON CLUSTER \`${cluster.name}\``,
      engine_prefix: cluster === undefined ? '' : 'Replicated',
    },
    `${labelOf(migration)}.sql`,
  );
}

/** Every statement of a migration for one target, in order: one on a single machine, one or two on a cluster. */
export function renderStatements(migration: Migration, target: MigrationTarget): readonly string[] {
  const sql = renderMigration(migration, target);
  return target.cluster === undefined ? [sql] : clusterStatements(sql, target.database, target.cluster);
}

/** Number and name as in the file, e.g. `0012_llm_calls`. */
export function labelOf({ number, name }: Migration): string {
  return `${String(number).padStart(4, '0')}_${name}`;
}
