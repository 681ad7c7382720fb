import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import type { Database } from '../database.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { instantText, type TimeRange } from '../query/time-range.js';

/** What calls of a model cost before and after. */
export interface ModelFigures {
  readonly provider: string;
  readonly model: string;
  /** Calls that count in the range. */
  readonly calls: number;
  /** Of them, calls whose price differs. */
  readonly changedCalls: number;
  /** Decimal dollars, exact; calls without a price are in neither. */
  readonly beforeUsd: string;
  readonly afterUsd: string;
  readonly unpricedBefore: number;
  readonly unpricedAfter: number;
}

/** A range with what it costs before and after, in total and by model (those that change first, the dearest first). */
export interface RangeFigures extends Omit<ModelFigures, 'provider' | 'model'> {
  readonly models: readonly ModelFigures[];
}

/** One model as the ledger has it. */
interface LedgerModel {
  readonly calls: number;
  readonly costPicoUsd: bigint;
  readonly unpriced: number;
}

/** Condition on counted time of `llm_calls AS c`, with parameters `from` and `until`. */
export const IN_COUNTED_RANGE =
  "c.counted_at >= {from:DateTime64(3, 'UTC')} AND c.counted_at < {until:DateTime64(3, 'UTC')}";

/** The parameters of {@link IN_COUNTED_RANGE}. */
export function rangeParameters({ fromMs, toMs }: TimeRange): { readonly from: string; readonly until: string } {
  return { from: instantText(fromMs), until: instantText(toMs) };
}

/** What the ledger, or the copy of it that is held, says of a range by provider and model. */
export async function readLedgerModels(
  db: Database,
  table: 'llm_calls' | 'llm_calls_held',
  range: TimeRange,
): Promise<ReadonlyMap<string, LedgerModel>> {
  const rows = await db.query<{ provider: string; model: string; calls: string; cost: string; unpriced: string }>(
    `SELECT c.provider AS provider, c.model AS model, countIf(c.counted) AS calls,
    ifNull(sum(c.cost_usd), toDecimal128(0, 12)) AS cost,
    countIf(c.counted AND c.cost_status IN ('unpriced', 'pending')) AS unpriced
FROM ${table} AS c FINAL
WHERE ${IN_COUNTED_RANGE} AND ${hoursOf(IN_COUNTED_RANGE, table)}
GROUP BY provider, model
${FINAL_SETTINGS}`,
    rangeParameters(range),
  );
  return new Map(
    rows.map((row) => [
      JSON.stringify([row.provider, row.model]),
      { calls: Number(row.calls), costPicoUsd: parsePicoUsd(row.cost), unpriced: Number(row.unpriced) },
    ]),
  );
}

const NOTHING: LedgerModel = { calls: 0, costPicoUsd: 0n, unpriced: 0 };

/** Puts two readings of the same range beside each other. `changed` counts calls by key `["provider","model"]`. */
export function compareModels(
  before: ReadonlyMap<string, LedgerModel>,
  after: ReadonlyMap<string, LedgerModel>,
  changed: ReadonlyMap<string, number>,
): RangeFigures {
  const models = [...new Set([...before.keys(), ...after.keys()])].map((key): ModelFigures => {
    const [provider = '', model = ''] = JSON.parse(key) as string[];
    const [old, now] = [before.get(key) ?? NOTHING, after.get(key) ?? NOTHING];
    return {
      provider,
      model,
      calls: now.calls,
      changedCalls: changed.get(key) ?? 0,
      beforeUsd: formatPicoUsd(picoUsd(old.costPicoUsd)),
      afterUsd: formatPicoUsd(picoUsd(now.costPicoUsd)),
      unpricedBefore: old.unpriced,
      unpricedAfter: now.unpriced,
    };
  });
  return sumOfModels(models);
}

/** Adds models up, and orders them. */
export function sumOfModels(models: readonly ModelFigures[]): RangeFigures {
  const count = (pick: (figures: ModelFigures) => number) => models.reduce((sum, figures) => sum + pick(figures), 0);
  const dollars = (pick: (figures: ModelFigures) => string) =>
    formatPicoUsd(picoUsd(models.reduce((sum, figures) => sum + parsePicoUsd(pick(figures)), 0n)));
  const weight = ({ afterUsd }: ModelFigures) => parsePicoUsd(afterUsd);
  const ordered = models.toSorted(
    (left, right) =>
      Number(right.changedCalls > 0) - Number(left.changedCalls > 0) ||
      (weight(right) > weight(left) ? 1 : weight(right) < weight(left) ? -1 : 0) ||
      (`${left.provider}/${left.model}` < `${right.provider}/${right.model}` ? -1 : 1),
  );
  return {
    calls: count(({ calls }) => calls),
    changedCalls: count(({ changedCalls }) => changedCalls),
    beforeUsd: dollars(({ beforeUsd }) => beforeUsd),
    afterUsd: dollars(({ afterUsd }) => afterUsd),
    unpricedBefore: count(({ unpricedBefore }) => unpricedBefore),
    unpricedAfter: count(({ unpricedAfter }) => unpricedAfter),
    models: ordered,
  };
}
