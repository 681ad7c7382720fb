/** Histogram, tokens a call; needs `gen_ai.token.type`. */
export const METRIC_GEN_AI_CLIENT_TOKEN_USAGE = 'gen_ai.client.token.usage';
/** Histogram, seconds. */
export const METRIC_GEN_AI_CLIENT_OPERATION_DURATION = 'gen_ai.client.operation.duration';
/** Histogram, seconds from the request to the first chunk of a stream. */
export const METRIC_GEN_AI_CLIENT_OPERATION_TIME_TO_FIRST_CHUNK = 'gen_ai.client.operation.time_to_first_chunk';
/** Proposed counter (semantic-conventions-genai pull request 374) of input tokens: it adds up, as histograms do not. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_INPUT_TOKENS = 'gen_ai.client.inference.usage.input_tokens';
/** Proposed counter of output tokens, beside the one of input tokens. */
export const METRIC_GEN_AI_CLIENT_INFERENCE_USAGE_OUTPUT_TOKENS = 'gen_ai.client.inference.usage.output_tokens';

/** Monotonic counter of dollars (`{USD}`); the conventions have none yet. */
export const METRIC_COSTEL_COST = 'costel.cost';
/** Monotonic counter of calls without an exact cost, by `costel.cost.status` and `costel.usage.quality`. */
export const METRIC_COSTEL_INEXACT_CALLS = 'costel.inexact_calls';
/** Monotonic counter of trouble inside the instrumentation, by hook; the calls themselves are untouched. */
export const METRIC_COSTEL_INSTRUMENTATION_ERRORS = 'costel.instrumentation.errors';

/** Bucket bounds that the conventions give for token counts: powers of four. */
export const TOKEN_USAGE_BOUNDARIES: readonly number[] = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];

/** Bucket bounds that the conventions give for durations, seconds: doubling from 10 ms. */
export const DURATION_BOUNDARIES_SECONDS: readonly number[] = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
