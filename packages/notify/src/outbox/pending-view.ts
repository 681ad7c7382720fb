import { dueAtMs, type PendingNotification } from './pending.js';

/** What other processes raise is seen after this long at the latest. */
const REFRESH_MS = 5000;

/** What was read, and how long it may be relied on. */
interface Snapshot {
  readonly pendings: readonly PendingNotification[];
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * What is pending, as last read. It is read again when this process changed it, when something in it is due, and every
 * five seconds for what others did: an idle tick costs no query.
 */
export class PendingView {
  readonly #load: () => Promise<readonly PendingNotification[]>;
  readonly #channels: ReadonlySet<string>;
  #snapshot: Snapshot | undefined;
  #loading: Promise<readonly PendingNotification[]> | undefined;

  constructor(channels: ReadonlySet<string>, load: () => Promise<readonly PendingNotification[]>) {
    this.#channels = channels;
    this.#load = load;
  }

  /** Says that this process has changed what is pending; a read that is under way may have missed it. */
  invalidate(): void {
    this.#snapshot = undefined;
    this.#loading = undefined;
  }

  /** What is pending at `nowMs` (ms since 1970), at most five seconds old. */
  at(nowMs: number): Promise<readonly PendingNotification[]> {
    const snapshot = this.#snapshot;
    if (snapshot !== undefined && nowMs >= snapshot.fromMs && nowMs < snapshot.untilMs)
      return Promise.resolve(snapshot.pendings);
    this.#loading ??= this.#read(nowMs);
    return this.#loading;
  }

  #read(nowMs: number): Promise<readonly PendingNotification[]> {
    const loading = this.#load().then(
      (pendings) => {
        if (this.#loading === loading) {
          const dueTimes = pendings.filter(({ channel }) => this.#channels.has(channel)).map(dueAtMs);
          const untilMs = dueTimes.reduce((least, due) => Math.min(least, due), nowMs + REFRESH_MS);
          this.#snapshot = { pendings, fromMs: nowMs, untilMs };
          this.#loading = undefined;
        }
        return pendings;
      },
      (error: unknown) => {
        if (this.#loading === loading) this.#loading = undefined;
        throw error;
      },
    );
    return loading;
  }
}
