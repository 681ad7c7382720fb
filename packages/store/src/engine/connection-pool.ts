import type { EngineConnection } from './engine-connection.js';
import { StoreError } from './store-error.js';

/** Work that waits for a connection. */
interface Waiter {
  readonly isUrgent: boolean;
  readonly resolve: (connection: EngineConnection) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Connections that stay open; a caller has one for itself until its work is done. First come, first served, but for
 * urgent work: an insert that somebody waits for goes ahead of queries, so a few slow ones cannot hold up ingestion.
 */
export class ConnectionPool {
  readonly #idle: EngineConnection[];
  readonly #size: number;
  readonly #replace: () => Promise<EngineConnection>;
  readonly #waiting: Waiter[] = [];
  readonly #drained: (() => void)[] = [];
  #closed = false;

  /** @param replace opens a connection in the place of one that is spent. */
  constructor(connections: readonly EngineConnection[], replace: () => Promise<EngineConnection>) {
    this.#size = connections.length;
    this.#idle = [...connections];
    this.#replace = replace;
  }

  /** Runs `work` on a connection of its own. @throws StoreError `closed` once closing has begun. */
  async use<Result>(
    work: (connection: EngineConnection) => Promise<Result>,
    { isUrgent = false }: { readonly isUrgent?: boolean } = {},
  ): Promise<Result> {
    const connection = await this.#acquire(isUrgent);
    try {
      return await work(connection);
    } finally {
      this.#release(connection.isSpent ? await this.#renew(connection) : connection);
    }
  }

  /** Refuses what waits, lets what runs finish, closes every connection. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(closedError());
    if (this.#idle.length < this.#size) await new Promise<void>((resolve) => this.#drained.push(resolve));
    for (const connection of this.#idle) connection.close();
  }

  async #acquire(isUrgent: boolean): Promise<EngineConnection> {
    if (this.#closed) throw closedError();
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    return new Promise((resolve, reject) => {
      const firstQuery = isUrgent ? this.#waiting.findIndex((waiter) => !waiter.isUrgent) : -1;
      this.#waiting.splice(firstQuery < 0 ? this.#waiting.length : firstQuery, 0, { isUrgent, resolve, reject });
    });
  }

  /** The new one first: the engine shuts down with its last connection. */
  async #renew(spent: EngineConnection): Promise<EngineConnection> {
    const fresh = await this.#replace();
    spent.close();
    return fresh;
  }

  #release(connection: EngineConnection): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next.resolve(connection);
      return;
    }
    this.#idle.push(connection);
    if (this.#idle.length === this.#size) for (const resolve of this.#drained.splice(0)) resolve();
  }
}

/** The error of every call after `close()`. */
export function closedError(): StoreError {
  return new StoreError('closed', 'the database is closed');
}
