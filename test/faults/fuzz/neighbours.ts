import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import { waitFor } from '../../support/stack.js';
import type { Call } from '../support/calls.js';
import type { CostelProcess } from '../support/costel-process.js';

/** Valid calls of acknowledged requests that are not as they were sent. */
export interface NeighbourDifferences {
  readonly missing: readonly string[];
  readonly wrong: readonly string[];
}

/** Compares the ledger with the valid calls of acknowledged requests, call by call, once all are priced. */
export async function compareNeighbours(stack: CostelProcess, calls: readonly Call[]): Promise<NeighbourDifferences> {
  let differences = await differencesOf(stack, calls);
  await waitFor(
    async () => {
      differences = await differencesOf(stack, calls);
      return differences.missing.length + differences.wrong.length === 0;
    },
    'all neighbours to be there and priced',
    300_000,
  ).catch(() => undefined);
  return differences;
}

async function differencesOf(stack: CostelProcess, calls: readonly Call[]): Promise<NeighbourDifferences> {
  const rows = await stack.query<{ span_id: string; cost: string | null }>(
    `SELECT span_id, toString(sum(cost_usd)) AS cost FROM llm_calls FINAL WHERE service = 'neighbour' GROUP BY span_id`,
  );
  const costs = new Map(rows.map((row) => [row.span_id, row.cost ?? 'none']));
  return {
    missing: calls.filter(({ spanId }) => !costs.has(spanId)).map(({ spanId }) => spanId),
    wrong: calls.flatMap(({ spanId, costPicoUsd }) => {
      const stored = costs.get(spanId);
      if (stored === undefined) return [];
      const isEqual = stored !== 'none' && parsePicoUsd(stored) === picoUsd(costPicoUsd);
      return isEqual ? [] : [`${spanId} costs ${formatPicoUsd(picoUsd(costPicoUsd))}, stored ${stored}`];
    }),
  };
}
