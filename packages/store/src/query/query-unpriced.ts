import { USAGE_BUCKETS, type Usage } from '@costel/pricing';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { USAGE_ARRAY_SQL } from '../ledger/buckets.js';
import { querySql } from '../sql-files.js';
import { hoursOf, FINAL_SETTINGS } from './cost-source.js';
import { checkedRange, instantText, parseInstant } from './time-range.js';

/** Calls without a known cost that one price (or one better emitter) would settle. */
export interface UnpricedGroup {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly region: string;
  /** An `UnpricedReason`, `too_many_models`, or `pending` while the price is looked up. */
  readonly reason: string;
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** What these calls used together; what a ceiling price is multiplied with. */
  readonly usage: Usage;
  readonly firstSeen: Date;
  readonly lastSeen: Date;
}

/** Which calls. */
export interface UnpricedQuery {
  readonly tenant?: string;
  readonly from: Date;
  readonly to: Date;
  /** Default 1 000. */
  readonly limit?: number;
}

interface UnpricedRow {
  readonly provider: string;
  readonly model: string;
  readonly service_tier: string;
  readonly region: string;
  readonly reason: string;
  readonly calls: string;
  readonly input_tokens: string;
  readonly output_tokens: string;
  readonly usage: readonly string[];
  readonly first_seen: string;
  readonly last_seen: string;
}

/** Some version of a call of the range that has no cost: the index knows the hours that hold none. */
const MAY_BE_UNPRICED =
  "c.counted_at >= {from:DateTime64(3, 'UTC')} AND c.counted_at < {to:DateTime64(3, 'UTC')} AND c.cost_status IN ('unpriced', 'pending', 'no_usage')";

/** It may read weeks of the ledger, and nobody waits for it who would not wait longer: other queries keep a core. */
const SETTINGS = `${FINAL_SETTINGS}, ${BACKGROUND_SETTINGS}`;

/** What has no price, most calls first. @throws StoreError `parameter_invalid`. */
export async function queryUnpriced(db: Database, query: UnpricedQuery): Promise<UnpricedGroup[]> {
  const { fromMs, toMs } = checkedRange(query.from, query.to);
  const rows = await db.query<UnpricedRow>(
    querySql('unpriced', { usage: USAGE_ARRAY_SQL, settings: SETTINGS, hours: hoursOf(MAY_BE_UNPRICED) }),
    {
      tenant: query.tenant ?? 'default',
      from: instantText(fromMs),
      to: instantText(toMs),
      limit: query.limit ?? 1000,
    },
  );
  return rows.map((row) => ({
    provider: row.provider,
    model: row.model,
    serviceTier: row.service_tier,
    region: row.region,
    reason: row.reason,
    calls: Number(row.calls),
    inputTokens: Number(row.input_tokens),
    outputTokens: Number(row.output_tokens),
    usage: Object.fromEntries(
      USAGE_BUCKETS.map((bucket, index) => [bucket, Number(row.usage[index] ?? 0)] as const).filter(
        ([, count]) => count > 0,
      ),
    ),
    firstSeen: new Date(parseInstant(row.first_seen)),
    lastSeen: new Date(parseInstant(row.last_seen)),
  }));
}
