import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
/** What is summed over calls; money exact, as a decimal string of dollars. */
export interface CostMeasures {
  /** Exact decimal dollars, e.g. `"0.00472"`; calls without a price add nothing to it and are in `unpricedCalls`. */
  readonly costUsd: string;
  /** Billable items that count (each call once). */
  readonly calls: number;
  /** All input tokens, cached ones included. */
  readonly inputTokens: number;
  /** All output tokens, reasoning included. */
  readonly outputTokens: number;
  /** Calls whose cost is not known: no price, or no usage although the call succeeded. Never counted as free. */
  readonly unpricedCalls: number;
  /** Calls whose usage is an estimate. */
  readonly estimatedCalls: number;
  /** Calls that ended in an error. */
  readonly errorCalls: number;
}

/** The sums of one group; `key` has the value of each dimension, `''` where a call has none. */
export interface CostGroup extends CostMeasures {
  readonly key: Readonly<Record<string, string>>;
}

/** A row as the engine returns it. */
export interface MeasureRow {
  readonly cost_usd: string;
  readonly calls: string;
  readonly input_tokens: string;
  readonly output_tokens: string;
  readonly unpriced_calls: string;
  readonly estimated_calls: string;
  readonly error_calls: string;
}

/** The one mapper from the engine's names to ours. */
export function measuresOf(row: MeasureRow): CostMeasures {
  return {
    costUsd: row.cost_usd,
    calls: Number(row.calls),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    unpricedCalls: Number(row.unpriced_calls),
    estimatedCalls: Number(row.estimated_calls),
    errorCalls: Number(row.error_calls),
  };
}

/** Sums of nothing. */
export const NO_MEASURES: CostMeasures = {
  costUsd: '0',
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  unpricedCalls: 0,
  estimatedCalls: 0,
  errorCalls: 0,
};

/** Both together; exact. */
export const addMeasures = (left: CostMeasures, right: CostMeasures): CostMeasures => combine(left, right, 1);

/** What is left of a total when a part is taken away; exact. */
export const subtractMeasures = (total: CostMeasures, part: CostMeasures): CostMeasures => combine(total, part, -1);

function combine(left: CostMeasures, right: CostMeasures, sign: 1 | -1): CostMeasures {
  return {
    costUsd: formatPicoUsd(picoUsd(parsePicoUsd(left.costUsd) + BigInt(sign) * parsePicoUsd(right.costUsd))),
    calls: left.calls + sign * right.calls,
    inputTokens: left.inputTokens + sign * right.inputTokens,
    outputTokens: left.outputTokens + sign * right.outputTokens,
    unpricedCalls: left.unpricedCalls + sign * right.unpricedCalls,
    estimatedCalls: left.estimatedCalls + sign * right.estimatedCalls,
    errorCalls: left.errorCalls + sign * right.errorCalls,
  };
}
