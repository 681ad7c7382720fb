import { DIALECT_ATTRIBUTES } from './dialects.js';

/*
 * How usage, tier and kind of a call are read from the spans of other emitters: by the ledger, whose view is generated from
 * these tables, and by the span processor in the process. docs/dialects.md says where each was read.
 */

/** The prefix under which keys of a usage object in JSON are read as if they were attributes. */
export const USAGE_JSON_PREFIX = 'usage_json.';

/**
 * Attributes that hold a provider's usage object as JSON: Langfuse's usage details, Logfire's raw usage. Their keys come
 * after all attributes: what a span says by an attribute of its own is better known.
 */
export const USAGE_JSON_ATTRIBUTES: readonly string[] = ['langfuse.observation.usage_details', 'gen_ai.usage.raw'];

/** Objects in such a usage object whose keys are read too. */
export const USAGE_JSON_OBJECTS: readonly string[] = [
  'prompt_tokens_details',
  'completion_tokens_details',
  'input_tokens_details',
  'output_tokens_details',
  'cache_creation',
];

/** The AI SDK's versions 4 and 5 tell what was written to a cache here alone. */
export const PROVIDER_METADATA_ATTRIBUTE = 'ai.response.providerMetadata';

/** Objects in it whose keys are read, as if they were attributes under its name. */
export const PROVIDER_METADATA_OBJECTS: readonly (readonly string[])[] = [['anthropic'], ['bedrock', 'usage']];

const inUsage = (...keys: readonly string[]): readonly string[] => keys.map((key) => USAGE_JSON_PREFIX + key);
const inMetadata = (...keys: readonly string[]): readonly string[] =>
  keys.map((key) => `${PROVIDER_METADATA_ATTRIBUTE}.${key}`);

/** Token counts of spans without `costel.usage.*`. Order and names are those of `dialectUsage` in the generated view. */
export const DIALECT_COUNTS = {
  input: [...DIALECT_ATTRIBUTES.inputTokens, ...inUsage('input', 'prompt_tokens', 'input_tokens')],
  output: [...DIALECT_ATTRIBUTES.outputTokens, ...inUsage('output', 'completion_tokens', 'output_tokens')],
  cache_read: [
    ...DIALECT_ATTRIBUTES.cacheReadTokens,
    'gen_ai.usage.details.cache_read_tokens',
    'gen_ai.usage.details.cache_read_input_tokens',
    'gen_ai.usage.prompt_tokens_details.cached_tokens',
    'gen_ai.usage.cache_read_tokens',
    'gen_ai.usage.cached_input_tokens',
    'ai.usage.inputTokenDetails.cacheReadTokens',
    'llm.token_count.prompt_details.cache_input',
    ...inUsage(
      'input_cached_tokens',
      'cache_read_input_tokens',
      'input_cache_read',
      'prompt_tokens_details.cached_tokens',
      'input_tokens_details.cached_tokens',
    ),
    ...inMetadata('anthropic.cacheReadInputTokens', 'bedrock.usage.cacheReadInputTokens'),
  ],
  cache_write: [
    ...DIALECT_ATTRIBUTES.cacheWriteTokens,
    'gen_ai.usage.details.cache_write_tokens',
    'gen_ai.usage.details.cache_creation_input_tokens',
    'gen_ai.usage.prompt_tokens_details.cache_creation_tokens',
    'gen_ai.usage.cache_write_tokens',
    'ai.usage.inputTokenDetails.cacheWriteTokens',
    ...inUsage('cache_creation_input_tokens', 'input_cache_creation'),
    ...inMetadata('anthropic.cacheCreationInputTokens', 'bedrock.usage.cacheWriteInputTokens'),
  ],
  cache_write_5m: [...DIALECT_ATTRIBUTES.cacheWrite5mTokens, ...inUsage('cache_creation.ephemeral_5m_input_tokens')],
  cache_write_1h: [...DIALECT_ATTRIBUTES.cacheWrite1hTokens, ...inUsage('cache_creation.ephemeral_1h_input_tokens')],
  reasoning: [
    ...DIALECT_ATTRIBUTES.reasoningTokens,
    'gen_ai.usage.completion_tokens_details.reasoning_tokens',
    'gen_ai.usage.details.reasoning_tokens',
    'gen_ai.usage.reasoning_output_tokens',
    'llm.usage.reasoning_tokens',
    'ai.usage.outputTokenDetails.reasoningTokens',
    ...inUsage(
      'output_reasoning_tokens',
      'completion_tokens_details.reasoning_tokens',
      'output_tokens_details.reasoning_tokens',
    ),
  ],
  input_audio: [
    'gen_ai.usage.audio.input_tokens',
    'gen_ai.usage.details.input_audio_tokens',
    'llm.token_count.prompt_details.audio',
    ...inUsage('input_audio_tokens', 'prompt_tokens_details.audio_tokens', 'input_tokens_details.audio_tokens'),
  ],
  input_image: ['gen_ai.usage.image.input_tokens'],
  input_video: ['gen_ai.usage.video.input_tokens'],
  output_audio: [
    'gen_ai.usage.audio.output_tokens',
    'gen_ai.usage.completion_tokens_details.audio_tokens',
    'gen_ai.usage.details.output_audio_tokens',
    'llm.token_count.completion_details.audio',
    ...inUsage('output_audio_tokens', 'completion_tokens_details.audio_tokens', 'output_tokens_details.audio_tokens'),
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

const COUNT_PREFIX = 'gen_ai.usage.';

/** What only explains counts that are read anyway, or repeats their sum. */
const EXPLAINING_COUNTS: readonly string[] = [
  `${COUNT_PREFIX}total_tokens`,
  `${COUNT_PREFIX}prompt_tokens_details.text_tokens`,
  `${COUNT_PREFIX}completion_tokens_details.text_tokens`,
  `${COUNT_PREFIX}completion_tokens_details.accepted_prediction_tokens`,
  `${COUNT_PREFIX}completion_tokens_details.rejected_prediction_tokens`,
];

/**
 * Attributes that count tokens under a name that nothing here knows: they may have a price of their own, so the usage of a
 * span that has one (neither empty nor 0) is inconsistent, e.g. `gen_ai.usage.smell.input_tokens`. Names under `except` are
 * what Pydantic AI repeats of a provider's usage object.
 */
export const UNKNOWN_COUNTS = {
  prefix: COUNT_PREFIX,
  suffix: 'tokens',
  except: `${COUNT_PREFIX}details.`,
  known: [
    ...Object.values(DIALECT_COUNTS)
      .flat()
      .filter((name) => name.startsWith(COUNT_PREFIX)),
    ...EXPLAINING_COUNTS,
  ],
} as const;

/** Where foreign spans say at which service tier a call was answered; ours say it in `costel.service_tier`. */
export const SERVICE_TIER_ATTRIBUTES: readonly string[] = [
  'openai.response.service_tier',
  'gen_ai.openai.response.service_tier',
  'anthropic.response.service_tier',
];

/** Words for the ordinary tier, which has the empty name. */
export const STANDARD_TIERS: readonly string[] = ['default', 'standard', 'auto', 'standard_only', 'on_demand'];

/** Where emitters without an operation name say what kind of span it is. */
export const SPAN_KIND_ATTRIBUTES: readonly string[] = [
  'openinference.span.kind',
  'ai.operationId',
  'langfuse.observation.type',
];

/** Their words, with the operation that the conventions name each by. The AI SDK's outer spans repeat what the inner say. */
export const SPAN_KIND_OPERATIONS: Readonly<Record<string, string>> = {
  LLM: 'chat',
  EMBEDDING: 'embeddings',
  AGENT: 'invoke_agent',
  CHAIN: 'invoke_workflow',
  TOOL: 'execute_tool',
  RETRIEVER: 'retrieval',
  'ai.generateText': 'invoke_agent',
  'ai.streamText': 'invoke_agent',
  'ai.generateObject': 'invoke_agent',
  'ai.streamObject': 'invoke_agent',
  'ai.embed': 'invoke_workflow',
  'ai.embedMany': 'invoke_workflow',
  'ai.toolCall': 'execute_tool',
  'ai.generateText.doGenerate': 'chat',
  'ai.streamText.doStream': 'chat',
  'ai.generateObject.doGenerate': 'chat',
  'ai.streamObject.doStream': 'chat',
  'ai.embed.doEmbed': 'embeddings',
  'ai.embedMany.doEmbed': 'embeddings',
  generation: 'chat',
  embedding: 'embeddings',
  agent: 'invoke_agent',
  chain: 'invoke_workflow',
  tool: 'execute_tool',
  retriever: 'retrieval',
};

/** Older names of operations under the conventions' names. */
export const OPERATION_NAMES: Readonly<Record<string, string>> = {
  embedding: 'embeddings',
  completion: 'text_completion',
};

/**
 * Makers by the first letters of a model's name, for emitters that name no provider (Langfuse's generations). Only names
 * that their maker alone sells under; resellers give theirs a prefix.
 */
export const PROVIDERS_BY_MODEL: Readonly<Record<string, string>> = {
  'gpt-': 'openai',
  'chatgpt-': 'openai',
  'text-embedding-3-': 'openai',
  'text-embedding-ada-': 'openai',
  'claude-': 'anthropic',
  'gemini-': 'gcp.gemini',
  'deepseek-': 'deepseek',
  'grok-': 'x_ai',
};

/** Langfuse's own parts of usage, which add up: `input`, `input_cached_tokens`, `output_reasoning_tokens`, … */
export const ADDITIVE_USAGE_ATTRIBUTE = 'langfuse.observation.usage_details';
/** What tells a usage object of OpenAI that Langfuse hands on: its `…_tokens_details` are counted in, and do not add up. */
export const NESTED_USAGE_MARK = 'tokens_details';
