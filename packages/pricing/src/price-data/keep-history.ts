import type { CatalogueModel, CataloguePrices, Constraint } from '../catalogue/catalogue.js';
import type { CatalogueFile, ProviderFile } from './catalogue-file.js';

type DatedPrices = readonly [Constraint, CataloguePrices];

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

const startsOf = (dated: readonly DatedPrices[]): readonly string[] =>
  dated.map(([constraint]) => constraint).filter((constraint) => typeof constraint === 'string');

/**
 * A model's newer prices with its older ones kept: where the newer version replaced an undated price without saying
 * since when, the older one holds until the day of the newer data. A version that says when its prices changed is taken
 * as it is.
 */
function withHistory(old: CatalogueModel, next: CatalogueModel, since: string): CatalogueModel {
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

function withPrices([id, match, , variants]: CatalogueModel, dated: readonly DatedPrices[]): CatalogueModel {
  return variants === undefined ? [id, match, dated] : [id, match, dated, variants];
}

function mergeProvider(old: ProviderFile | undefined, next: ProviderFile, since: string): ProviderFile {
  const olds = new Map((old?.models ?? []).map((model) => [model[0], model]));
  const models = next.models.map((model) => {
    const before = olds.get(model[0]);
    olds.delete(model[0]);
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
