import { picoUsd } from '@costel/pricing';
import type { CostFigures } from './cost-reader.js';

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
export function addFigures(left: CostFigures, right: CostFigures): CostFigures {
  return {
    costPicoUsd: picoUsd(left.costPicoUsd + right.costPicoUsd),
    calls: left.calls + right.calls,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    unpricedCalls: left.unpricedCalls + right.unpricedCalls,
    estimatedCalls: left.estimatedCalls + right.estimatedCalls,
    errorCalls: left.errorCalls + right.errorCalls,
  };
}

/** The sum of figures, of none nothing; exact. */
export function sumFigures(figures: readonly CostFigures[]): CostFigures {
  return figures.reduce(addFigures, NOTHING);
}

/** What is left of a total when some figures are taken away. */
export function subtractFigures(total: CostFigures, part: CostFigures): CostFigures {
  return {
    costPicoUsd: picoUsd(total.costPicoUsd - part.costPicoUsd),
    calls: total.calls - part.calls,
    inputTokens: total.inputTokens - part.inputTokens,
    outputTokens: total.outputTokens - part.outputTokens,
    unpricedCalls: total.unpricedCalls - part.unpricedCalls,
    estimatedCalls: total.estimatedCalls - part.estimatedCalls,
    errorCalls: total.errorCalls - part.errorCalls,
  };
}
