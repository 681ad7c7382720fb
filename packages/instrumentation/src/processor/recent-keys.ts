/** Keys that are remembered at least; at most twice as many are held. */
const MIN_REMEMBERED = 5000;

/**
 * Remembers keys for a while. Two generations take turns, since taking the oldest out of a set one by one makes V8 walk
 * over all that were taken out before.
 */
export class RecentKeys {
  #young = new Set<string>();
  #old = new Set<string>();

  /** Remembers a key. */
  add(key: string): void {
    if (this.#young.size >= MIN_REMEMBERED) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    this.#young.add(key);
  }

  /** True for a key that was added not long ago. */
  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }
}
