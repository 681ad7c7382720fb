/**
 * The compact form of a price catalogue, as written by `scripts/build-catalogue.mjs` and described in `data/README.md`.
 * Prices are whole pico-dollars a unit.
 */

/** A price of every token, or `[base, [aboveInputTokens, price], …]`, thresholds ascending. */
export type CataloguePrice = number | readonly [number, ...(readonly [number, number])[]];

/** Prices by price key, e.g. `input_mtok`. */
export type CataloguePrices = Readonly<Record<string, CataloguePrice>>;

/** In front of a variant's day: it holds from exactly then, and is not carried back to the start of the standard price. */
export const EXACT_DAY = '=';

/** Valid from a UTC day on (`YYYY-MM-DD`), within a daily window in seconds of the UTC day, or always (`null`). */
export type Constraint = string | readonly [number, number] | null;

/** `=` alone equals the model's id, `=` equals, `^` starts with, `$` ends with, `*` contains, `~` regular expression; `['|', …]` any, `['&', …]` all. */
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
  /** The providers that it has. */
  readonly providerIds: readonly string[];
  /** The provider's models, parsed on first use; undefined when the catalogue does not know it. */
  findProvider(id: string): CatalogueProvider | undefined;
}

/**
 * Short names of price keys in the module that ships, so that the package stays small; the data files have whole names.
 * The order is written into the generated modules: append only.
 */
export const PRICE_KEY_CODES: Readonly<Record<string, string>> = {
  input_mtok: 'i',
  output_mtok: 'o',
  cache_read_mtok: 'r',
  cache_write_mtok: 'w',
  cache_write_1h_mtok: 'h',
  web_searches_kcount: 's',
  storage_searches_kcount: 'f',
  input_audio_mtok: 'a',
  output_audio_mtok: 'b',
  cache_audio_read_mtok: 'c',
  input_image_mtok: 'm',
  output_image_mtok: 'n',
  cache_image_read_mtok: 'p',
};

const KEY_BY_CODE: ReadonlyMap<string, string> = new Map(
  Object.entries(PRICE_KEY_CODES).map(([key, code]) => [code, key]),
);

function expandPrices(prices: CataloguePrices): CataloguePrices {
  const expanded: Record<string, CataloguePrice> = {};
  for (const code in prices) {
    const price = prices[code];
    if (price !== undefined) expanded[KEY_BY_CODE.get(code) ?? code] = price;
  }
  return expanded;
}

function expandModel([id, match, prices, variants]: CatalogueModel): CatalogueModel {
  const whole = match === '=' ? `=${id.toLowerCase()}` : match;
  const dated = prices.map(([constraint, entry]) => [constraint, expandPrices(entry)] as const);
  if (variants === undefined) return [id, whole, dated];
  return [
    id,
    whole,
    dated,
    variants.map(([when, entry, constraint]) => [when, expandPrices(entry), constraint] as const),
  ];
}

/** A catalogue over compact JSON texts by provider; each text is parsed when its provider is first asked for. */
export function lazyCatalogue(name: string, asOf: string, textById: Readonly<Record<string, string>>): Catalogue {
  const parsed = new Map<string, CatalogueProvider>();
  return {
    name,
    asOf,
    providerIds: Object.keys(textById),
    findProvider(id) {
      const known = parsed.get(id);
      if (known !== undefined) return known;
      const text = Object.hasOwn(textById, id) ? textById[id] : undefined;
      if (text === undefined) return undefined;
      const { models, ...rest } = JSON.parse(text) as CatalogueProvider;
      const provider = { ...rest, models: models.map(expandModel) };
      parsed.set(id, provider);
      return provider;
    },
  };
}
