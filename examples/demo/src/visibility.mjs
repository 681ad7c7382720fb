// How long it takes from a call's end until the summary has it, as somebody sees who keeps asking.

/** How often the summary is asked. The figure that comes out is never better than this. */
const POLL_MS = 100;

/**
 * Measures visibility while the run goes on. An app hands its spans over in the order in which its calls end, so the
 * n-th call that ended in an app is visible at the first answer that counts n calls of that app.
 */
export class VisibilityMeter {
  /** @type {Map<string, number[]>} */
  #endedAtMs = new Map();
  /** @type {Map<string, number>} */
  #visible = new Map();
  /** @type {number[]} */
  #latenciesMs = [];

  /** @param {string} app @param {number} endedAtMs */
  ended(app, endedAtMs) {
    const ends = this.#endedAtMs.get(app) ?? [];
    ends.push(endedAtMs);
    this.#endedAtMs.set(app, ends);
  }

  /**
   * @param {string} app
   * @param {number} calls how many of its calls an answer counted
   * @param {number} nowMs when that answer was there
   */
  seen(app, calls, nowMs) {
    const ends = (this.#endedAtMs.get(app) ?? []).toSorted((left, right) => left - right);
    const before = this.#visible.get(app) ?? 0;
    // A call can be in the summary before its app has told us that it ended: it waits for the next answer.
    const now = Math.min(calls, ends.length);
    for (const endedAtMs of ends.slice(before, now)) this.#latenciesMs.push(Math.max(0, nowMs - endedAtMs));
    this.#visible.set(app, Math.max(before, now));
  }

  /** How many calls have ended and are not visible yet. */
  get missing() {
    let missing = 0;
    for (const [app, ends] of this.#endedAtMs) missing += ends.length - (this.#visible.get(app) ?? 0);
    return missing;
  }

  /**
   * @param {number} share e.g. 0.95
   * @returns {number | undefined} milliseconds that this share of the visible calls needed at most (nearest rank)
   */
  quantileMs(share) {
    const sorted = this.#latenciesMs.toSorted((left, right) => left - right);
    return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  }
}

/**
 * Asks for the summary over and over.
 * @param {() => Promise<import('./costel-api.mjs').CostSummary>} askSummary of the run, grouped by `tag.demo_app`
 * @param {VisibilityMeter} meter
 * @param {(summary: import('./costel-api.mjs').CostSummary) => void} onAnswer
 * @returns {{ stop: () => Promise<void> }} `stop` rejects with what went wrong on the way
 */
export function watchVisibility(askSummary, meter, onAnswer) {
  const stopping = new AbortController();
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const askedAtMs = Date.now();
      const summary = await askSummary();
      const nowMs = Date.now();
      for (const group of summary.groups) meter.seen(group.key['tag.demo_app'] ?? '', group.calls, nowMs);
      onAnswer(summary);
      await new Promise((resolve) => setTimeout(resolve, Math.max(20, POLL_MS - (nowMs - askedAtMs))));
    }
  })();
  // Trouble is reported by stop(); without this line it would end the process first.
  watching.catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await watching;
    },
  };
}
