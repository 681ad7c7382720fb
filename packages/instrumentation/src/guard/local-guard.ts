import { formatPicoUsd, picoUsd, type PicoUsd } from '@costel/pricing';
import { advise, reportTrouble } from '../telemetry/trouble.js';
import type { Admission, CallGuard, RequestWays, Reservation, Settlement } from './active-guard.js';
import { BudgetExceededError } from './budget-exceeded-error.js';
import { AnsweringModels, dimensionsOf, type CallDimensions } from './call-facts.js';
import { CallEstimates } from './estimate-call.js';
import type { Entry, GuardBooks } from './guard-books.js';
import type { Shortage } from './scope-book.js';
import type { GuardedCall, GuardOptions } from './guard-config.js';

const NOTHING = picoUsd(0n);

/** Decides on calls from what the process holds; no I/O. */
export class LocalGuard implements CallGuard {
  readonly #options: GuardOptions;
  readonly #books: GuardBooks;
  readonly #clock: () => number;
  readonly #models = new AnsweringModels();
  readonly #estimates: CallEstimates;
  #hasToldOfUnpriced = false;
  #isAsking = false;

  constructor(options: GuardOptions, books: GuardBooks, clock: () => number) {
    this.#options = options;
    this.#books = books;
    this.#clock = clock;
    this.#estimates = new CallEstimates(options);
  }

  /** True when the aggregator's answer is there, is not too old, and every share was granted. */
  isKnown(nowMs: number): boolean {
    const { answeredAtMs, isSettled } = this.#books;
    // A clock that was set back makes no answer younger.
    return answeredAtMs !== undefined && isSettled && Math.abs(nowMs - answeredAtMs) < this.#options.maxStateAgeMs;
  }

  /** Never throws: a guard that fails knows nothing, and does with the call what was asked for then. */
  admit(call: GuardedCall, ways: RequestWays = {}): Admission | undefined {
    try {
      return this.#judge(call, ways);
    } catch (error) {
      reportTrouble('guard', error);
      return this.#options.whenUnknown === 'refuse' ? { kind: 'refused', error: unknownError() } : undefined;
    }
  }

  #judge(call: GuardedCall, ways: RequestWays): Admission | undefined {
    const nowMs = this.#clock();
    const dimensions = dimensionsOf(call, this.#options, this.#models);
    const estimate = this.#estimates.of(call, nowMs, textOf(call.request, ways));
    if (estimate === undefined) this.#tellOfUnpriced(call);
    const mayAllow = this.#options.whenUnknown === 'allow';
    if (!this.isKnown(nowMs) || (estimate === undefined && !mayAllow))
      return mayAllow ? this.#goAhead(call, dimensions, estimate, nowMs) : { kind: 'refused', error: unknownError() };
    const found = this.#books.admit(dimensions, estimate ?? NOTHING, nowMs, this.#options.holdMs);
    if ('phase' in found) return { kind: 'allowed', reservation: this.#reservationOf(call, found) };
    if (found.kind === 'unknown' && mayAllow) return this.#goAhead(call, dimensions, estimate, nowMs);
    return this.#downgradeOrRefuse(call, ways, found, estimate ?? NOTHING);
  }

  #goAhead(call: GuardedCall, dimensions: CallDimensions, estimate: PicoUsd | undefined, nowMs: number): Admission {
    const entry = this.#books.admitAnyway(dimensions, estimate ?? NOTHING, nowMs, this.#options.holdMs);
    return { kind: 'allowed', reservation: this.#reservationOf(call, entry) };
  }

  #downgradeOrRefuse(call: GuardedCall, ways: RequestWays, shortage: Shortage, needed: PicoUsd): Admission {
    const nowMs = this.#clock();
    const error = errorOf(shortage, needed);
    const request = this.#askForDowngrade(call, error);
    if (request === undefined) return { kind: 'refused', error };
    const model = ways.modelInstead === undefined ? modelOf(request) : ways.modelInstead(request);
    if (model === undefined && ways.modelInstead !== undefined) {
      reportTrouble('guard', new TypeError(`downgrade() gave nothing that can make the call of ${call.operation}`));
      return { kind: 'refused', error };
    }
    const instead = { ...call, request, model: model ?? call.model };
    const dimensions = dimensionsOf(instead, this.#options, this.#models);
    const estimate = this.#estimates.of(instead, nowMs, textOf(request, ways)) ?? NOTHING;
    const entry = this.#books.admitAnyway(dimensions, estimate, nowMs, this.#options.holdMs);
    return { kind: 'downgraded', request, budget: shortage.budget, reservation: this.#reservationOf(instead, entry) };
  }

  /**
   * The application's function; what it throws is its answer that it has none. A call that it makes itself has none, either:
   * it would be asked about that one, and so on.
   */
  #askForDowngrade(call: GuardedCall, error: BudgetExceededError): Readonly<Record<string, unknown>> | undefined {
    if (this.#isAsking) return undefined;
    this.#isAsking = true;
    try {
      const request: unknown = this.#options.downgrade?.(call, error);
      if (request === undefined) return undefined;
      if (typeof request === 'object' && request !== null && !('then' in request))
        return request as Readonly<Record<string, unknown>>;
      reportTrouble('guard', new TypeError('downgrade() must return a request or undefined, and no promise'));
    } catch (thrown) {
      reportTrouble('guard', thrown);
    } finally {
      this.#isAsking = false;
    }
    return undefined;
  }

  #reservationOf(call: GuardedCall, entry: Entry): Reservation {
    let isSettled = false;
    return {
      settle: (settlement) => {
        if (isSettled) return;
        isSettled = true;
        this.#settle(call, entry, settlement);
      },
    };
  }

  #settle(call: GuardedCall, entry: Entry, settlement: Settlement): void {
    const { costPicoUsd, isBillable, responseModel, isExported } = settlement;
    this.#models.learn(call.provider, call.model, responseModel);
    if (costPicoUsd !== undefined) this.#estimates.learn(call, picoUsd(costPicoUsd));
    entry.traceId = settlement.traceId;
    entry.spanId = settlement.spanId;
    // Unknown is not zero: what such a call may have cost stays held until the aggregator has seen it.
    const amount = isBillable ? picoUsd(costPicoUsd ?? entry.amountPicoUsd) : NOTHING;
    this.#books.settle(entry, amount, isExported ? 'finished' : 'local', this.#clock(), this.#options.holdMs);
  }

  #tellOfUnpriced({ provider, model, operation }: GuardedCall): void {
    if (this.#hasToldOfUnpriced) return;
    this.#hasToldOfUnpriced = true;
    advise(
      `budgetGuard: no price is known of ${operation} ${model} (${provider}), so its calls reserve nothing and are ` +
        `${this.#options.whenUnknown === 'allow' ? 'allowed' : 'refused'}; reserveUsd can say what they cost`,
    );
  }
}

function modelOf(request: Readonly<Record<string, unknown>>): string | undefined {
  const model = request['model'] ?? request['modelId'];
  return typeof model === 'string' ? model : undefined;
}

function textOf(request: unknown, { readText }: RequestWays): unknown {
  return readText === undefined ? request : readText(request);
}

function unknownError(): BudgetExceededError {
  return new BudgetExceededError({ code: 'budget_unknown', budget: 'any', scope: {} });
}

function errorOf(shortage: Shortage, needed: PicoUsd): BudgetExceededError {
  const { kind, budget, scope, limitPicoUsd, spentPicoUsd, heldPicoUsd, periodEndMs } = shortage;
  const text = (amount: PicoUsd | undefined): string | undefined =>
    amount === undefined ? undefined : formatPicoUsd(amount);
  return new BudgetExceededError({
    code: kind === 'exceeded' ? 'budget_exceeded' : 'budget_unknown',
    budget,
    scope,
    limitUsd: text(limitPicoUsd),
    spentUsd: text(spentPicoUsd),
    heldUsd: text(heldPicoUsd),
    neededUsd: text(needed),
    periodEnd: periodEndMs === undefined ? undefined : new Date(periodEndMs),
  });
}
