export { checkCatalogueFile } from './check-catalogue.js';
export {
  catalogueOf,
  fileOf,
  renderCatalogueFile,
  type CatalogueFile,
  type Provenance,
  type ProviderFile,
} from './catalogue-file.js';
export {
  diffCatalogues,
  findDisagreements,
  type CatalogueDiff,
  type Disagreement,
  type PriceDifference,
} from './compare-catalogues.js';
export { convertGenaiPrices } from './convert-genai-prices.js';
export { convertLitellm, type LitellmOrigin } from './convert-litellm.js';
export { fillGaps } from './fill-gaps.js';
export { keepHistory } from './keep-history.js';
export { readZipEntry, type ZipEntry } from './read-zip.js';
