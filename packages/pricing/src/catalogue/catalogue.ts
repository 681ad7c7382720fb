/**
 * The compact form of a price catalogue, as written by `scripts/build-catalogue.mjs` and described in `data/README.md`.
 * Prices are whole pico-dollars a unit.
 */

/** A price of every token, or `[base, [aboveInputTokens, price], …]`, thresholds ascending. */
export type CataloguePrice = number | readonly [number, ...(readonly [number, number])[]];

/** Prices by price key, e.g. `input_mtok`. */
export type CataloguePrices = Readonly<Record<string, CataloguePrice>>;

/** Valid from a UTC day on (`YYYY-MM-DD`), within a daily window in seconds of the UTC day, or always (`null`). */
export type Constraint = string | readonly [number, number] | null;

/** `=` equals, `^` starts with, `$` ends with, `*` contains, `~` regular expression; `['|', …]` any, `['&', …]` all. */
export type MatchClause = string | readonly ['|' | '&', ...MatchClause[]];

/** Prices of a variant: those that differ from the standard ones when every value of `when` is the call's. */
export type CatalogueVariant = readonly [
  when: Readonly<Record<string, string>>,
  prices: CataloguePrices,
  constraint: Constraint,
];

/** A model: of its prices the last one whose constraint holds applies, the first one where none does. */
export type CatalogueModel = readonly [
  id: string,
  match: MatchClause,
  prices: readonly (readonly [Constraint, CataloguePrices])[],
  variants?: readonly CatalogueVariant[],
];

/** A provider: the first of its models that matches a name is it; then those of the fallback providers. */
export interface CatalogueProvider {
  readonly fallback?: readonly string[];
  readonly models: readonly CatalogueModel[];
}

/** One source of prices. A second one (gaps, cross-check) implements the same and follows the first in the list. */
export interface Catalogue {
  /** Name and version of the source, e.g. `genai-prices 0.2.3`. */
  readonly name: string;
  /** The day of the data, `YYYY-MM-DD`. */
  readonly asOf: string;
  /** The provider's models, parsed on first use; undefined when the catalogue does not know it. */
  findProvider(id: string): CatalogueProvider | undefined;
}

/** A catalogue over JSON texts by provider; each text is parsed when its provider is first asked for. */
export function lazyCatalogue(name: string, asOf: string, textById: Readonly<Record<string, string>>): Catalogue {
  const parsed = new Map<string, CatalogueProvider>();
  return {
    name,
    asOf,
    findProvider(id) {
      const known = parsed.get(id);
      if (known !== undefined) return known;
      const text = Object.hasOwn(textById, id) ? textById[id] : undefined;
      if (text === undefined) return undefined;
      const provider = JSON.parse(text) as CatalogueProvider;
      parsed.set(id, provider);
      return provider;
    },
  };
}
