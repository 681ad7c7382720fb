/** What a label's value becomes when the label already has as many values as it may. */
export const OVERFLOW_VALUE = '_overflow';

/**
 * Bounds the number of series: each label keeps its first `limit` values, every later one counts as `_overflow`, so
 * sums stay right while a million user ids cost one series.
 */
export class LabelLimiter {
  readonly #limit: number;
  readonly #valuesByLabel = new Map<string, Set<string>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value itself, or `_overflow`. */
  admit(label: string, value: string): string {
    let values = this.#valuesByLabel.get(label);
    if (values === undefined) this.#valuesByLabel.set(label, (values = new Set()));
    if (values.has(value)) return value;
    if (values.size >= this.#limit) return OVERFLOW_VALUE;
    values.add(value);
    return value;
  }
}
