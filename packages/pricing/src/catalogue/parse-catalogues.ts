import { asObject, asText } from '../apis/json.js';
import type { Catalogue, CatalogueProvider } from './catalogue.js';
import { CATALOGUES } from './catalogues.js';
import { PUBLISHED_NAME } from './published-prices.js';

/** The name of a source without its version: `genai-prices 0.2.3` is of `genai-prices`. */
function sourceOf(name: string): string {
  return name.split(' ')[0] ?? name;
}

function parseCatalogue(value: unknown): Catalogue {
  const file = asObject(value);
  const provenance = asObject(file?.['provenance']);
  const providers = asObject(file?.['providers']);
  const name = asText(provenance?.['name']);
  const version = asText(provenance?.['version']);
  const asOf = asText(provenance?.['date']);
  if (providers === undefined || name === undefined || version === undefined || asOf === undefined)
    throw new Error('a catalogue needs provenance (name, version, date) and providers');
  return {
    name: `${name} ${version}`,
    asOf,
    providerIds: Object.keys(providers),
    findProvider: (id) => (Object.hasOwn(providers, id) ? (providers[id] as CatalogueProvider) : undefined),
  };
}

/**
 * The catalogues of a file that `costel prices update` wrote, `{"catalogues": [{provenance, providers}, …]}`, each in
 * place of the one that ships under its name unless that one is newer. What providers published is part of this version, not
 * of a file that an older one wrote.
 * @throws Error when the text is no such file.
 */
export function parseCatalogues(text: string): readonly Catalogue[] {
  const list = asObject(JSON.parse(text))?.['catalogues'];
  if (!Array.isArray(list)) throw new Error('it has no list "catalogues"');
  const fetched = new Map(list.map((value) => parseCatalogue(value)).map((found) => [sourceOf(found.name), found]));
  return CATALOGUES.map((shipped) => {
    const newer = shipped.name === PUBLISHED_NAME ? undefined : fetched.get(sourceOf(shipped.name));
    return newer === undefined || newer.asOf < shipped.asOf ? shipped : newer;
  });
}
