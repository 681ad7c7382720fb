import { parsePicoUsd, picoUsd } from '@costel/pricing';
import type { CostMeasures, CostGroup as StoreGroup } from '@costel/store';
import type { CostFigures, CostGroup } from './cost-reader.js';

/** The store's sums as figures. */
export function toFigures({ costUsd, ...counts }: CostMeasures): CostFigures {
  return { ...counts, costPicoUsd: parsePicoUsd(costUsd) };
}

/** The store's sums of one group as figures. */
export function toGroup({ key, ...measures }: StoreGroup): CostGroup {
  return { key, ...toFigures(measures) };
}

const NOTHING: CostFigures = {
  costPicoUsd: picoUsd(0n),
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  unpricedCalls: 0,
  estimatedCalls: 0,
  errorCalls: 0,
};

/** Both together; exact. */
export const addFigures = (left: CostFigures, right: CostFigures): CostFigures => combine(left, right, 1);

/** The sum of figures, of none nothing; exact. */
export function sumFigures(figures: readonly CostFigures[]): CostFigures {
  return figures.reduce(addFigures, NOTHING);
}

/** What is left of a total when some figures are taken away. */
export const subtractFigures = (total: CostFigures, part: CostFigures): CostFigures => combine(total, part, -1);

function combine(left: CostFigures, right: CostFigures, sign: 1 | -1): CostFigures {
  return {
    costPicoUsd: picoUsd(left.costPicoUsd + BigInt(sign) * right.costPicoUsd),
    calls: left.calls + sign * right.calls,
    inputTokens: left.inputTokens + sign * right.inputTokens,
    outputTokens: left.outputTokens + sign * right.outputTokens,
    unpricedCalls: left.unpricedCalls + sign * right.unpricedCalls,
    estimatedCalls: left.estimatedCalls + sign * right.estimatedCalls,
    errorCalls: left.errorCalls + sign * right.errorCalls,
  };
}
