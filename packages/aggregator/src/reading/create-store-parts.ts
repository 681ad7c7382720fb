import { parsePicoUsd, picoUsd, type PicoUsd, type PriceBook } from '@costel/pricing';
import {
  buildRollups,
  checkedDimension,
  judgeTraces,
  queryAnswerVersion,
  queryCosts,
  queryCountedSpans,
  queryCostSeries,
  queryLatency,
  querySpendWindows,
  queryTop,
  queryUnpriced,
  queryUnpricedUsage,
  type Database,
  type UnpricedGroup,
  type TimeRange,
} from '@costel/store';
import type { CostQuery, CostReader } from './cost-reader.js';
import type { RetentionConfig } from '../config/config.js';
import type { Log } from '../logger.js';
import type { PriceSource } from '../prices/price-source.js';
import { qualityMetrics } from '../service/quality-metrics.js';
import { toFigures, toGroup } from './cost-figures.js';
import { joinShards } from './join-shards.js';
import { createPricingWork } from './pricing-work.js';
import { createUpkeep } from './upkeep.js';
import type { StoreParts } from './store-parts.js';

const storeQueryOf =
  (tenant: string) =>
  ({ range, groupBy, filters }: CostQuery) => ({
    tenant,
    from: new Date(range.fromMs),
    to: new Date(range.toMs),
    groupBy,
    filters,
  });

function createCostReader(database: Database, tenant: string, prices: PriceSource): CostReader {
  const toStoreQuery = storeQueryOf(tenant);
  return {
    readCosts: async (query) => {
      const { total, groups } = await queryCosts(database, toStoreQuery(query));
      return { total: toFigures(total), groups: groups.map(toGroup) };
    },
    readTop: async ({ limit, ...query }) => {
      const dimension = checkedDimension(query.groupBy[0] ?? '');
      const { groupBy: _dimension, ...rest } = toStoreQuery(query);
      const { total, top } = await queryTop(database, dimension, { ...rest, limit });
      return { total: toFigures(total), groups: top.map(toGroup) };
    },
    readSeries: async ({ step, ...query }) => {
      const points = await queryCostSeries(database, { ...toStoreQuery(query), grain: step });
      return points.map(({ start, ...group }) => ({ ...toGroup(group), startMs: start.getTime() }));
    },
    readLatency: (query) => queryLatency(database, toStoreQuery(query)),
    readUnpriced: async (range) => {
      const unpricedOf = async ({ fromMs, toMs }: TimeRange) =>
        queryUnpriced(database, { tenant, from: new Date(fromMs), to: new Date(toMs) });
      const book = prices.current();
      const groups = await unpricedOf(range);
      const ceilings = await ceilingsOf(book, range, groups, unpricedOf);
      return groups.map(({ firstSeen, lastSeen, usage: _usage, ...group }) => ({
        ...group,
        ceilingPicoUsd: ceilings.get(unpricedKey(group)),
        firstSeenMs: firstSeen.getTime(),
        lastSeenMs: lastSeen.getTime(),
      }));
    },
  };
}

type UnpricedKey = Pick<UnpricedGroup, 'provider' | 'model' | 'serviceTier' | 'region' | 'reason'>;

const unpricedKey = ({ provider, model, serviceTier, region, reason }: UnpricedKey): string =>
  JSON.stringify([provider, model, serviceTier, region, reason]);

/** What groups of calls without a price cost at most, each call by the ceiling of its time; those without one are absent. */
async function ceilingsOf(
  book: PriceBook,
  range: TimeRange,
  all: readonly UnpricedGroup[],
  read: (time: TimeRange) => Promise<readonly UnpricedGroup[]>,
): Promise<ReadonlyMap<string, PicoUsd>> {
  const times = book.ceilingTimes(range.fromMs, range.toMs);
  const sums = new Map<string, PicoUsd>();
  const without = new Set<string>();
  for (const time of times) {
    for (const group of times.length === 1 ? all : await read(time)) {
      const key = unpricedKey(group);
      const ceiling = book.ceilingPicoUsd(group.usage, time.fromMs);
      if (ceiling === undefined) without.add(key);
      else sums.set(key, picoUsd((sums.get(key) ?? 0n) + ceiling));
    }
  }
  for (const key of without) sums.delete(key);
  return sums;
}

/** What the service is joined to. */
export interface StorePartsOptions {
  readonly database: Database;
  readonly tenant: string;
  readonly retention: RetentionConfig;
  /** What calls are priced by. */
  readonly prices: PriceSource;
  readonly clock: () => number;
  readonly log: Log;
}

/** The same for a cluster. */
export interface ShardedStorePartsOptions extends StorePartsOptions {
  /** The shards beside `database`, which has prices and alerts; one connection for each. */
  readonly shards?: readonly Database[] | undefined;
}

/** Joins the service to a migrated database, or to all shards of a cluster. */
export function createStoreParts({ shards = [], ...options }: ShardedStorePartsOptions): StoreParts {
  const first = createPartsOf(options);
  if (shards.length === 0) return first;
  const databases = [options.database, ...shards];
  const toStoreQuery = storeQueryOf(options.tenant);
  return joinShards(
    first,
    shards.map((database) => createPartsOf({ ...options, database })),
    (query) => queryLatency(databases, toStoreQuery(query)),
  );
}

function createPartsOf(options: StorePartsOptions): StoreParts {
  const { database, tenant, retention, clock } = options;
  const pricing = createPricingWork({ ...options, ledgerDays: retention.ledgerDays });
  const upkeep = createUpkeep(database, retention, clock);
  return {
    reader: createCostReader(database, tenant, options.prices),
    readSpend: async ({ period, dimensions }) => {
      const window = { from: new Date(period.startMs), to: new Date(period.endMs) };
      const [spend] = await querySpendWindows(database, dimensions, [window], { tenant });
      const spent = (spend?.groups ?? []).map(({ key, costUsd }) => ({
        values: key,
        spentPicoUsd: picoUsd(parsePicoUsd(costUsd)),
      }));
      const book = options.prices.current();
      // Without a ceiling, or where every call has its price, nothing more is read.
      if (book.rules.ceiling === undefined || (spend?.total.unpricedCalls ?? 0) === 0) return spent;
      const times = book.ceilingTimes(period.startMs, period.endMs);
      const assumed = times.map(async ({ fromMs, toMs }) => {
        const time = { from: new Date(fromMs), to: new Date(toMs) };
        const unpriced = await queryUnpricedUsage(database, { ...time, tenant, groupBy: dimensions });
        return unpriced.map(({ key, usage }) => ({
          values: key,
          spentPicoUsd: picoUsd(0n),
          assumedPicoUsd: book.assumedPicoUsd(usage, fromMs) ?? picoUsd(0n),
        }));
      });
      return [...spent, ...(await Promise.all(assumed)).flat()];
    },
    findCounted: (spans) => queryCountedSpans(database, spans, { tenant }),
    readLedgerVersion: async () => queryAnswerVersion(database),
    judgeTraces: async () => void (await judgeTraces(database, { nowMs: clock() })),
    buildRollups: async () => void (await buildRollups(database, { nowMs: clock(), ledgerDays: retention.ledgerDays })),
    ...upkeep,
    ...pricing,
    readGauges: () => [...upkeep.readGauges(), ...qualityMetrics(pricing.quality())],
    ping: async () => void (await database.query('SELECT 1 AS one')),
  };
}
