const HOUR_MS = 3_600_000;
/** Numbers of one filter, and its bits: 32 a number, 4 MB. */
const NUMBERS_A_FILTER = 1 << 20;
const FILTER_BITS = 1 << 25;
/** Bits that a number sets: one that was not added is taken for one of a full filter about 6 times in a million. */
const BITS_A_NUMBER = 8;
/** Filters that are kept, 64 MB: above it the oldest is given up. */
const MAX_FILTERS = 16;

interface Filter {
  readonly bits: Uint32Array;
  count: number;
  /** The latest hour that one of its numbers belongs to. */
  latestHourMs: number;
}

/**
 * Which 64-bit hashes, each of an hour, were there before: never a wrong no for hours from {@link SeenNumbers.coveredFromMs}
 * on, seldom a wrong yes (Bloom filters). Memory grows with what is added, up to 64 MB.
 */
export class SeenNumbers {
  readonly #filters: Filter[] = [];
  #coveredFromMs: number;

  /** @param coveredFromMs from which hour on everything is added. */
  constructor(coveredFromMs: number) {
    this.#coveredFromMs = coveredFromMs;
  }

  /** The first hour of which everything is known. */
  get coveredFromMs(): number {
    return this.#coveredFromMs;
  }

  /** Whether a hash (`low`, `high`: its halves, each below 2^32) was added before. */
  has(low: number, high: number): boolean {
    return this.#filters.some((filter) => isIn(filter.bits, low, high));
  }

  /** Adds a hash; `hourMs` is the hour that it is to be known in, the latest one. @returns whether it was there before. */
  add(low: number, high: number, hourMs: number): boolean {
    const isKnown = this.has(low, high);
    let last = this.#filters.at(-1);
    // What an older filter has is added to the last one again: it is to be known as long as its latest hour.
    if (isKnown && last !== undefined && isIn(last.bits, low, high)) {
      last.latestHourMs = Math.max(last.latestHourMs, hourMs);
      return true;
    }
    if (last === undefined || last.count >= NUMBERS_A_FILTER) {
      last = { bits: new Uint32Array(FILTER_BITS / 32), count: 0, latestHourMs: 0 };
      this.#filters.push(last);
      if (this.#filters.length > MAX_FILTERS) this.#giveUpOldest();
    }
    for (let index = 0; index < BITS_A_NUMBER; index += 1) {
      const bit = bitOf(low, high, index);
      last.bits[bit >>> 5] = (last.bits[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
    last.count += 1;
    last.latestHourMs = Math.max(last.latestHourMs, hourMs);
    return isKnown;
  }

  /** Forgets filters of hours that nobody asks about any more. */
  forgetBefore(hourMs: number): void {
    while ((this.#filters[0]?.latestHourMs ?? hourMs) < hourMs) this.#giveUpOldest();
  }

  #giveUpOldest(): void {
    const oldest = this.#filters.shift();
    if (oldest !== undefined) this.#coveredFromMs = Math.max(this.#coveredFromMs, oldest.latestHourMs + HOUR_MS);
  }
}

function bitOf(low: number, high: number, index: number): number {
  // The second half is made odd, so that no number sets one bit eight times.
  return (low + Math.imul(index, high | 1)) & (FILTER_BITS - 1);
}

function isIn(bits: Uint32Array, low: number, high: number): boolean {
  for (let index = 0; index < BITS_A_NUMBER; index += 1) {
    const bit = bitOf(low, high, index);
    if (((bits[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}
