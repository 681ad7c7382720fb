import { closedError } from './connection-pool.js';
import type { EngineConnection } from './engine-connection.js';

/** A connection with what was set and made on it; closed by its holder, at the latest by the database. */
export interface HeldConnection {
  /** Runs `work` as a guest does: it waits where all guests are busy. One at a time. @throws StoreError `closed`. */
  use<Result>(work: (connection: EngineConnection) => Promise<Result>): Promise<Result>;
  /** Ends it, once what runs on it has ended. */
  close(): Promise<void>;
}

/** One statement after the other on a connection of its own. */
export class GuestSession implements HeldConnection {
  readonly #connection: EngineConnection;
  readonly #guests: GuestGate;
  readonly #onClose: () => void;
  #last: Promise<unknown>;
  #closed = false;

  constructor(connection: EngineConnection, database: string, guests: GuestGate, onClose: () => void) {
    this.#connection = connection;
    this.#guests = guests;
    this.#onClose = onClose;
    this.#last = guests.run(async () => connection.use(database));
    this.#last.catch(() => undefined);
  }

  async use<Result>(work: (connection: EngineConnection) => Promise<Result>): Promise<Result> {
    if (this.#closed) throw closedError();
    const before = this.#last;
    const result = before.then(
      async () => this.#guests.run(async () => work(this.#connection)),
      async () => this.#guests.run(async () => work(this.#connection)),
    );
    this.#last = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last.catch(() => undefined);
    this.#connection.close();
    this.#onClose();
  }
}

/** Lets a bounded number of guests in; the rest wait in line. */
export class GuestGate {
  readonly #limit: number;
  #active = 0;
  #closed = false;
  readonly #waiting: { enter: () => void; refuse: (error: Error) => void }[] = [];
  readonly #left: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw closedError();
    if (this.#active >= this.#limit) await new Promise<void>((enter, refuse) => this.#waiting.push({ enter, refuse }));
    else this.#active += 1;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#leave();
      else next.enter();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { refuse } of this.#waiting.splice(0)) refuse(closedError());
    if (this.#active > 0) await new Promise<void>((resolve) => this.#left.push(resolve));
  }

  #leave(): void {
    this.#active -= 1;
    if (this.#active === 0) for (const resolve of this.#left.splice(0)) resolve();
  }
}
