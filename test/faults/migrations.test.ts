import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createReceiver } from '@costel/receiver';
import { migrate, openEmbeddedDatabase, readMigrations, type Database, type EmbeddedDatabase } from '@costel/store';
import { Books } from './support/books.js';
import { CostelProcess } from './support/costel-process.js';
import { printFigure } from './support/figures.js';
import { Random } from './support/random.js';
import { delay, Sender } from './support/sender.js';
import { settings } from './support/settings.js';
import { expectTotals } from './support/totals.js';

const victim = join(import.meta.dirname, 'support/migrate-victim.mjs');

/** The schema as version 0.1.0 has it: file names and checksums. */
const RELEASED = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/migrations-0.1.0.json'), 'utf8'),
) as Readonly<Record<string, string>>;

const fileName = (migration: { readonly number: number; readonly name: string }): string =>
  `${String(migration.number).padStart(4, '0')}_${migration.name}.sql`;

describe('a schema that is being migrated', () => {
  const undo: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const step of undo.splice(0).toReversed()) await step();
  });

  function temporaryDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'costel-faults-migrate-'));
    undo.push(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }

  it('is whole after the migrating process was killed at every statement, recorded or not', async () => {
    const directory = temporaryDirectory();
    const interrupted = join(directory, 'interrupted');
    let kills = 0;
    // Each life runs the statement again that the one before had run and not recorded, then the next one, and dies.
    while ((await liveAndDie(interrupted, kills === 0 ? 1 : 2)) === 'SIGKILL') kills += 1;
    const random = new Random(settings.seed, 'migrations');
    const second = join(directory, 'second');
    let randomKills = 0;
    for (; randomKills < 10; randomKills += 1) await dieAtRandom(second, random.between(0, 400));
    await liveAndDie(second, 10_000);
    const whole = await schemaOf(join(directory, 'whole'), true);
    expect(whole.length).toBeGreaterThan(20);
    expect(await schemaOf(interrupted, false)).toEqual(whole);
    expect(await schemaOf(second, false)).toEqual(whole);
    expect(kills).toBe(readMigrations().length);
    printFigure('interrupted migration', { 'kills, one at each statement': kills, 'at random': randomKills });
  });

  it('is whole after two migrators ran at once, whatever their order', async () => {
    const directory = temporaryDirectory();
    const whole = await schemaOf(join(directory, 'whole'), true);
    const rounds = 3;
    for (let round = 0; round < rounds; round += 1) {
      const random = new Random(settings.seed, `migrators-${round}`);
      const dataDirectory = join(directory, `round-${round}`);
      const databases = [await openEmbeddedDatabase({ dataDirectory }), await openEmbeddedDatabase({ dataDirectory })];
      await Promise.all(databases.map((db) => migrate(slowedDown(db, random))));
      for (const db of databases) await db.close();
      expect(await schemaOf(dataDirectory, false)).toEqual(whole);
    }
    printFigure('two migrators at once', { rounds });
  });

  it('loses no acknowledged call while the previous schema is upgraded under ingest, and its view is changed 20 times', async () => {
    const directory = temporaryDirectory();
    const dataDirectory = join(directory, 'data');
    const all = readMigrations();
    const released = all.filter((migration) => fileName(migration) in RELEASED);
    expect(Object.fromEntries(released.map((migration) => [fileName(migration), migration.checksum]))).toEqual(
      RELEASED,
    );

    const db = await openEmbeddedDatabase({ dataDirectory });
    let isOpen = true;
    undo.push(async () => (isOpen ? db.close() : undefined));
    await migrate(db, { migrations: released });
    const receiver = createReceiver({ database: db });
    const { port } = await receiver.listen(0);
    const books = new Books();
    const senders = Array.from({ length: 4 }, (_, index) => {
      const stream = new Random(settings.seed, `upgrade-${index}`);
      return new Sender({ url: () => `http://127.0.0.1:${port}`, books, random: stream, repeatShare: 0.1 });
    });
    for (const sender of senders) sender.start();
    await untilGrown(books);
    const before = books.calls;
    const { applied } = await migrate(db);
    const during = books.calls - before;
    await untilGrown(books);
    const alterations = 20;
    for (let change = 0; change < alterations; change += 1) {
      await alterLedgerView(db);
      await delay(50);
    }
    await untilGrown(books);
    await Promise.all(senders.map((sender) => sender.finish()));
    await receiver.close();
    await db.close();
    isOpen = false;

    const stack = await CostelProcess.prepare(dataDirectory);
    undo.push(() => stack.kill());
    await stack.start();
    await expectTotals(stack, books);
    const refusals = senders.reduce((sum, { counts }) => sum + (counts.failures.get(503) ?? 0), 0);
    printFigure('upgrade under ingest', {
      'statements applied': applied.length,
      'calls acknowledged before': before,
      'while they were applied': during,
      'in all': books.calls,
      'alterations of the view': alterations,
      'requests to be repeated': refusals,
      lost: 0,
      double: 0,
      'total USD': books.costUsd,
    });
  });

  it('never drops or replaces a view that fills a table: rows that arrive meanwhile would be lost', () => {
    const texts = readMigrations().map(({ name, template }) => [name, template.replaceAll(/--.*$/gm, '')] as const);
    const dropping = texts.filter(([, sql]) => /\b(DROP|REPLACE)\b[^(]*(\bMATERIALIZED\b|_mv\b)/i.test(sql));
    expect(dropping.map(([name]) => name)).toEqual([]);
  });
});

/** Runs the victim until it dies by itself after some new statements, or has nothing left to do. */
async function liveAndDie(dataDirectory: string, statements: number): Promise<'SIGKILL' | undefined> {
  const child = spawn(process.execPath, [victim, dataDirectory, String(statements)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString('utf8')));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal === 'SIGKILL') return 'SIGKILL';
  expect({ code, errors: code === 0 ? '' : errors }).toEqual({ code: 0, errors: '' });
  return undefined;
}

/** Kills a migrating process some milliseconds after it has opened the engine. */
async function dieAtRandom(dataDirectory: string, milliseconds: number): Promise<void> {
  const child = spawn(process.execPath, [victim, dataDirectory, '10000'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  await once(child.stdout, 'data');
  await delay(milliseconds);
  child.kill('SIGKILL');
  await closed;
}

/** Tables, views and dictionaries as the engine would create them again, and what is recorded of the migrations. */
async function schemaOf(dataDirectory: string, isToBeMigrated: boolean): Promise<readonly string[]> {
  const db = await openEmbeddedDatabase({ dataDirectory });
  try {
    if (isToBeMigrated) await migrate(db);
    else expect((await migrate(db)).applied).toEqual([]);
    const tables = await db.query<{ sql: string }>(
      'SELECT create_table_query AS sql FROM system.tables WHERE database = currentDatabase() ORDER BY name',
    );
    const log = await db.query<{ line: string }>(
      "SELECT DISTINCT concat(toString(number), ' ', name, ' ', checksum) AS line FROM schema_migrations ORDER BY number",
    );
    return [...tables.map(({ sql }) => sql), ...log.map(({ line }) => line)];
  } finally {
    await db.close();
  }
}

/** A database whose statements wait a little before they run, so that two runs interleave differently each time. */
function slowedDown(db: EmbeddedDatabase, random: Random): Database {
  const late = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await delay(random.between(0, 12));
    return work();
  };
  return {
    query: (sql, parameters) => late(() => db.query(sql, parameters)),
    command: (sql, parameters) => late(() => db.command(sql, parameters)),
    insertRows: (table, rows) => late(() => db.insertRows(table, rows)),
    insertFile: (insert) => db.insertFile(insert),
    close: () => db.close(),
  };
}

/** Sets the view's query anew, as an upgrade of it does. */
async function alterLedgerView(db: EmbeddedDatabase): Promise<void> {
  const [view] = await db.query<{ query: string }>(
    "SELECT as_select AS query FROM system.tables WHERE database = currentDatabase() AND name = 'llm_calls_mv'",
  );
  await db.command(`ALTER TABLE llm_calls_mv MODIFY QUERY ${view?.query ?? ''}`);
}

async function untilGrown(books: Books): Promise<void> {
  const goal = books.calls + 500;
  while (books.calls < goal) await delay(20);
}
