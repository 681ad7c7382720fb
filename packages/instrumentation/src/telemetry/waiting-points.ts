import type { Meter } from '@opentelemetry/api';
import { COST } from './metric-descriptions.js';
import { reportTrouble } from './trouble.js';

/** So many calls wait at most, for whichever call finds the list full records all of them: 0.1 ms. */
const MAX_WAITING = 16;

/** No call waits longer than this, whether anybody collects or not. */
const MAX_WAIT_MS = 100;

/** The points of one call that ended. Holds only what no application can change, and nothing of the answer. */
export interface CallThatEnded {
  /** Records its points on the instruments of the meter. */
  recordPoints(): void;
}

/**
 * The calls of one meter whose points are still to be recorded: in one go the points of a call take half the time, for
 * the caches then hold the SDK's code, and the caller waits for none of it. A collection takes them along in a callback.
 */
export class WaitingPoints {
  readonly #mayWait: boolean;
  #calls: CallThatEnded[] = [];
  #isDue = false;
  readonly #onDue = (): void => {
    this.#isDue = false;
    this.recordAll();
  };

  constructor(meter: Meter) {
    this.#mayWait = callsBackBeforeCollecting(meter);
    if (!this.#mayWait) return;
    // A callback has to stand beside an instrument; this one observes nothing on it.
    const cost = meter.createObservableCounter(COST.name, COST);
    meter.addBatchObservableCallback(() => {
      this.recordAll();
    }, [cost]);
  }

  /** Records the points of a call: at once where the meter's SDK is not known, else before metrics are collected next. */
  add(call: CallThatEnded): void {
    if (!this.#mayWait) {
      call.recordPoints();
      return;
    }
    if (this.#calls.push(call) >= MAX_WAITING) {
      this.recordAll();
    } else if (!this.#isDue) {
      this.#isDue = true;
      setTimeout(this.#onDue, MAX_WAIT_MS).unref();
    }
  }

  /** Records all that waits. */
  recordAll(): void {
    const calls = this.#calls;
    if (calls.length === 0) return;
    this.#calls = [];
    for (const call of calls)
      try {
        call.recordPoints();
      } catch (error) {
        reportTrouble('finish', error);
      }
  }
}

const waitingByMeter = new WeakMap<Meter, WaitingPoints>();

/** The list of a meter: one, because a meter never forgets a callback, and applications may instrument many clients. */
export function waitingPointsOf(meter: Meter): WaitingPoints {
  let waiting = waitingByMeter.get(meter);
  if (waiting === undefined) waitingByMeter.set(meter, (waiting = new WaitingPoints(meter)));
  return waiting;
}

/**
 * True for a meter of OpenTelemetry's own SDK (2.x, 3.x), which runs all callbacks of a meter before it reads what was
 * recorded on it. Others may read first, and the last points before the process ends would never be seen.
 */
function callsBackBeforeCollecting(meter: Meter): boolean {
  return '_meterSharedState' in meter;
}
