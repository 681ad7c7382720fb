import type { Log } from '../logger.js';

/** One piece of repeated work. */
export interface Tick {
  /** Snake case; a metric label. */
  readonly name: string;
  /** Pause between the end of one run and the start of the next; longer after upkeep that took long. */
  readonly intervalMs: number;
  readonly run: () => Promise<void>;
  /** Upkeep may fail without keeping the service from serving, and takes at most a twentieth of the time. Default: false. */
  readonly isUpkeep?: boolean;
}

/** How a tick has fared. */
export interface TickHealth {
  readonly name: string;
  readonly isUpkeep: boolean;
  readonly runs: number;
  readonly failures: number;
  /** Failures since the last success; 0 is healthy. */
  readonly consecutiveFailures: number;
  readonly lastDurationSeconds: number;
  /** Instant of the last success; undefined before the first. */
  readonly lastSuccessMs: number | undefined;
  /** The message of the last failure, while it lasts. */
  readonly lastError: string | undefined;
}

/** Repeated work that is under way. */
export interface Ticker {
  readonly health: () => readonly TickHealth[];
  /** Runs a tick now and waits for it, after a run that is under way; for tests and for a request that cannot wait. */
  readonly runNow: (name: string) => Promise<void>;
  /** Starts nothing more and waits for what runs. */
  readonly stop: () => Promise<void>;
}

/** The longest pause after failures, so that a store that is away is found again within half a minute. */
const MAX_BACKOFF_MS = 30_000;

/** Upkeep rests so many times as long as it took: at most a twentieth of the time, however large the ledger. */
const UPKEEP_REST = 19;

/** One tick with its timer and its record: it never overlaps itself, and its failure is its own. */
class TickRunner {
  readonly #tick: Tick;
  readonly #log: Log;
  readonly #clock: () => number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #health: TickHealth;

  constructor(tick: Tick, log: Log, clock: () => number) {
    this.#tick = tick;
    this.#log = log;
    this.#clock = clock;
    this.#health = {
      name: tick.name,
      isUpkeep: tick.isUpkeep ?? false,
      runs: 0,
      failures: 0,
      consecutiveFailures: 0,
      lastDurationSeconds: 0,
      lastSuccessMs: undefined,
      lastError: undefined,
    };
  }

  get health(): TickHealth {
    return this.#health;
  }

  schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.runNow(), delayMs);
  }

  async runNow(): Promise<void> {
    const run = this.#running.then(() => (this.#stopped ? undefined : this.#run()));
    this.#running = run;
    await run;
    this.schedule(this.#pauseMs());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #pauseMs(): number {
    const { consecutiveFailures, isUpkeep, lastDurationSeconds } = this.#health;
    if (consecutiveFailures === 0) {
      const restMs = isUpkeep ? lastDurationSeconds * 1000 * UPKEEP_REST : 0;
      return Math.max(this.#tick.intervalMs, restMs);
    }
    return Math.min(MAX_BACKOFF_MS, Math.max(1000, this.#tick.intervalMs) * 2 ** Math.min(consecutiveFailures - 1, 10));
  }

  async #run(): Promise<void> {
    const startedAtMs = performance.now();
    const before = this.#health;
    try {
      await this.#tick.run();
      if (before.consecutiveFailures > 0)
        this.#log('info', `${this.#tick.name} works again`, { after_failures: before.consecutiveFailures });
      this.#health = {
        ...before,
        runs: before.runs + 1,
        consecutiveFailures: 0,
        lastSuccessMs: this.#clock(),
        lastError: undefined,
        lastDurationSeconds: secondsSince(startedAtMs),
      };
    } catch (error) {
      const lastError = error instanceof Error ? error.message : String(error);
      // The same cause again is counted, not said again.
      if (lastError !== before.lastError)
        this.#log('error', `${this.#tick.name} failed and is tried again`, { cause: lastError });
      this.#health = {
        ...before,
        runs: before.runs + 1,
        failures: before.failures + 1,
        consecutiveFailures: before.consecutiveFailures + 1,
        lastError,
        lastDurationSeconds: secondsSince(startedAtMs),
      };
    }
  }
}

function secondsSince(startedAtMs: number): number {
  return (performance.now() - startedAtMs) / 1000;
}

/** Starts repeated work: each tick at once, then with its pause; failures back off up to 30 s and harm no other tick. */
export function startTicker(ticks: readonly Tick[], log: Log, clock: () => number): Ticker {
  const runners = new Map(ticks.map((tick) => [tick.name, new TickRunner(tick, log, clock)]));
  for (const runner of runners.values()) runner.schedule(0);
  return {
    health: () => [...runners.values()].map((runner) => runner.health),
    runNow: async (name) => {
      await runners.get(name)?.runNow();
    },
    stop: async () => {
      await Promise.all([...runners.values()].map((runner) => runner.stop()));
    },
  };
}
