import type { Database } from '../database.js';
import { StoreError } from '../engine/store-error.js';
import { checkedName } from '../engine/literals.js';
import { databaseStatements } from './cluster-statements.js';
import { labelOf, readMigrations, renderStatements, type Migration, type MigrationTarget } from './migrations.js';

/** How {@link migrate} works. */
export interface MigrateOptions {
  /** Name of the cluster to create the tables on; none on a single machine. */
  readonly cluster?: string;
  /** Default: those that ship with this package. */
  readonly migrations?: readonly Migration[];
}

/** What {@link migrate} found and did, by file name without ending, e.g. `0012_llm_calls`. */
export interface MigrateResult {
  readonly applied: readonly string[];
  readonly alreadyApplied: readonly string[];
}

/** The log of migrations; `{{…}}` as in a migration. */
const CREATE_LOG = `CREATE TABLE IF NOT EXISTS {{database}}.schema_migrations {{on_cluster}} (
    number UInt32,
    name String,
    checksum String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC')
)
ENGINE = {{engine_prefix}}MergeTree()
ORDER BY number
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`;

/**
 * Brings the database of `db` to this version's schema. Every statement may be run again without harm and is recorded
 * only after it was run, so an interrupted migration goes on where it stopped, and two runners at once are safe.
 * @throws StoreError `migration_changed` when a migration that was applied has another text now.
 */
export async function migrate(db: Database, options: MigrateOptions = {}): Promise<MigrateResult> {
  const migrations = options.migrations ?? readMigrations();
  const database = await currentDatabase(db);
  const target = targetOf(database, options.cluster);
  for (const statement of preparation(target)) await db.command(statement);
  const checksums = await appliedChecksums(db);
  const applied: string[] = [];
  const alreadyApplied: string[] = [];
  for (const migration of migrations) {
    const label = labelOf(migration);
    const known = checksums.get(migration.number);
    if (known === undefined) {
      for (const statement of renderStatements(migration, target)) await db.command(statement);
      await db.insertRows('schema_migrations', [
        { number: migration.number, name: migration.name, checksum: migration.checksum },
      ]);
      applied.push(label);
    } else if (known === migration.checksum) alreadyApplied.push(label);
    else throw changed(label, known, migration.checksum);
  }
  return { applied, alreadyApplied };
}

/**
 * The migrations of this version that the database of `db` lacks, in order and by file name without ending: all of them
 * where it has no schema at all, e.g. because the first start was cut off.
 */
export async function pendingMigrations(db: Database): Promise<readonly string[]> {
  const [log] = await db.query<{ tables: string | number }>(
    "SELECT count() AS tables FROM system.tables WHERE database = currentDatabase() AND name = 'schema_migrations'",
  );
  const applied = Number(log?.tables ?? 0) === 0 ? new Map<number, string>() : await appliedChecksums(db);
  return readMigrations()
    .filter(({ number }) => !applied.has(number))
    .map(labelOf);
}

/** What {@link planMigration} renders for. */
export interface PlanOptions extends MigrateOptions {
  /** Default `costel`. */
  readonly database?: string;
}

/**
 * Every statement that {@link migrate} would run on an empty database, in order, without running any: what
 * `costel migrate --dry-run` prints. Needs no server.
 */
export function planMigration({ cluster, database = 'costel', migrations }: PlanOptions = {}): readonly string[] {
  const target = targetOf(checkedName('database', database), cluster);
  const rendered = (migrations ?? readMigrations()).flatMap((migration) => renderStatements(migration, target));
  return [...preparation(target), ...rendered].map((statement) => statement.trim());
}

function targetOf(database: string, cluster: string | undefined): MigrationTarget {
  return cluster === undefined ? { database } : { database, cluster: { name: checkedName('cluster', cluster) } };
}

/** What has to be there before the first migration: the databases of a cluster, and the log of migrations. */
function preparation({ database, cluster }: MigrationTarget): readonly string[] {
  const log: Migration = { number: 0, name: 'schema_migrations', template: CREATE_LOG, checksum: '' };
  const databases = cluster === undefined ? [] : databaseStatements(database, cluster);
  return [...databases, ...renderStatements(log, { database, ...(cluster === undefined ? {} : { cluster }) })];
}

/** The database that unqualified names of this connection mean. */
export async function currentDatabase(db: Database): Promise<string> {
  const [row] = await db.query<{ database: string }>('SELECT currentDatabase() AS database');
  return row?.database ?? 'costel';
}

async function appliedChecksums(db: Database): Promise<ReadonlyMap<number, string>> {
  const rows = await db.query<{ number: number; checksum: string }>(
    'SELECT number, any(checksum) AS checksum FROM schema_migrations GROUP BY number',
  );
  return new Map(rows.map((row) => [row.number, row.checksum]));
}

function changed(label: string, applied: string, now: string): StoreError {
  return new StoreError(
    'migration_changed',
    `migration ${label} was applied as ${applied.slice(0, 12)} and is ${now.slice(0, 12)} now: ` +
      'an applied migration never changes; add a new one, or use the version of Costel that this database was made with',
  );
}
