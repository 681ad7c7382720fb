/** Clocks that differ by less are in step as far as prices and hours are concerned. */
const CLOCK_TOLERANCE_MS = 5 * 60 * 1000;

/** A clock that was found in step is believed for this long. */
const BELIEVED_FOR_MS = 1000;

/** Where headers are looked up: a `Headers`, or whatever an SDK has in its place. */
export interface HeaderSource {
  get(name: string): string | null | undefined;
}

/**
 * How far the local clock is ahead of a server's, by the `Date` of its answers. Reading a header costs more than the
 * rest of looking at an answer, so a clock in step is looked at once a second, and again when the local one is set.
 */
export class ServerClock {
  #believedAt = Number.NEGATIVE_INFINITY;
  #originMs = 0;

  /**
   * @param nowMs the local clock, milliseconds since 1970; @param monotonicMs the same instant on a clock that is never
   * set.
   * @returns milliseconds by which the local clock is ahead, beyond ± 5 minutes; undefined when in step or not known.
   */
  offsetMs(response: { readonly headers: HeaderSource }, nowMs: number, monotonicMs: number): number | undefined {
    const originMs = nowMs - monotonicMs;
    const isSet = Math.abs(originMs - this.#originMs) > BELIEVED_FOR_MS;
    if (!isSet && monotonicMs - this.#believedAt < BELIEVED_FOR_MS) return undefined;
    const offsetMs = nowMs - Date.parse(response.headers.get('date') ?? '');
    if (Math.abs(offsetMs) > CLOCK_TOLERANCE_MS) return offsetMs;
    this.#believedAt = monotonicMs;
    this.#originMs = originMs;
    return undefined;
  }
}
