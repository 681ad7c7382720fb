import type { CatalogueModel, CataloguePrices, CatalogueVariant, Constraint } from '../catalogue/catalogue.js';
import { findModel } from '../catalogue/find-model.js';
import { catalogueOf, type CatalogueFile } from './catalogue-file.js';
import { isModalityKey, isTokenKey } from './price-keys.js';

/** Lists that a provider's list falls back on, as `providers.ts` has them. */
const RELATED: Readonly<Record<string, string>> = { 'google-vertex': 'google' };

/** After every day that prices are dated by. */
const LAST_DAY = '9999-12-31';

/** The standard prices that hold on a day, whatever the hour. */
function pricesOn(model: CatalogueModel, day: string): CataloguePrices {
  const holds = (constraint: Constraint): boolean =>
    constraint === null || (typeof constraint === 'string' && constraint <= day);
  return model[2].findLast(([constraint]) => holds(constraint))?.[1] ?? model[2][0]?.[1] ?? {};
}

function isFree(prices: CataloguePrices): boolean {
  const values = Object.values(prices);
  return values.length > 0 && values.every((price) => price === 0);
}

const stepsOf = (price: CataloguePrices[string] | undefined): string => JSON.stringify(price ?? null);

/** Whether two lists have one price for the same tokens. */
function hasSameTokenPrices(left: CataloguePrices, right: CataloguePrices): boolean {
  return ['input_mtok', 'output_mtok'].every((key) => stepsOf(left[key]) === stepsOf(right[key]));
}

/** The parts of the second source's model that the first source lacks; undefined when it lacks none. */
function missingPart(
  known: CatalogueModel,
  knownPrices: CataloguePrices,
  isFallback: boolean,
  other: CatalogueModel,
): CatalogueModel | undefined {
  const [id, match, [standard], variants = []] = other;
  const otherPrices = standard?.[1] ?? {};
  const hasTokens = Object.keys(knownPrices).some(isTokenKey);
  const ownVariants = isFallback ? [] : (known[3] ?? []);
  const isKnownVariant = ([when]: CatalogueVariant): boolean =>
    ownVariants.some(([other]) => Object.values(other).join() === Object.values(when).join());
  const newVariants = variants.filter((variant) => !isKnownVariant(variant));
  // What is priced by another unit than tokens may be listed beside the first source's tokens; sound and images only
  // where both sources have one price for text, so that it is the same model, and none that ends while theirs has no date.
  const isSame = [knownPrices, pricesOn(known, LAST_DAY)].every((prices) => hasSameTokenPrices(prices, otherPrices));
  const newUnits = Object.entries(otherPrices).filter(
    ([key]) => knownPrices[key] === undefined && (!isTokenKey(key) || !hasTokens || (isSame && isModalityKey(key))),
  );
  // A tier needs all of its model's prices beside its own; a unit stands for itself.
  if (newVariants.length > 0) return [id, match, [[null, otherPrices]], newVariants];
  return newUnits.length === 0 ? undefined : [id, match, [[null, Object.fromEntries(newUnits)]]];
}

/**
 * What a second source has and the first one lacks: whole models, service tiers of a model, units of a model (searches,
 * seconds). A model that the second one calls free is only taken where the first one lists it without any price: a zero
 * of one source is not evidence.
 */
export function fillGaps(first: CatalogueFile, second: CatalogueFile): CatalogueFile {
  const catalogue = catalogueOf(first);
  // What both say of one day is compared: the first source knows of prices that begin later.
  const day = second.provenance.date;
  const providers: Record<string, CatalogueModel[]> = {};
  const add = (id: string, model: CatalogueModel): void => void (providers[id] ??= []).push(model);
  for (const [id, { models }] of Object.entries(second.providers)) {
    const knownId = RELATED[id] ?? id;
    for (const model of models) {
      const found = findModel(catalogue, knownId, model[0]);
      const prices = pricesOn(model, day);
      if (found === undefined) {
        if (!isFree(prices)) add(id, model);
        continue;
      }
      const known = pricesOn(found.model, day);
      if (isFree(prices) && Object.keys(known).length > 0) continue;
      if (id !== knownId && !isFree(prices) && !hasSameTokenPrices(known, prices)) {
        add(id, model);
        continue;
      }
      const part = missingPart(found.model, known, found.isFallback, model);
      if (part !== undefined) add(knownId, part);
    }
  }
  const sorted = Object.entries(providers).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    provenance: second.provenance,
    providers: Object.fromEntries(sorted.map(([id, models]) => [id, { models }])),
  };
}
