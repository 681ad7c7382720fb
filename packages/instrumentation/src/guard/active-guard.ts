import type { BudgetExceededError } from './budget-exceeded-error.js';
import type { GuardedCall } from './guard-config.js';

/** What became of a call that a reservation was made for. */
export interface Settlement {
  /** Exact cost in pico-dollars; undefined where it is not known. */
  readonly costPicoUsd: bigint | undefined;
  /** False where nothing will be billed, e.g. of an error answer: the reservation is simply freed. */
  readonly isBillable: boolean;
  readonly responseModel: string | undefined;
  readonly traceId: string;
  readonly spanId: string;
  /** False where no span leaves the process, so that the aggregator will never count the call. */
  readonly isExported: boolean;
}

/** Money held for one call; settled once, at its end. */
export interface Reservation {
  settle(settlement: Settlement): void;
}

/** What a guard says to a call that is about to be made. */
export type Admission =
  | { readonly kind: 'allowed'; readonly reservation: Reservation }
  | {
      readonly kind: 'downgraded';
      readonly reservation: Reservation;
      /** The request that the application makes in its place. */
      readonly request: Readonly<Record<string, unknown>>;
      readonly budget: string;
    }
  | { readonly kind: 'refused'; readonly error: BudgetExceededError };

/** What can be done with a call's request. */
export interface RequestWays {
  /** Makes of the request what token estimates can read, where it is not the request itself. */
  readonly readText?: ((request: unknown) => unknown) | undefined;
  /**
   * Whether a request can take its place: not every model can be put where a framework has its own. Absent: any can.
   * @returns the model that would answer, by name.
   */
  readonly modelInstead?: ((request: Readonly<Record<string, unknown>>) => string | undefined) | undefined;
}

/** What the interception asks before each call. Never throws, does no I/O. */
export interface CallGuard {
  admit(call: GuardedCall, ways?: RequestWays): Admission | undefined;
}

/** Registered, because the ES module and the CommonJS build may both be in one process. */
const REGISTRY = Symbol.for('costel.call_guard');

interface Registry {
  [REGISTRY]?: CallGuard | undefined;
}

/** The guard of this process, if the application set one up. */
export function activeGuard(): CallGuard | undefined {
  return (globalThis as Registry)[REGISTRY];
}

/** Sets the guard of this process up; undefined takes it away. */
export function setActiveGuard(guard: CallGuard | undefined): void {
  (globalThis as Registry)[REGISTRY] = guard;
}
