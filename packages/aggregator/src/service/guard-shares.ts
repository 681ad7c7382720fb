/** What one guard reports of one scope value of a budget. */
export interface GuardHold {
  /** Identity of budget, revision, period and scope value. */
  readonly key: string;
  /** Picodollars held there and not in the ledger's figure. */
  readonly heldPicoUsd: bigint;
  /** Calls were made for it lately. */
  readonly isActive: boolean;
}

/** What a guard may hold beyond what it reported. */
export interface Share {
  readonly grantPicoUsd: bigint;
  /** Less than its due: others still hold the rest and hand it back when they report next. */
  readonly isPending: boolean;
}

interface Known {
  readonly heldPicoUsd: bigint;
  readonly grantPicoUsd: bigint;
  readonly weight: bigint;
}

interface KnownGuard {
  expiresAtMs: number;
  readonly scopes: Map<string, Known>;
}

/** A guard whose application makes calls for a budget gets this many times the share of one that makes none. */
const ACTIVE_WEIGHT = 8n;

/** Guards remembered at once; further ones are refused, for a share of nearly nothing helps nobody. */
export const MAX_GUARDS = 10_000;

/**
 * Divides what is left of each budget among the guarded processes. Held amounts and grants together never exceed what is
 * left: a guard gets its part of all that is not held, by weight, but no more than is not granted to others. $1 left and
 * two busy guards: the first gets $1; the second nothing until the first reports again, then each has $0.50.
 */
export class GuardShares {
  readonly #guards = new Map<string, KnownGuard>();
  /** Who holds something of a scope value: the guards by its key. */
  readonly #byKey = new Map<string, Set<KnownGuard>>();

  /** Guards that report, by the latest `report` or `count`. */
  count(nowMs: number): number {
    this.#expire(nowMs);
    return this.#guards.size;
  }

  /** True when there is room for the guard, known or new. */
  hasRoomFor(guard: string): boolean {
    return this.#guards.has(guard) || this.#guards.size < MAX_GUARDS;
  }

  /**
   * Takes a guard's report in place of its last one and divides anew; `leftOf` is limit minus spend of a scope value,
   * which may be negative.
   * @param keepMs for how long its share is kept without another report.
   * @returns a share for each hold, in their order.
   */
  report(
    id: string,
    holds: readonly GuardHold[],
    leftOf: (key: string) => bigint,
    times: { readonly nowMs: number; readonly keepMs: number },
  ): readonly Share[] {
    this.#expire(times.nowMs);
    this.#forget(id);
    const guard: KnownGuard = { expiresAtMs: times.nowMs + times.keepMs, scopes: new Map() };
    this.#guards.set(id, guard);
    return holds.map((hold) => {
      const share = this.#divide(hold, leftOf(hold.key));
      guard.scopes.set(hold.key, {
        heldPicoUsd: hold.heldPicoUsd,
        grantPicoUsd: share.grantPicoUsd,
        weight: weightOf(hold),
      });
      const holders = this.#byKey.get(hold.key) ?? new Set();
      this.#byKey.set(hold.key, holders.add(guard));
      return share;
    });
  }

  #divide(hold: GuardHold, leftPicoUsd: bigint): Share {
    let free = leftPicoUsd - hold.heldPicoUsd;
    let grantedToOthers = 0n;
    let weights = weightOf(hold);
    for (const other of this.#byKey.get(hold.key) ?? []) {
      const known = other.scopes.get(hold.key);
      if (known === undefined) continue;
      free -= known.heldPicoUsd;
      grantedToOthers += known.grantPicoUsd;
      weights += known.weight;
    }
    const due = atLeastNothing((free * weightOf(hold)) / weights);
    const available = atLeastNothing(free - grantedToOthers);
    return due <= available ? { grantPicoUsd: due, isPending: false } : { grantPicoUsd: available, isPending: true };
  }

  #expire(nowMs: number): void {
    for (const [id, { expiresAtMs }] of this.#guards) if (expiresAtMs <= nowMs) this.#forget(id);
  }

  #forget(id: string): void {
    const guard = this.#guards.get(id);
    if (guard === undefined) return;
    this.#guards.delete(id);
    for (const key of guard.scopes.keys()) {
      const holders = this.#byKey.get(key);
      holders?.delete(guard);
      if (holders?.size === 0) this.#byKey.delete(key);
    }
  }
}

function weightOf({ isActive }: GuardHold): bigint {
  return isActive ? ACTIVE_WEIGHT : 1n;
}

function atLeastNothing(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}
