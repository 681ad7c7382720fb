import { buildPeriods, type ListedPeriod } from '../build-periods.js';
import {
  EXACT_DAY,
  type CatalogueModel,
  type CataloguePrice,
  type CataloguePrices,
  type Constraint,
} from '../catalogue/catalogue.js';
import { findModel } from '../catalogue/find-model.js';
import { catalogueOf, type CatalogueFile } from './catalogue-file.js';

/** One price on which two sources differ, or which one of them changed; whole pico-dollars a unit, `null`: not listed. */
export interface PriceDifference {
  readonly provider: string;
  readonly model: string;
  /** `''` is the standard tier. */
  readonly serviceTier: string;
  readonly priceKey: string;
  readonly before: CataloguePrice | null;
  readonly after: CataloguePrice | null;
}

/** After every day that prices are dated by. */
const LAST_DAY = '9999-12-31';

/** Whether a price has begun by a day. */
const beginsBy = (constraint: Constraint, day: string): boolean =>
  typeof constraint !== 'string' || constraint.replace(EXACT_DAY, '') <= day;

function latestPrices(model: CatalogueModel, day: string): CataloguePrices {
  const latest = model[2].findLast(([constraint]) => !Array.isArray(constraint) && beginsBy(constraint, day));
  return latest?.[1] ?? model[2][0]?.[1] ?? {};
}

/** The prices of a model that hold last, or on a day, by service tier. */
function tiersOf(model: CatalogueModel, day: string): ReadonlyMap<string, CataloguePrices> {
  const tiers = new Map([['', latestPrices(model, day)]]);
  for (const [when, prices, constraint] of model[3] ?? []) {
    if (!beginsBy(constraint, day)) continue;
    const tier = Object.values(when).join(' ');
    // As calls are priced: of several entries of a tier the first one that states a price holds.
    tiers.set(tier, { ...prices, ...tiers.get(tier) });
  }
  return tiers;
}

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left ?? null) === JSON.stringify(right ?? null);

function differencesOf(
  provider: string,
  before: CatalogueModel,
  after: CatalogueModel,
  day: string = LAST_DAY,
): PriceDifference[] {
  const olds = tiersOf(before, day);
  const news = tiersOf(after, day);
  return [...new Set([...olds.keys(), ...news.keys()])].flatMap((serviceTier) => {
    const left = olds.get(serviceTier) ?? {};
    const right = news.get(serviceTier) ?? {};
    return [...new Set([...Object.keys(left), ...Object.keys(right)])]
      .filter((priceKey) => !same(left[priceKey], right[priceKey]))
      .map((priceKey) => ({
        provider,
        model: before[0],
        serviceTier,
        priceKey,
        before: left[priceKey] ?? null,
        after: right[priceKey] ?? null,
      }));
  });
}

/** What changed from one version of a source to another. */
export interface CatalogueDiff {
  readonly changed: readonly PriceDifference[];
  readonly added: readonly { readonly provider: string; readonly model: string }[];
  readonly removed: readonly { readonly provider: string; readonly model: string }[];
  /** Models whose calls before the day of the newer version would have other prices than the older one gave them. */
  readonly rewritten: readonly { readonly provider: string; readonly model: string }[];
}

/** Models by provider and id, in order; an id that repeats keeps its first entry. */
function modelsOf(file: CatalogueFile): ReadonlyMap<string, readonly [provider: string, model: CatalogueModel]> {
  const models = new Map<string, readonly [string, CatalogueModel]>();
  for (const [provider, { models: list }] of Object.entries(file.providers)) {
    for (const model of list)
      if (!models.has(`${provider}\n${model[0]}`)) models.set(`${provider}\n${model[0]}`, [provider, model]);
  }
  return models;
}

/** The prices of one tier at an instant, by bucket, context and window of the day. */
function statedAt(periods: readonly ListedPeriod[], atMs: number): ReadonlyMap<string, bigint> {
  const period = periods.find(({ validFromMs, validToMs }) => validFromMs <= atMs && atMs < validToMs);
  return new Map(
    (period?.tiers ?? []).flatMap(({ aboveInputTokens, fromSecondOfDay, toSecondOfDay, stated }) =>
      [...stated].map(([bucket, price]) => [
        `${bucket} ${aboveInputTokens} ${fromSecondOfDay} ${toSecondOfDay}`,
        price,
      ]),
    ),
  );
}

/** Whether calls before an instant that had a price would have another one, or none. What had none may get one. */
function changesPast(before: CatalogueModel, after: CatalogueModel, untilMs: number): boolean {
  const tiers = new Set(['', ...(before[3] ?? []).flatMap(([when]) => Object.values(when))]);
  return [...tiers].some((serviceTier) => {
    const [olds, news] = [before, after].map((model) =>
      buildPeriods({ model, serviceTier, hasVariants: true, asOf: '', catalogue: '' }),
    ) as [ListedPeriod[], ListedPeriod[]];
    const instants = [...olds, ...news].map(({ validFromMs }) => validFromMs).filter((atMs) => atMs < untilMs);
    return instants.some((atMs) => {
      const now = statedAt(news, atMs);
      return [...statedAt(olds, atMs)].some(([key, price]) => now.get(key) !== price);
    });
  });
}

/** Which prices that hold last differ between two versions of a source, and which models came and went. */
export function diffCatalogues(before: CatalogueFile, after: CatalogueFile): CatalogueDiff {
  const olds = modelsOf(before);
  const news = modelsOf(after);
  const naming = ([provider, model]: readonly [string, CatalogueModel]): { provider: string; model: string } => ({
    provider,
    model: model[0],
  });
  const sinceMs = Date.parse(after.provenance.date);
  const twins = [...olds].flatMap(([key, [provider, model]]) => {
    const twin = news.get(key)?.[1];
    return twin === undefined || same(model, twin) ? [] : [{ provider, model, twin }];
  });
  return {
    changed: twins.flatMap(({ provider, model, twin }) => differencesOf(provider, model, twin)),
    rewritten: twins
      .filter(({ model, twin }) => changesPast(model, twin, sinceMs))
      .map(({ provider, model }) => naming([provider, model])),
    added: [...news].filter(([key]) => !olds.has(key)).map(([, model]) => naming(model)),
    removed: [...olds].filter(([key]) => !news.has(key)).map(([, model]) => naming(model)),
  };
}

/** Relative difference below which two sources agree. */
const AGREEMENT = 0.001;

const basePrice = (price: CataloguePrice): number => (typeof price === 'number' ? price : price[0]);

/** A price on which two sources differ by more than 0.1 %, in pico-dollars a unit. */
export interface Disagreement {
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly priceKey: string;
  readonly first: number;
  readonly second: number;
}

/**
 * Where a second source has another price than the first one for the same model, tier and key on the second one's day: an
 * introductory price that ends later is none that they differ on. A price that one of them
 * lacks is no disagreement, and neither is a zero of the second one. First the ones that differ most.
 */
export function findDisagreements(first: CatalogueFile, second: CatalogueFile): Disagreement[] {
  const catalogue = catalogueOf(first);
  const found = Object.entries(second.providers).flatMap(([provider, { models }]) =>
    models.flatMap((model): Disagreement[] => {
      const known = findModel(catalogue, provider, model[0]);
      if (known === undefined || known.isFallback) return [];
      return differencesOf(provider, known.model, model, second.provenance.date).flatMap(
        ({ serviceTier, priceKey, before, after }) => {
          if (before === null || after === null) return [];
          const [left, right] = [basePrice(before), basePrice(after)];
          const isNear = Math.abs(left - right) <= AGREEMENT * Math.max(left, right);
          return right === 0 || isNear
            ? []
            : [{ provider, model: model[0], serviceTier, priceKey, first: left, second: right }];
        },
      );
    }),
  );
  const ratio = ({ first: left, second: right }: Disagreement): number =>
    left === 0 ? Number.POSITIVE_INFINITY : Math.max(left / right, right / left);
  return found.sort((a, b) => ratio(b) - ratio(a));
}
