import { parsePicoUsd, ratePeriods } from '@costel/pricing';
import { queryCosts, resolveRates, type CostGroup as StoreGroup, type CostMeasures, type Database } from '@costel/store';
import type { CostFigures, CostGroup, CostQuery, CostReader, CostReport } from './cost-reader.js';
import type { StoreParts } from './store-parts.js';

function toFigures(measures: CostMeasures): CostFigures {
  const { costUsd, ...counts } = measures;
  return { ...counts, costPicoUsd: parsePicoUsd(costUsd) };
}

function toGroup({ key, ...measures }: StoreGroup): CostGroup {
  return { key, ...toFigures(measures) };
}

function createCostReader(database: Database, tenant: string): CostReader {
  const common = ({ range, groupBy, filters }: CostQuery) => ({
    tenant,
    from: new Date(range.fromMs),
    to: new Date(range.toMs),
    groupBy,
    filters,
  });
  const readCosts = async (query: CostQuery, limit?: number): Promise<CostReport> => {
    const report = await queryCosts(database, { ...common(query), ...(limit === undefined ? {} : { limit }) });
    return { total: toFigures(report.total), groups: report.groups.map(toGroup) };
  };
  return {
    readCosts: (query) => readCosts(query),
    readTop: ({ limit, ...query }) => readCosts(query, limit),
    readSeries: () => Promise.resolve([]),
    readLatency: () => Promise.resolve([]),
    readUnpriced: () => Promise.resolve([]),
  };
}

/** Joins the service to a migrated database. */
export function createStoreParts(database: Database, tenant: string): StoreParts {
  const reader = createCostReader(database, tenant);
  return {
    reader,
    readSpend: async ({ period, dimensions }) => {
      const range = { fromMs: period.startMs, toMs: period.endMs };
      const { groups } = await reader.readCosts({ range, groupBy: dimensions, filters: {} });
      return groups.map(({ key, costPicoUsd }) => ({ values: key, spentPicoUsd: costPicoUsd }));
    },
    resolveRates: async () => void (await resolveRates(database, ratePeriods)),
    judgeTraces: () => Promise.resolve(),
    buildRollups: () => Promise.resolve(),
    readGauges: () => Promise.resolve([]),
    ping: async () => void (await database.query('SELECT 1 AS one')),
  };
}
