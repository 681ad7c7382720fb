import { picoUsd } from '@costel/pricing';
import type { Attributes, Meter, ObservableResult } from '@opentelemetry/api';
import { COST } from './metric-descriptions.js';
import { usdEstimate } from './span-attributes.js';

/** Money spent under one set of labels since the process began. */
export interface CostTotal {
  picoUsd: bigint;
  readonly labels: Attributes;
}

/** As many series as an OpenTelemetry SDK keeps of one metric; what comes later counts as its overflow. */
export const MAX_SERIES = 1999;

/** The labels that OpenTelemetry prescribes for what is beyond the limit. */
export const OVERFLOW_LABELS: Attributes = { 'otel.metric.overflow': true };

/**
 * The cost counter, kept as totals that are read when metrics are collected: a call then costs an addition, where a
 * point on a counter costs sorting and joining its labels.
 */
export class CostTotals {
  readonly #totals = new Map<string, CostTotal>();
  readonly #overflow: CostTotal = { picoUsd: 0n, labels: OVERFLOW_LABELS };

  constructor(meter: Meter) {
    meter.createObservableCounter(COST.name, COST).addCallback((result) => {
      this.#observe(result);
    });
  }

  /** The total of these labels; the same object for equal labels in the same order. */
  of(labels: Attributes): CostTotal {
    const key = JSON.stringify(labels);
    let total = this.#totals.get(key);
    if (total === undefined) {
      if (this.#totals.size >= MAX_SERIES) return this.#overflow;
      total = { picoUsd: 0n, labels };
      this.#totals.set(key, total);
    }
    return total;
  }

  #observe(result: ObservableResult): void {
    for (const total of [...this.#totals.values(), this.#overflow])
      if (total.picoUsd > 0n) result.observe(usdEstimate(picoUsd(total.picoUsd)), total.labels);
  }
}

/** Registered, because the ES module and the CommonJS build may both be in one process, on one meter. */
const TOTALS_BY_METER = Symbol.for('costel.cost_totals');

/**
 * The totals of a meter: one for all who count on it, because two callbacks that report the same labels of one counter
 * would overwrite each other.
 */
export function costTotalsOf(meter: Meter): CostTotals {
  const registry = globalThis as { [TOTALS_BY_METER]?: WeakMap<Meter, CostTotals> };
  const byMeter = (registry[TOTALS_BY_METER] ??= new WeakMap());
  let totals = byMeter.get(meter);
  if (totals === undefined) {
    totals = new CostTotals(meter);
    byMeter.set(meter, totals);
  }
  return totals;
}
