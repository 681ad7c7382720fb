import {
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_SYSTEM,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
} from './attributes.js';
import {
  METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
  METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
  METRIC_GEN_AI_CLIENT_TOKEN_USAGE,
} from './metrics.js';

/**
 * Which edition of the GenAI conventions is written: `1.36` (before the provider attribute), `1.42` (current), or
 * `next` (1.42 with the token counters of pull request 374 in place of the token histogram).
 */
export type ConventionsVersion = '1.36' | '1.42' | 'next';

/** The edition that is written unless another one is asked for. */
export const DEFAULT_CONVENTIONS_VERSION: ConventionsVersion = '1.42';

/** How token counts become metrics: one histogram with a `gen_ai.token.type`, or one counter a direction. */
export type TokenMetricForm =
  | { readonly kind: 'histogram'; readonly name: string }
  | { readonly kind: 'counters'; readonly inputName: string; readonly outputName: string };

/** The names in which the editions differ; all other names are the same in every one. */
export interface ConventionNames {
  readonly providerName: string;
  readonly cacheWriteInputTokens: string;
  readonly tokenMetric: TokenMetricForm;
}

const TOKEN_HISTOGRAM: TokenMetricForm = { kind: 'histogram', name: METRIC_GEN_AI_CLIENT_TOKEN_USAGE };

/** The one table that decides names; a new edition of the conventions is a row here. */
export const CONVENTIONS: Readonly<Record<ConventionsVersion, ConventionNames>> = {
  '1.36': {
    providerName: ATTR_GEN_AI_SYSTEM,
    cacheWriteInputTokens: ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
    tokenMetric: TOKEN_HISTOGRAM,
  },
  '1.42': {
    providerName: ATTR_GEN_AI_PROVIDER_NAME,
    cacheWriteInputTokens: ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    tokenMetric: TOKEN_HISTOGRAM,
  },
  next: {
    providerName: ATTR_GEN_AI_PROVIDER_NAME,
    cacheWriteInputTokens: ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    tokenMetric: {
      kind: 'counters',
      inputName: METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS,
      outputName: METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS,
    },
  },
};
