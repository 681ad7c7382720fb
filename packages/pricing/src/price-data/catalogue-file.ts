import type { Catalogue, CatalogueModel, CatalogueProvider } from '../catalogue/catalogue.js';

/** Where price data came from. */
export interface Provenance {
  /** Name of the source, e.g. `genai-prices`; versions of one source have one name. */
  readonly name: string;
  readonly package: string;
  readonly version: string;
  /** The data's own date where it has one, else the day of retrieval; `YYYY-MM-DD`. */
  readonly date: string;
  /** The day on which it was fetched. */
  readonly retrieved: string;
  readonly licence: string;
  /** Of the file that was converted. */
  readonly sha256: string;
  /** Upstream prices that were no whole pico-dollar a unit. */
  readonly roundedPrices: number;
}

/** A provider as in the data files. */
export interface ProviderFile {
  readonly fallback?: readonly string[];
  readonly models: readonly CatalogueModel[];
}

/** One source's price data, as in `data/*.json`. */
export interface CatalogueFile {
  readonly provenance: Provenance;
  readonly providers: Readonly<Record<string, ProviderFile>>;
}

/** One model a line, so that a change of a price is a change of one line. */
export function renderCatalogueFile({ provenance, providers }: CatalogueFile): string {
  const blocks = Object.entries(providers).map(([id, { models, ...rest }]) => {
    const lines = models.map((model) => JSON.stringify(model)).join(',\n');
    return `${JSON.stringify(id)}: ${JSON.stringify({ ...rest, models: [] }).slice(0, -2)}\n${lines}\n]}`;
  });
  return `{"provenance": ${JSON.stringify(provenance)},\n"providers": {\n${blocks.join(',\n')}\n}}\n`;
}

/** A catalogue over a data file. */
export function catalogueOf({ provenance, providers }: CatalogueFile): Catalogue {
  const byId = new Map<string, CatalogueProvider>(Object.entries(providers));
  return {
    name: `${provenance.name} ${provenance.version}`,
    asOf: provenance.date,
    providerIds: [...byId.keys()],
    findProvider: (id) => byId.get(id),
  };
}

/** A catalogue as a data file, e.g. to compare it with another; what a catalogue does not know of its origin is empty. */
export function fileOf(catalogue: Catalogue): CatalogueFile {
  const [name = '', version = ''] = catalogue.name.split(' ');
  const unknown = { package: name, retrieved: catalogue.asOf, licence: '', sha256: '', roundedPrices: 0 };
  return {
    provenance: { name, version, date: catalogue.asOf, ...unknown },
    providers: Object.fromEntries(
      catalogue.providerIds.map((id) => [id, catalogue.findProvider(id) ?? { models: [] }] as const),
    ),
  };
}
