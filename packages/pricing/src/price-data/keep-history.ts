import {
  EXACT_DAY,
  type CatalogueModel,
  type CataloguePrices,
  type CatalogueVariant,
  type Constraint,
} from '../catalogue/catalogue.js';
import type { CatalogueFile, ProviderFile } from './catalogue-file.js';

type DatedPrices = readonly [Constraint, CataloguePrices];

/** JSON whose objects have their names in order: sources reorder them from version to version. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

const same = (left: unknown, right: unknown): boolean => canonical(left) === canonical(right);

const startsOf = (dated: readonly DatedPrices[]): readonly string[] =>
  dated.map(([constraint]) => constraint).filter((constraint) => typeof constraint === 'string');

/**
 * A model's newer prices with its older ones kept: where the newer version replaced an undated price without saying
 * since when, the older one holds until the day of the newer data. A version that says when its prices changed is taken
 * as it is.
 */
function withHistory(old: CatalogueModel, stated: CatalogueModel, since: string): CatalogueModel {
  const next = withVariants(stated, mergeVariants(old[3] ?? [], stated[3] ?? [], since));
  const [before, after] = [old[2], next[2]];
  if (same(before, after)) return next;
  const newStarts = startsOf(after).filter((start) => !startsOf(before).includes(start));
  const [first] = after;
  // Windows of the day have no room for a date beside them: such a model is replaced as a whole.
  const hasWindows = [...before, ...after].some(([constraint]) => Array.isArray(constraint));
  if (newStarts.length > 0 || first === undefined || hasWindows) return next;
  const lasting = after.at(-1);
  if (lasting === undefined) return next;
  // An undated price that holds already since an earlier update is no change: what was before stays.
  if (same(before.at(-1)?.[1], lasting[1])) return withPrices(next, before);
  const kept = before.filter(
    ([constraint]) => constraint === null || (typeof constraint === 'string' && constraint < since),
  );
  return withPrices(next, [...kept, [since, lasting[1]]]);
}

/**
 * The variants of both versions: where the newer one changed a variant's prices without a date, they hold from the day of
 * the newer data and the older ones until then; a variant that it no longer lists stays.
 */
function mergeVariants(
  olds: readonly CatalogueVariant[],
  nexts: readonly CatalogueVariant[],
  since: string,
): readonly CatalogueVariant[] {
  const isOf = (when: CatalogueVariant[0]) => (variant: CatalogueVariant) => same(variant[0], when);
  const merged = nexts.flatMap((next, index): readonly CatalogueVariant[] => {
    const [when, prices, constraint] = next;
    const befores = olds.filter(isOf(when));
    const [before] = befores;
    // Several entries of one variant are the source's own history: taken as they are.
    if (before === undefined || nexts.filter(isOf(when)).length > 1) return [next];
    if (same(before[1], prices)) return befores;
    const isDated = constraint !== null && !befores.some((old) => same(old[2], constraint));
    return nexts.findIndex(isOf(when)) === index
      ? [isDated ? next : [when, prices, `${EXACT_DAY}${since}`], ...befores]
      : [];
  });
  return [...merged, ...olds.filter(([when]) => !nexts.some(isOf(when)))];
}

function withVariants([id, match, dated]: CatalogueModel, variants: readonly CatalogueVariant[]): CatalogueModel {
  return variants.length === 0 ? [id, match, dated] : [id, match, dated, variants];
}

function withPrices([id, match, , variants]: CatalogueModel, dated: readonly DatedPrices[]): CatalogueModel {
  return variants === undefined ? [id, match, dated] : [id, match, dated, variants];
}

/** A list may hold a model more than once, each time with other parts of its prices: they are told apart by their order. */
function withOccurrence(models: readonly CatalogueModel[]): readonly (readonly [name: string, CatalogueModel])[] {
  const counts = new Map<string, number>();
  return models.map((model) => {
    const count = (counts.get(model[0]) ?? 0) + 1;
    counts.set(model[0], count);
    return [`${count} ${model[0]}`, model];
  });
}

function mergeProvider(old: ProviderFile | undefined, next: ProviderFile, since: string): ProviderFile {
  const olds = new Map(withOccurrence(old?.models ?? []));
  const models = withOccurrence(next.models).map(([name, model]) => {
    const before = olds.get(name);
    olds.delete(name);
    return before === undefined ? model : withHistory(before, model, since);
  });
  // A model that the newer version no longer lists was still called: its price stays, behind those that are listed.
  return { ...next, models: [...models, ...olds.values()] };
}

/**
 * A newer version of a source with everything that only the older one knows: prices are never overwritten, models never
 * lost. Prices that changed without a date hold from the day of the newer data on.
 */
export function keepHistory(old: CatalogueFile, next: CatalogueFile): CatalogueFile {
  const since = next.provenance.date;
  const kept = Object.entries(old.providers).filter(([id]) => next.providers[id] === undefined);
  const merged = Object.entries(next.providers).map(
    ([id, provider]) => [id, mergeProvider(old.providers[id], provider, since)] as const,
  );
  return { provenance: next.provenance, providers: Object.fromEntries([...merged, ...kept]) };
}
