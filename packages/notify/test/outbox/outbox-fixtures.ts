import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { migrate, openEmbeddedDatabase, readMigrations, type Database } from '@costel/store';

import type { Notification } from '../../src/alert.js';
import type { Channel, SendResult } from '../../src/channel.js';

/** An engine of its own in a temporary directory, with the outbox's tables. */
export interface TestDatabase {
  readonly database: Database;
  readonly dataDirectory: string;
  /** Removes every row. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a `TestDatabase`. */
export async function openTestDatabase(): Promise<TestDatabase> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'costel-outbox-'));
  const database = await openEmbeddedDatabase({ dataDirectory });
  await migrate(database, { migrations: readMigrations().filter(({ number }) => number >= 200 && number < 300) });
  return {
    database,
    dataDirectory,
    clear: async () => {
      for (const table of ['alert_events', 'alert_claims', 'alert_deliveries'])
        await database.command(`TRUNCATE TABLE ${table}`);
    },
    close: async () => {
      await database.close();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

/** A database that does as `database` does, but first lets a test look at each insert. */
export function intercept(
  database: Database,
  hooks: {
    readonly beforeInsert?: (table: string) => void | Promise<void>;
    readonly beforeQuery?: (sql: string) => void | Promise<void>;
  },
): Database {
  return {
    query: async (sql, parameters) => {
      await hooks.beforeQuery?.(sql);
      return database.query(sql, parameters);
    },
    command: (sql, parameters) => database.command(sql, parameters),
    insertFile: (insert) => database.insertFile(insert),
    insertRows: async (table, rows) => {
      await hooks.beforeInsert?.(table);
      await database.insertRows(table, rows);
    },
    close: () => database.close(),
  };
}

/** A channel in memory that records what it is sent and answers as told. */
export class MemoryChannel implements Channel {
  readonly name: string;
  readonly sendTimeoutMs: number;
  readonly sent: Notification[] = [];
  answer: (notification: Notification) => SendResult | Promise<SendResult> = () => ({ isDelivered: true });

  constructor(name = 'hook', sendTimeoutMs = 10_000) {
    this.name = name;
    this.sendTimeoutMs = sendTimeoutMs;
  }

  async send(notification: Notification): Promise<SendResult> {
    this.sent.push(notification);
    return this.answer(notification);
  }

  /** `key state` of each send, in order. */
  get told(): string[] {
    return this.sent.map(({ alert, state }) => `${alert.key} ${state}`);
  }
}
