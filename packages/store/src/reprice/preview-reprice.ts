import type { Database } from '../database.js';
import { runExclusively } from '../ledger/ledger-lock.js';
import { currentDatabase } from '../migrate/migrate.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { checkedRange } from '../query/time-range.js';
import type { RateResolver } from '../rates/resolve-rates.js';
import { writeCandidateRates } from './candidate-rates.js';
import { changesByModel, REVISE_SETTINGS } from './changed-calls.js';
import {
  IN_COUNTED_RANGE,
  rangeParameters,
  sumOfModels,
  type ModelFigures,
  type RangeFigures,
} from './range-figures.js';

/** Which calls are looked at, and by which prices. */
export interface PreviewOptions {
  /** Counted time, half-open. */
  readonly from: Date;
  readonly to: Date;
  readonly resolver: RateResolver;
}

interface ChangeRow {
  readonly provider: string;
  readonly model: string;
  readonly calls: string;
  readonly changed_calls: string;
  readonly before_usd: string;
  readonly after_usd: string;
  readonly unpriced_before: string;
  readonly unpriced_after: string;
}

/**
 * What {@link reprice} would change, in calls and dollars, by model: every call of the range times the prices that the
 * resolver knows now. Changes nothing that anybody reads.
 * @throws StoreError `parameter_invalid`.
 */
export async function previewReprice(db: Database, options: PreviewOptions): Promise<RangeFigures> {
  const range = checkedRange(options.from, options.to);
  const database = await currentDatabase(db);
  // One at a time: the prices that are tried out have one place.
  return runExclusively(db, 'preview', async () => {
    await writeCandidateRates(db, options.resolver);
    const where = `${IN_COUNTED_RANGE} AND ${hoursOf(IN_COUNTED_RANGE)}`;
    const rows = await db.query<ChangeRow>(
      `${changesByModel(database, 'llm_rates_candidate_dict', where)}\n${FINAL_SETTINGS}, ${REVISE_SETTINGS}`,
      rangeParameters(range),
    );
    return sumOfModels(rows.map(modelFigures));
  });
}

function modelFigures(row: ChangeRow): ModelFigures {
  return {
    provider: row.provider,
    model: row.model,
    calls: Number(row.calls),
    changedCalls: Number(row.changed_calls),
    beforeUsd: row.before_usd,
    afterUsd: row.after_usd,
    unpricedBefore: Number(row.unpriced_before),
    unpricedAfter: Number(row.unpriced_after),
  };
}
