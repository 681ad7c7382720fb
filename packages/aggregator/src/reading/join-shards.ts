import { formatPicoUsd, parsePicoUsd, picoUsd, type PicoUsd } from '@costel/pricing';
import type { RangeFigures } from '@costel/store';
import type { MetricFamily, Sample } from '../service/prometheus.js';
import { addFigures, sumFigures } from './cost-figures.js';
import type { CostGroup, CostQuery, CostReader, CostReport, UnpricedModel } from './cost-reader.js';
import type { StoreParts } from './store-parts.js';

/** Values of one filter; as many as a query takes. */
const MAX_FILTER_VALUES = 1000;
/** How many values each shard is first asked for, times those that are wanted. */
const FIRST_CANDIDATES = 2;
const MORE_CANDIDATES = 4;

/** Items of several shards by their key, those of one key joined; in the order in which keys first appear. */
function joinBy<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => readonly (string | number)[],
  join: (left: Item, right: Item) => Item,
): Item[] {
  const joined = new Map<string, Item>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const known = joined.get(key);
    joined.set(key, known === undefined ? item : join(known, item));
  }
  return [...joined.values()];
}

const valuesOf = (key: CostGroup['key']): readonly string[] =>
  Object.keys(key)
    .toSorted()
    .flatMap((name) => [name, key[name] ?? '']);

function dearestFirst(left: CostGroup, right: CostGroup): number {
  if (left.costPicoUsd !== right.costPicoUsd) return left.costPicoUsd < right.costPicoUsd ? 1 : -1;
  return valuesOf(left.key).join('\0') < valuesOf(right.key).join('\0') ? -1 : 1;
}

/** The reports of all shards as one: a call lies on one of them, so sums add up. */
export function joinReports(reports: readonly CostReport[]): CostReport {
  const groups = joinBy<CostGroup>(
    reports.flatMap((report) => report.groups),
    ({ key }) => valuesOf(key),
    (left, right) => ({ ...addFigures(left, right), key: left.key }),
  );
  return {
    total: sumFigures(reports.map(({ total }) => total)),
    groups: groups.toSorted(dearestFirst),
  };
}

/** All shards at once. */
async function ofAll<Part, Result>(parts: readonly Part[], read: (part: Part) => Promise<Result>): Promise<Result[]> {
  return Promise.all(parts.map(read));
}

/**
 * The dearest values of one dimension over all shards, exact: each shard names its dearest, all are asked about every one
 * of those, and a value that none has named costs at most the sum of the least that each has named. Where that is more than
 * the last one wanted, each is asked for more.
 */
async function readTop(
  readers: readonly CostReader[],
  query: CostQuery & { readonly limit: number },
): Promise<CostReport> {
  const [dimension = ''] = query.groupBy;
  for (let asked = query.limit * FIRST_CANDIDATES; ; asked *= MORE_CANDIDATES) {
    const lists = await ofAll(readers, (reader) => reader.readTop({ ...query, limit: asked }));
    const total = sumFigures(lists.map((list) => list.total));
    const values = [...new Set(lists.flatMap(({ groups }) => groups.map(({ key }) => key[dimension] ?? '')))];
    const groups: CostGroup[] = [];
    for (let at = 0; at < values.length; at += MAX_FILTER_VALUES) {
      const filters = { ...query.filters, [dimension]: values.slice(at, at + MAX_FILTER_VALUES) };
      const reports = await ofAll(readers, (reader) => reader.readCosts({ ...query, filters }));
      groups.push(...joinReports(reports).groups);
    }
    const top = groups.toSorted(dearestFirst).slice(0, query.limit);
    const full = lists.filter((list) => list.groups.length >= asked);
    const othersAtMost = full.reduce((sum, list) => sum + (list.groups.at(-1)?.costPicoUsd ?? 0n), 0n);
    const least = top.at(query.limit - 1)?.costPicoUsd ?? -1n;
    if (full.length === 0 || least >= othersAtMost) return { total, groups: top };
  }
}

function joinUnpriced(left: UnpricedModel, right: UnpricedModel): UnpricedModel {
  const ceilings = [left.ceilingPicoUsd, right.ceilingPicoUsd].filter((ceiling) => ceiling !== undefined);
  const ceiling: PicoUsd | undefined =
    ceilings.length === 2 ? picoUsd(ceilings.reduce((sum, one) => sum + one, 0n)) : undefined;
  return {
    ...left,
    calls: left.calls + right.calls,
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    ceilingPicoUsd: ceiling,
    firstSeenMs: Math.min(left.firstSeenMs, right.firstSeenMs),
    lastSeenMs: Math.max(left.lastSeenMs, right.lastSeenMs),
  };
}

/** A reader of all shards; percentiles come from `readLatency`, for they do not add up. */
function joinReaders(readers: readonly CostReader[], readLatency: CostReader['readLatency']): CostReader {
  return {
    readCosts: async (query) => joinReports(await ofAll(readers, (reader) => reader.readCosts(query))),
    readTop: (query) => readTop(readers, query),
    readSeries: async (query) => {
      const points = (await ofAll(readers, (reader) => reader.readSeries(query))).flat();
      const joined = joinBy(
        points,
        ({ key, startMs }) => [startMs, ...valuesOf(key)],
        (left, right) => ({ ...addFigures(left, right), key: left.key, startMs: left.startMs }),
      );
      return joined.toSorted((left, right) => left.startMs - right.startMs || dearestFirst(left, right));
    },
    readLatency,
    readUnpriced: async (range) => {
      const models = (await ofAll(readers, (reader) => reader.readUnpriced(range))).flat();
      const identity = ({ provider, model, serviceTier, region, reason }: UnpricedModel) => [
        provider,
        model,
        serviceTier,
        region,
        reason,
      ];
      return joinBy(models, identity, joinUnpriced).toSorted((left, right) => right.calls - left.calls);
    },
  };
}

type Sums = Omit<RangeFigures, 'models'>;

function addSums(left: Sums, right: Sums): Sums {
  const usd = (one: string, other: string) => formatPicoUsd(picoUsd(parsePicoUsd(one) + parsePicoUsd(other)));
  return {
    calls: left.calls + right.calls,
    changedCalls: left.changedCalls + right.changedCalls,
    beforeUsd: usd(left.beforeUsd, right.beforeUsd),
    afterUsd: usd(left.afterUsd, right.afterUsd),
    unpricedBefore: left.unpricedBefore + right.unpricedBefore,
    unpricedAfter: left.unpricedAfter + right.unpricedAfter,
  };
}

function joinFigures<Figures extends RangeFigures>(first: Figures, others: readonly Figures[]): Figures {
  const all = [first, ...others];
  return {
    ...first,
    ...all.reduce<Sums>((sum, figures, index) => (index === 0 ? figures : addSums(sum, figures)), first),
    models: joinBy(
      all.flatMap((figures) => figures.models),
      ({ provider, model }) => [provider, model],
      (left, right) => ({ ...left, ...addSums(left, right) }),
    ).toSorted((left, right) => right.changedCalls - left.changedCalls || (left.model < right.model ? -1 : 1)),
  };
}

/** Metrics of all shards: what is counted on each adds up. */
function joinFamilies(families: readonly MetricFamily[]): MetricFamily[] {
  return joinBy(
    families,
    ({ name }) => [name],
    (left, right) => ({
      ...left,
      samples: joinBy<Sample>(
        [...left.samples, ...right.samples],
        ({ labels }) => Object.entries(labels ?? {}).flat(),
        (one, other) => ({ ...one, value: one.value + other.value }),
      ),
    }),
  );
}

/**
 * The shards of a cluster as one store: reads add up what each has, work is done on each. `first` is where prices and
 * alerts are written; its figures of a re-pricing carry the number in the audit.
 */
export function joinShards(
  first: StoreParts,
  others: readonly StoreParts[],
  readLatency: CostReader['readLatency'],
): StoreParts {
  const shards = [first, ...others];
  const onEach = (work: (shard: StoreParts) => Promise<void>) => async () => void (await ofAll(shards, work));
  return {
    reader: joinReaders(
      shards.map(({ reader }) => reader),
      readLatency,
    ),
    readSpend: async (query) => (await ofAll(shards, (shard) => shard.readSpend(query))).flat(),
    findCounted: async (spans) => {
      const found = await ofAll(shards, (shard) => shard.findCounted(spans));
      return spans.map((_span, index) => found.some((ofShard) => ofShard[index] === true));
    },
    readLedgerVersion: async () => (await ofAll(shards, (shard) => shard.readLedgerVersion())).join(' '),
    // One after the other: all write the one table of prices.
    resolveRates: async () => {
      for (const shard of shards) await shard.resolveRates();
    },
    judgeTraces: onEach((shard) => shard.judgeTraces()),
    buildRollups: onEach((shard) => shard.buildRollups()),
    measureDrift: onEach((shard) => shard.measureDrift()),
    dropOldBuilds: onEach((shard) => shard.dropOldBuilds()),
    applyRetention: onEach((shard) => shard.applyRetention()),
    repair: async (range) => {
      const repaired = await ofAll(shards, (shard) => shard.repair(range));
      return repaired.reduce((sum, one) => ({ calls: sum.calls + one.calls, edges: sum.edges + one.edges }));
    },
    previewReprice: async (range) => {
      const [own, ...rest] = await Promise.all([
        first.previewReprice(range),
        ...others.map((shard) => shard.previewReprice(range)),
      ]);
      return joinFigures(own, rest);
    },
    reprice: async (range) => {
      const [own, ...rest] = await Promise.all([first.reprice(range), ...others.map((shard) => shard.reprice(range))]);
      return joinFigures(own, rest);
    },
    healUnpriced: onEach((shard) => shard.healUnpriced()),
    listReprices: async () => {
      const listed = (await ofAll(shards, (shard) => shard.listReprices())).flat();
      return listed.toSorted((left, right) => right.writtenAt.getTime() - left.writtenAt.getTime());
    },
    measureQuality: onEach((shard) => shard.measureQuality()),
    readGauges: () => joinFamilies(shards.flatMap((shard) => shard.readGauges())),
    ping: onEach((shard) => shard.ping()),
  };
}
