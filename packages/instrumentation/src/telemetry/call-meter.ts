import type { PicoUsd } from '@costel/pricing';
import type { CallOutcome } from './call-outcome.js';
import type { MetricSubject } from './label-sets.js';
import type { Hook } from './trouble.js';

/** What keeps the metrics: instruments of an OpenTelemetry meter, or a producer of our own. */
export interface CallMeter {
  /** Records one finished call: two token counts, its duration, its cost, and what applies besides. */
  recordCall(subject: MetricSubject, outcome: CallOutcome): void;
  /** Adds money that was spent outside a call of an LLM SDK. */
  recordCost(subject: MetricSubject, cost: PicoUsd): void;
  /** Counts trouble inside the instrumentation. */
  recordTrouble(hook: Hook): void;
}

/** True when a call's cost is what the provider will bill, as far as one can know. */
export function isExact({ price, reading }: CallOutcome): boolean {
  return (price.status === 'priced' && reading.quality === 'reported') || price.status === 'not_billable';
}
