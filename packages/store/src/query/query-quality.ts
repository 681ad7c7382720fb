import type { Database } from '../database.js';
import { querySql } from '../sql-files.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { FINAL_SETTINGS, hoursOf } from './cost-source.js';
import { checkedRange, instantText } from './time-range.js';

/** How far the figures of a range can be trusted. */
export interface UsageFigures {
  readonly calls: number;
  /** Calls whose counts were no whole numbers in range, or named an unknown bucket: their usage is void, their cost unknown. */
  readonly inconsistentCounts: number;
  /** Calls whose parts exceeded their total and were cut to it. */
  readonly inconsistentParts: number;
  /** Calls for which the application computed a cost too (`costel.cost.usd`), and of them those where it is another. */
  readonly appComparedCalls: number;
  readonly appDifferingCalls: number;
  /** What these differ by, each without its sign, added up; decimal dollars. */
  readonly appDifferenceUsd: string;
}

/** Which calls. */
export interface QualityQuery {
  readonly tenant?: string;
  readonly from: Date;
  readonly to: Date;
}

/** The condition on time of `quality.sql`. */
const IN_RANGE = "c.counted_at >= {from:DateTime64(3, 'UTC')} AND c.counted_at < {to:DateTime64(3, 'UTC')}";
/** Costs that the application computed as we do; what a provider or a person stated is no computation. */
const COMPARED =
  "(c.app_cost_usd IS NOT NULL AND c.cost_usd IS NOT NULL AND c.price_source NOT IN ('provider', 'recorded') AND c.verdict = 'counted')";

interface QualityRow {
  readonly calls: string;
  readonly inconsistent_counts: string;
  readonly inconsistent_parts: string;
  readonly app_compared_calls: string;
  readonly app_differing_calls: string;
  readonly app_difference_usd: string | null;
}

/** Counts what is inconsistent, and compares the applications' own costs with ours. @throws StoreError `parameter_invalid`. */
export async function queryQuality(db: Database, query: QualityQuery): Promise<UsageFigures> {
  const { fromMs, toMs } = checkedRange(query.from, query.to);
  const sql = querySql('quality', {
    settings: `${FINAL_SETTINGS}, ${BACKGROUND_SETTINGS}`,
    hours: hoursOf(IN_RANGE),
    compared: COMPARED,
  });
  const [row] = await db.query<QualityRow>(sql, {
    tenant: query.tenant ?? 'default',
    from: instantText(fromMs),
    to: instantText(toMs),
  });
  return {
    calls: Number(row?.calls ?? 0),
    inconsistentCounts: Number(row?.inconsistent_counts ?? 0),
    inconsistentParts: Number(row?.inconsistent_parts ?? 0),
    appComparedCalls: Number(row?.app_compared_calls ?? 0),
    appDifferingCalls: Number(row?.app_differing_calls ?? 0),
    appDifferenceUsd: row?.app_difference_usd ?? '0',
  };
}
