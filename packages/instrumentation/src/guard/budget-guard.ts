import { formatPicoUsd } from '@costel/pricing';
import { advise, inform, reportTrouble } from '../telemetry/trouble.js';
import { activeGuard, setActiveGuard } from './active-guard.js';
import { parseGuardAnswer } from './guard-answer.js';
import { GuardBooks } from './guard-books.js';
import { resolveGuardOptions, type BudgetGuardConfig, type GuardOptions } from './guard-config.js';
import type { Report } from './guard-report.js';
import { LocalGuard } from './local-guard.js';
import { StateFeed } from './state-feed.js';

/** One budget, or one scope value of a grouped one, as this process sees it. */
export interface BudgetStanding {
  readonly budget: string;
  readonly scope: Readonly<Record<string, string>>;
  /** Decimal dollars. */
  readonly limitUsd: string;
  /** As the aggregator last said. */
  readonly spentUsd: string;
  /** Held by calls here: under way, or not counted by the aggregator yet. */
  readonly heldUsd: string;
  /** What calls here may reserve on top before the next look at the aggregator; may be negative. */
  readonly roomUsd: string;
}

/** A guard at work. */
export interface BudgetGuard {
  /** Resolves with true once the state is known, with false when it is not after `timeoutMs` (default 5000). Never rejects. */
  ready(timeoutMs?: number): Promise<boolean>;
  /** Looks at the aggregator now; resolves when it answered, with whether it did. Never rejects. */
  refresh(): Promise<boolean>;
  /** The budgets as they stand here; empty until the aggregator has answered. */
  status(): readonly BudgetStanding[];
  /** Ends the guard: calls are no longer held to anything. */
  stop(): void;
}

/** How long the aggregator keeps the share of a guard that it hears nothing of, beyond the guard's own patience. */
const GRACE_MS = 2000;

const READY_TIMEOUT_MS = 5000;

class RunningGuard implements BudgetGuard {
  readonly #options: GuardOptions;
  readonly #id = globalThis.crypto.randomUUID();
  readonly #books = new GuardBooks();
  readonly #guard: LocalGuard;
  readonly #feed: StateFeed;
  readonly #waiting = new Set<() => void>();
  #timer: NodeJS.Timeout | undefined;
  #refreshing: Promise<boolean> | undefined;
  #isOut = false;
  #isStopped = false;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#guard = new LocalGuard(options, this.#books, Date.now);
    this.#feed = new StateFeed(options.url, options.token);
  }

  start(): void {
    if (activeGuard() !== undefined) advise('budgetGuard was set up twice; the later one holds');
    setActiveGuard(this.#guard);
    void this.refresh();
  }

  ready(timeoutMs = READY_TIMEOUT_MS): Promise<boolean> {
    if (this.#guard.isKnown(Date.now())) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        resolve(this.#guard.isKnown(Date.now()));
      };
      // Whoever waits wants the process to live that long.
      const timer = setTimeout(settle, timeoutMs);
      this.#waiting.add(settle);
    });
  }

  refresh(): Promise<boolean> {
    return (this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    }));
  }

  status(): readonly BudgetStanding[] {
    return this.#books.status().map(({ state, scope, spentPicoUsd, heldPicoUsd, roomPicoUsd }) => ({
      budget: state.name,
      scope,
      limitUsd: formatPicoUsd(state.limitPicoUsd),
      spentUsd: formatPicoUsd(spentPicoUsd),
      heldUsd: formatPicoUsd(heldPicoUsd),
      roomUsd: formatPicoUsd(roomPicoUsd),
    }));
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#feed.close();
    if (activeGuard() === this.#guard) setActiveGuard(undefined);
    for (const settle of this.#waiting) settle();
  }

  async #refresh(): Promise<boolean> {
    clearTimeout(this.#timer);
    const isAnswered = await this.#look();
    if (!this.#isStopped) {
      this.#timer = setTimeout(() => void this.refresh(), this.#options.refreshMs);
      this.#timer.unref();
    }
    if (this.#guard.isKnown(Date.now())) for (const settle of this.#waiting) settle();
    return isAnswered;
  }

  async #look(): Promise<boolean> {
    try {
      const report = this.#books.report(Date.now());
      const result = await this.#feed.post(this.#bodyOf(report));
      if ('problem' in result) {
        this.#tellOfOutage(result.problem);
        return false;
      }
      if (this.#isStopped) return false;
      this.#books.apply(parseGuardAnswer(result.body), report, Date.now(), this.#options.budgets);
      this.#tellOfReturn();
      return true;
    } catch (error) {
      reportTrouble('guard', error);
      return false;
    }
  }

  #bodyOf({ holds, finished }: Report): string {
    return JSON.stringify({
      guard: this.#id,
      keep_ms: this.#options.maxStateAgeMs + GRACE_MS,
      ...(this.#options.budgets === undefined ? {} : { budgets: this.#options.budgets }),
      holds: holds.map(({ budget, scope, heldPicoUsd, isActive }) => ({
        budget,
        scope,
        held_usd: formatPicoUsd(heldPicoUsd),
        active: isActive,
      })),
      finished: finished.map(({ entry, holds: indexes }) => ({
        trace_id: entry.traceId,
        span_id: entry.spanId,
        started: new Date(entry.startedAtMs).toISOString(),
        cost_usd: formatPicoUsd(entry.amountPicoUsd),
        holds: indexes,
      })),
    });
  }

  #tellOfOutage(problem: string): void {
    if (this.#isOut) return;
    this.#isOut = true;
    const isRefused = problem === 'HTTP 401' || problem === 'HTTP 404';
    const tell = this.#options.onOutage ?? advise;
    tell(
      `budgetGuard: ${this.#options.url} does not say how the budgets stand (${problem}); calls are ` +
        `${this.#options.whenUnknown === 'allow' ? 'allowed' : 'refused'} meanwhile. ` +
        (isRefused ? 'Set the same COSTEL_GUARD_TOKEN there and here (or the option token). ' : '') +
        'This is said once an outage.',
    );
  }

  #tellOfReturn(): void {
    if (!this.#isOut) return;
    this.#isOut = false;
    inform(`budgetGuard: ${this.#options.url} answers again`);
  }
}

/**
 * Holds the calls of the patched SDKs of this process to the aggregator's budgets. Before each call it decides, from a
 * state that is kept in memory and refreshed in the background: the call goes ahead with a reservation, or the
 * application's `downgrade` function gives another request, or the call fails with a `BudgetExceededError`. It adds no
 * I/O to a call and throws into none.
 *
 * **How far a budget can be exceeded**: by `min(calls in flight, limit / reservation) × max(0, dearest call −
 * reservation)`, over all guarded processes together, because the aggregator grants each a share of what is left and the
 * shares add up to it. 200 calls at once against $1, each reserving $0.0125 and costing $0.02 at most, exceed it by at
 * most 80 × $0.0075 = $0.60; where no call costs more than it reserves, by nothing. `overshootBoundUsd` computes it and
 * says what is not in it. A call that does not fit is refused although money is left where others hold their shares: at
 * most until the next look at the aggregator (`refreshMs`).
 *
 * Reservations are freed when calls end; those of a process that died, when the aggregator has heard nothing of it for
 * `maxStateAgeMs` and 2 s. While the aggregator is out of reach for longer than `maxStateAgeMs`, calls are allowed, or
 * with `whenUnknown: 'refuse'` refused.
 *
 * @throws RangeError, TypeError for a configuration that cannot guard.
 */
export function budgetGuard(config: BudgetGuardConfig = {}): BudgetGuard {
  const guard = new RunningGuard(resolveGuardOptions(config));
  guard.start();
  return guard;
}
