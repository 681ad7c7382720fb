import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import { StoreError } from '../engine/store-error.js';

/** What {@link backUp} wrote. */
export interface BackupResult {
  /** Absolute. A data directory: open it, or copy it to where one is wanted. */
  readonly directory: string;
  readonly tables: number;
  readonly bytes: number;
}

/**
 * What must be frozen before what: whoever says how far something was read, before what was read. A mark that is older
 * than its rows means work done twice; one that is newer would mean rows that nobody ever looks at. Raw spans come last:
 * of what arrives meanwhile they may have rows that the ledger lacks, never the other way round, and `repair` closes that.
 */
const FREEZE_ORDER: readonly RegExp[] = [
  /^(published|tick_progress|schema_migrations)$/,
  /^alert_deliveries$/,
  /^alert_claims$/,
  /^(?!llm_calls$|span_edges$|otel_)/,
  /^(llm_calls|span_edges)$/,
  /^otel_/,
];

/**
 * Copies the database of a running engine into a directory that is then a data directory of its own: all that was
 * acknowledged before the call is in it. Parts keep their names, and with them the block numbers by which builds and
 * counting know what is new; that is why it is not made with BACKUP, which numbers anew. Needs as much room as the data.
 * The outbox may lack a delivery of the last moments: that alert is sent again, under the same key.
 * @throws StoreError `data_directory_unusable` where the directory is not empty or cannot be written.
 */
export async function backUp(db: EmbeddedDatabase, directory: string): Promise<BackupResult> {
  await makeEmpty(directory);
  const name = `backup_${randomBytes(8).toString('hex')}`;
  const shadow = join(db.dataDirectory, 'shadow', name);
  try {
    const tables = await db.query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree'",
    );
    const ordered = tables.map((table) => table.name).toSorted((left, right) => stageOf(left) - stageOf(right));
    for (const table of ordered) await db.command(`ALTER TABLE \`${table}\` FREEZE WITH NAME '${name}'`);
    await copyTree(db.dataDirectory, directory, isSchema);
    await copyTree(shadow, directory, () => true);
    return { directory, tables: ordered.length, bytes: await sizeOf(directory) };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(shadow, { recursive: true, force: true });
  }
}

const stageOf = (table: string): number => FREEZE_ORDER.findIndex((stage) => stage.test(table));

async function makeEmpty(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    if ((await readdir(directory)).length === 0) return;
  } catch (error) {
    throw new StoreError(
      'data_directory_unusable',
      `backup directory ${directory} cannot be written: ${String(error)}`,
      {
        cause: error,
      },
    );
  }
  throw new StoreError(
    'data_directory_unusable',
    `backup directory ${directory} is not empty: name one that is not there`,
  );
}

/** `store/abc/abc…-uuid/NAME`: files of a table or database that are no rows, and no mutation that later rows were under. */
const TABLE_FILE = /^store\/[0-9a-f]{3}\/[0-9a-f-]{36}\/(?!mutation_|tmp_)[^/]+\.(sql|txt)$/;
/** What holds them, and the links by which the engine finds them. */
const STRUCTURE = /^(data|metadata|store)(\/[^/]+){0,2}$/;

/** By name alone: beside them parts come and go while this looks. */
function isSchema(path: string): boolean {
  return STRUCTURE.test(path) || TABLE_FILE.test(path) || /^store\/[^/]+\/[^/]+\/detached$/.test(path);
}

/** Copies what `takes` accepts of the folders that the engine keeps; links stay links. */
async function copyTree(from: string, to: string, takes: (path: string) => boolean): Promise<void> {
  for (const folder of ['data', 'metadata', 'store']) {
    if (!existsSync(join(from, folder))) continue;
    await cp(join(from, folder), join(to, folder), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => takes(relative(from, source)),
    });
  }
}

async function sizeOf(directory: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += (await lstat(join(entry.parentPath, entry.name))).size;
  }
  return bytes;
}
