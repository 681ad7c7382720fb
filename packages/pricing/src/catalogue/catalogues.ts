import { lazyCatalogue, type Catalogue } from './catalogue.js';
import { GENAI_PRICES, GENAI_PRICES_DATE, GENAI_PRICES_NAME } from './genai-prices.generated.js';
import { LITELLM, LITELLM_DATE, LITELLM_NAME } from './litellm.generated.js';
import { PUBLISHED, PUBLISHED_DATE, PUBLISHED_NAME } from './published-prices.js';

/**
 * The catalogues that ship, in order of precedence: the first one that knows a model prices it. The second one holds
 * what the first one lacks, the third what both do.
 */
export const CATALOGUES: readonly Catalogue[] = [
  lazyCatalogue(GENAI_PRICES_NAME, GENAI_PRICES_DATE, GENAI_PRICES),
  lazyCatalogue(LITELLM_NAME, LITELLM_DATE, LITELLM),
  lazyCatalogue(PUBLISHED_NAME, PUBLISHED_DATE, PUBLISHED),
];
