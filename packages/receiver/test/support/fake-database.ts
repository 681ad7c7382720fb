import { readFile } from 'node:fs/promises';
import type { Database, FileInsert } from '@costel/store';
import type { TableName } from '../../src/tables.js';
import { type Cell, readRows } from './row-reader.js';

/** A store in memory: keeps the rows of every insert, and fails or waits as a test tells it. */
export class FakeDatabase implements Database {
  readonly inserts: {
    readonly table: TableName;
    readonly rows: Record<string, Cell>[];
    readonly insert: FileInsert;
  }[] = [];
  /** Called before an insert is stored; throws to fail it. */
  beforeInsert: (rows: readonly Record<string, Cell>[]) => Promise<void> | void = () => undefined;

  async insertFile(insert: FileInsert): Promise<void> {
    const table = insert.table as TableName;
    const rows = readRows(table, await readFile(insert.path));
    await this.beforeInsert(rows);
    this.inserts.push({ table, rows, insert });
  }

  /** The names of all spans that were stored, in order. */
  spanNames(): unknown[] {
    return this.inserts.flatMap(({ rows }) => rows.map((row) => row['SpanName']));
  }

  query = (): Promise<never[]> => Promise.resolve([]);
  command = (): Promise<void> => Promise.resolve();
  insertRows = (): Promise<void> => Promise.resolve();
  close = (): Promise<void> => Promise.resolve();
}

/** A promise and the means to settle it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let settle: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, resolve: () => settle() };
}
