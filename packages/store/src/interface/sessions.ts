import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import type { HeldConnection } from '../engine/guest-connections.js';
import { InterfaceError } from './interface-error.js';

/** What a request says of its session. */
export interface SessionRequest {
  readonly id: string;
  /** How long it is kept after its last statement. */
  readonly timeoutSeconds: number;
  /** Whether it must have been used before. */
  readonly mustExist: boolean;
  /** Whether it ends with this statement. */
  readonly endsAfter: boolean;
}

/** What outlives the statements of a session. */
export interface Session {
  readonly settings: Map<string, string | number>;
  readonly temporaryTables: Set<string>;
  /** Open while the session has temporary tables: they live on one connection. */
  readonly connection: HeldConnection | undefined;
  /** Opens the connection. @throws InterfaceError 202 where too many sessions have one. */
  hold(): void;
}

const MAX_SESSIONS = 2000;
/** Each costs the engine a few hundred kilobytes and whatever its temporary tables hold. */
const MAX_HELD_CONNECTIONS = 16;
/** As a server does it. */
export const DEFAULT_SESSION_SECONDS = 60;
export const MAX_SESSION_SECONDS = 3600;

/**
 * Sessions by name. Readers and writers with one name do not meet: nobody sees what another authority has made. A session
 * costs nothing until it sets something.
 */
export class Sessions {
  readonly #database: EmbeddedDatabase;
  readonly #sessions = new Map<string, KeptSession>();

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
  }

  /** Lets `work` use the session and keeps it from then on for its timeout. @throws InterfaceError 372. */
  async use<Result>(
    request: SessionRequest,
    isWriter: boolean,
    work: (session: Session) => Promise<Result>,
  ): Promise<Result> {
    const key = `${isWriter ? 'writer' : 'reader'}\0${request.id}`;
    const session = this.#sessions.get(key) ?? this.#create(key, request);
    session.begin();
    try {
      return await work(session);
    } finally {
      const seconds = request.endsAfter ? 0 : request.timeoutSeconds;
      session.end(seconds, () => this.#sessions.delete(key));
    }
  }

  #create(key: string, request: SessionRequest): KeptSession {
    if (request.mustExist)
      throw new InterfaceError(
        372,
        'SESSION_NOT_FOUND',
        'Session not found: it was never used, or its timeout is over',
      );
    this.#makeRoom();
    const session = new KeptSession(() => {
      const held = [...this.#sessions.values()].filter(({ connection }) => connection !== undefined).length;
      if (held < MAX_HELD_CONNECTIONS) return this.#database.holdGuestConnection();
      throw new InterfaceError(
        202,
        'TOO_MANY_SIMULTANEOUS_QUERIES',
        `${held} sessions have temporary tables already: end one with close_session=1, or wait for its timeout`,
        503,
      );
    });
    this.#sessions.set(key, session);
    return session;
  }

  /** Forgets the oldest session that holds nothing; clients make one each, and most never use it. */
  #makeRoom(): void {
    if (this.#sessions.size < MAX_SESSIONS) return;
    const idle = [...this.#sessions].find(([, session]) => session.isEmpty);
    if (idle === undefined)
      throw new InterfaceError(202, 'TOO_MANY_SIMULTANEOUS_QUERIES', `more than ${MAX_SESSIONS} sessions`, 503);
    this.#sessions.delete(idle[0]);
    idle[1].end(0, () => undefined);
  }
}

class KeptSession implements Session {
  readonly settings = new Map<string, string | number>();
  readonly temporaryTables = new Set<string>();
  readonly #open: () => HeldConnection;
  #connection: HeldConnection | undefined;
  #users = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(open: () => HeldConnection) {
    this.#open = open;
  }

  get connection(): HeldConnection | undefined {
    return this.#connection;
  }

  get isEmpty(): boolean {
    return this.#users === 0 && this.settings.size === 0 && this.#connection === undefined;
  }

  hold(): void {
    this.#connection ??= this.#open();
  }

  begin(): void {
    this.#users += 1;
    clearTimeout(this.#timer);
  }

  /** @param forget takes the session out of the list. */
  end(seconds: number, forget: () => void): void {
    this.#users = Math.max(0, this.#users - 1);
    if (this.#users > 0) return;
    const close = (): void => {
      forget();
      clearTimeout(this.#timer);
      void this.#connection?.close();
    };
    if (seconds === 0) close();
    else this.#timer = setTimeout(close, seconds * 1000).unref();
  }
}
