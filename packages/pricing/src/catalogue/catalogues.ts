import { lazyCatalogue, type Catalogue } from './catalogue.js';
import { GENAI_PRICES, GENAI_PRICES_DATE, GENAI_PRICES_VERSION } from './genai-prices.generated.js';

/** The catalogues that ship, in order of precedence: the first one that knows a model prices it. */
export const CATALOGUES: readonly Catalogue[] = [
  lazyCatalogue(`genai-prices ${GENAI_PRICES_VERSION}`, GENAI_PRICES_DATE, GENAI_PRICES),
];
