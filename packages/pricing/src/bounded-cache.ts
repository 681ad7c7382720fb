/**
 * Remembers at most `capacity` values and forgets the oldest first, so that a million made-up names cost no memory.
 */
export class BoundedCache<Value> {
  readonly #values = new Map<string, Value>();
  readonly #capacity: number;

  /** @throws RangeError when the capacity is below 1. */
  constructor(capacity: number) {
    if (capacity < 1) throw new RangeError(`capacity ${capacity} must be >= 1`);
    this.#capacity = capacity;
  }

  /** The remembered value, or undefined. */
  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Remembers a value, at the expense of the oldest one when full. */
  set(key: string, value: Value): void {
    if (this.#values.size >= this.#capacity && !this.#values.has(key)) {
      const oldest = this.#values.keys().next();
      if (oldest.done !== true) this.#values.delete(oldest.value);
    }
    this.#values.set(key, value);
  }

  /** How many values are remembered. */
  get size(): number {
    return this.#values.size;
  }
}
