import type { RateKey } from '@costel/pricing';
import type { Database } from '../database.js';
import { BACKGROUND_SETTINGS } from '../ledger/background-settings.js';
import { COPIED_COLUMNS, REVISED_COLUMNS_SQL, reviseSelect } from '../ledger/revise-select.js';
import { withLedgerLock } from '../ledger/ledger-lock.js';
import { HEALED_VERSION_SQL } from '../ledger/revisions.js';
import { currentDatabase } from '../migrate/migrate.js';
import { hoursOf, FINAL_SETTINGS } from '../query/cost-source.js';
import { querySql } from '../sql-files.js';
import type { ResolvedRates } from './rate-rows.js';
import { writeRates } from './write-rates.js';

/** Rate keys that are kept: above them a call is `unpriced` with reason `too_many_models`. */
export const MAX_RATE_KEYS = 10_000;

/** What finds prices: `ratePeriods` of `@costel/pricing`, with the user's overrides in front of it. */
export type RateResolver = (key: RateKey) => ResolvedRates;

/** What one {@link resolveRates} did. */
export interface ResolveRatesResult {
  /** Keys resolved for the first time, priced or not. */
  readonly resolvedKeys: number;
  /** Whether rows that waited were priced again. */
  readonly healed: boolean;
}

/** Days of the ledger with newer blocks, and up to which block each was seen to hold no call that waits (0: never). */
interface UnseenBlocks {
  readonly partitions: readonly string[];
  readonly blocks: readonly bigint[];
}

/**
 * Whether rows wait for a price that came after what was seen; superseded ones are among them. The name of a part says its
 * newest block, which keeps parts without new rows closed: a tick costs what came since the last one.
 */
async function hasUnseenPending(db: Database, unseen: UnseenBlocks): Promise<boolean> {
  const rows = await db.query(querySql('unseen_pending', { settings: BACKGROUND_SETTINGS }), { ...unseen });
  return rows.length > 0;
}

/** Keys of calls that wait for a price and were never resolved, at most `limit`; of some partitions of the ledger, or of all. */
export async function pendingRateKeys(
  db: Database,
  limit: number = MAX_RATE_KEYS,
  partitions?: readonly string[],
): Promise<RateKey[]> {
  const within = partitions === undefined ? '' : ' AND _partition_id IN {partitions:Array(String)}';
  const rows = await db.query<{ provider: string; rate_model: string; service_tier: string; region: string }>(
    querySql('pending_rate_keys', { within, settings: BACKGROUND_SETTINGS }),
    partitions === undefined ? { limit } : { limit, partitions },
  );
  return rows.map((row) => ({
    provider: row.provider,
    model: row.rate_model,
    serviceTier: row.service_tier,
    region: row.region,
  }));
}

/** Of each database, the block up to which each partition of the ledger was seen to hold no call that waits. */
const settled = new WeakMap<Database, { readonly sinceMs: number; readonly blocks: Map<string, bigint> }>();

/**
 * Everything is looked at again this often: a replicated table gives its numbers before the commit, so an older one can
 * appear behind a newer one.
 */
const LOOK_AGAIN_AFTER_MS = 300_000;

/** What was seen of a database, or nothing where that is too long ago. */
function settledOf(db: Database): Map<string, bigint> {
  const known = settled.get(db);
  if (known !== undefined && performance.now() - known.sinceMs < LOOK_AGAIN_AFTER_MS) return known.blocks;
  const fresh = { sinceMs: performance.now(), blocks: new Map<string, bigint>() };
  settled.set(db, fresh);
  return fresh.blocks;
}

/** The newest persisted block of each partition of the ledger. */
async function ledgerBlocks(db: Database): Promise<ReadonlyMap<string, bigint>> {
  const rows = await db.query<{ id: string; block: string }>(
    `SELECT partition_id AS id, toUInt64(max(max_block_number)) AS block FROM system.parts
WHERE database = currentDatabase() AND table = 'llm_calls' AND active GROUP BY id`,
  );
  return new Map(rows.map(({ id, block }) => [id, BigInt(block)]));
}

/**
 * One tick of pricing: resolves the keys that are new, stores their prices, and prices again what waited for them. Also
 * heals rows whose insert was under way while their key was stored. Looks only at rows that it has not seen; where one of them
 * waits, at the days that hold such rows.
 */
export async function resolveRates(db: Database, resolver: RateResolver): Promise<ResolveRatesResult> {
  const seen = settledOf(db);
  const blocks = await ledgerBlocks(db);
  const changed = [...blocks].filter(([partition, block]) => seen.get(partition) !== block);
  if (changed.length === 0) return { resolvedKeys: 0, healed: false };
  const settle = () => {
    for (const [partition, block] of changed) seen.set(partition, block);
  };
  const partitions = changed.map(([partition]) => partition);
  // A partition that was dropped and filled again has lower numbers than were seen: all of it is new.
  const unseen = changed.map(([partition, block]) => {
    const before = seen.get(partition) ?? 0n;
    return before > block ? 0n : before;
  });
  if (!(await hasUnseenPending(db, { partitions, blocks: unseen }))) {
    settle();
    return { resolvedKeys: 0, healed: false };
  }
  const keys = await pendingRateKeys(db, MAX_RATE_KEYS, partitions);
  if (keys.length > 0) {
    const [known] = await db.query<{ keys: string }>(
      'SELECT uniqExact(provider, model, service_tier, region) AS keys FROM llm_rates',
    );
    const room = Math.max(0, MAX_RATE_KEYS - Number(known?.keys ?? 0));
    await writeRates(
      db,
      keys.slice(0, room).map((key) => ({ key, rates: resolver(key) })),
    );
  }
  const healed = keys.length > 0 || (await hasPendingCalls(db, partitions));
  if (healed) await healCalls(db);
  else settle();
  return { resolvedKeys: keys.length, healed };
}

/** Calls that wait for a price. */
const PENDING = `c.cost_status = 'pending' AND ${hoursOf("c.cost_status = 'pending'")}`;

async function hasPendingCalls(db: Database, partitions: readonly string[]): Promise<boolean> {
  const hours = hoursOf("c.cost_status = 'pending'", 'llm_calls', 'partitions');
  const rows = await db.query(
    `SELECT 1 AS pending FROM llm_calls AS c FINAL WHERE c.cost_status = 'pending' AND ${hours} LIMIT 1 ${FINAL_SETTINGS}, ${BACKGROUND_SETTINGS}`,
    { partitions },
  );
  return rows.length > 0;
}

/**
 * Prices the rows again that wait for a price, under the next revision; started, counted and received stay as they are.
 * Rows whose key is still unknown stay as they are, too, unless no more keys are taken: then they are `unpriced` with
 * reason `too_many_models`.
 */
export async function healCalls(db: Database): Promise<void> {
  const database = await currentDatabase(db);
  const columns = COPIED_COLUMNS.map((column) => `\`${column}\``).join(', ');
  const rows = `SELECT ${columns} FROM llm_calls AS c FINAL WHERE ${PENDING}`;
  const full = `(SELECT uniqExact(provider, model, service_tier, region) FROM llm_rates) >= ${MAX_RATE_KEYS}`;
  await withLedgerLock(db, async () =>
    // The rows are chosen in a query of their own: beside REPLACE, a condition would see the replaced status.
    db.command(`INSERT INTO llm_calls (${REVISED_COLUMNS_SQL})
SELECT * REPLACE (
    if(r_cost_status = 'pending', 'unpriced', r_cost_status) AS r_cost_status,
    if(r_cost_status = 'pending', 'too_many_models', r_cost_reason) AS r_cost_reason
)
FROM (
SELECT * FROM (
${reviseSelect(database, rows, { version: HEALED_VERSION_SQL })}
)
WHERE r_cost_status != 'pending' OR ${full}
)
${FINAL_SETTINGS}, optimize_and_compare_chain = 0, query_plan_merge_expressions = 0`),
  );
}
