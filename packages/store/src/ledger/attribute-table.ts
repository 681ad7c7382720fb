import {
  AGGREGATE_OPERATIONS,
  ATTR_COSTEL_CUSTOMER,
  ATTR_COSTEL_FEATURE,
  ATTR_COSTEL_PROJECT,
  ATTR_COSTEL_TEAM,
  ATTR_DEPLOYMENT_ENVIRONMENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_USER_ID,
  DIALECT_ATTRIBUTES,
} from '@costel/semconv';

/*
 * The one table that says which attribute of which emitter becomes which part of a ledger row. The view that fills the
 * ledger is generated from it; to read another dialect, add a row here and a migration with the new view.
 */

/*
 * Where each dialect was read (docs/dialects.md says more):
 *   conventions            opentelemetry.io, GenAI spans: present and earlier names
 *   OpenLLMetry            traceloop/openllmetry, opentelemetry-semantic-conventions-ai and its instrumentations
 *   OpenInference          Arize-ai/openinference, openinference-semantic-conventions
 *   OpenLIT                openlit/openlit, semcov; Python and TypeScript
 *   AI SDK                 vercel/ai, documentation "Telemetry", versions 4 to 7
 *   Logfire, Pydantic AI   pydantic/logfire, llm_providers/usage.py; pydantic-ai, usage.py
 *   Langfuse               langfuse/langfuse-python, _client/attributes.py and openai.py; langfuse-js
 */

/** Text of a call: span attributes in the order in which they are looked for; the first that is not empty is taken. */
export const TEXT_ATTRIBUTES = {
  provider: DIALECT_ATTRIBUTES.provider,
  request_model: [...DIALECT_ATTRIBUTES.requestModel, 'langfuse.observation.model.name'],
  response_model: DIALECT_ATTRIBUTES.responseModel,
  response_id: DIALECT_ATTRIBUTES.responseId,
  operation: [ATTR_GEN_AI_OPERATION_NAME, 'llm.request.type'],
  agent: DIALECT_ATTRIBUTES.agent,
  conversation: [ATTR_GEN_AI_CONVERSATION_ID, 'session.id'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Attribution: looked for on the span, then on the resource (a whole service may belong to one team). */
export const ATTRIBUTION_ATTRIBUTES = {
  environment: [ATTR_DEPLOYMENT_ENVIRONMENT_NAME, 'deployment.environment', 'langfuse.environment'],
  feature: [ATTR_COSTEL_FEATURE],
  user: [ATTR_USER_ID, 'enduser.id'],
  customer: [ATTR_COSTEL_CUSTOMER],
  team: [ATTR_COSTEL_TEAM],
  project: [ATTR_COSTEL_PROJECT],
} as const satisfies Readonly<Record<string, readonly string[]>>;

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

/** Where emitters state what they computed themselves; never taken for our figure, only compared with it. */
export const APP_COST_ATTRIBUTES: readonly string[] = ['operation.cost', 'gen_ai.usage.cost', 'llm.cost.total'];

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

/** Operations that cost nothing by themselves: such a span is a row only when it carries usage or a cost. */
export const OPERATIONS_WITHOUT_COST: readonly string[] = [...AGGREGATE_OPERATIONS, 'retrieval'].toSorted();

/** Older and vendors' names of providers under the conventions' names, so that one provider is one group. */
export const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  'az.ai.openai': 'azure.ai.openai',
  'azure-openai.chat': 'azure.ai.openai',
  'azure-openai.responses': 'azure.ai.openai',
  azure_openai: 'azure.ai.openai',
  'az.ai.inference': 'azure.ai.inference',
  'openai.chat': 'openai',
  'openai.responses': 'openai',
  'openai.completion': 'openai',
  'openai.embedding': 'openai',
  'anthropic.messages': 'anthropic',
  'amazon-bedrock': 'aws.bedrock',
  bedrock: 'aws.bedrock',
  aws: 'aws.bedrock',
  'google.generative-ai': 'gcp.gemini',
  gemini: 'gcp.gemini',
  google: 'gcp.gemini',
  'google.vertex.chat': 'gcp.vertex_ai',
  vertex_ai: 'gcp.vertex_ai',
  'mistral.chat': 'mistral_ai',
  mistral: 'mistral_ai',
  mistralai: 'mistral_ai',
  'xai.chat': 'x_ai',
  xai: 'x_ai',
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

/** Which spans a peculiarity of an emitter holds for; all that is named must match. */
export interface EmitterRule {
  /** First letters of the instrumentation scope, or the whole of it. */
  readonly scopePrefix?: string;
  readonly scope?: string;
  /** First letters of the provider as the span names it; absent: any. */
  readonly providerPrefix?: string;
  /** The rule ends where the span has this attribute: the emitter's later versions. */
  readonly unlessAttribute?: string;
}

/** What an emitter of versions 6 and 7 of the AI SDK always says, and earlier ones never. */
const AI_SDK_DETAILS = 'ai.usage.inputTokenDetails.noCacheTokens';

/**
 * Emitters that leave cached tokens out of the input count; everybody else counts them in, as the conventions ask.
 * Measured with an Anthropic call of 100 + 2 048 written + 1 024 read tokens: these say 100, others 3 172. Those of
 * Bedrock hand on Converse's `inputTokens`, which leaves cached ones out.
 */
export const EXCLUSIVE_EMITTERS: readonly EmitterRule[] = [
  { scopePrefix: '@traceloop/instrumentation-anthropic', providerPrefix: 'anthropic' },
  { scopePrefix: 'openlit', providerPrefix: 'anthropic' },
  { scopePrefix: '@openlit/', providerPrefix: 'anthropic' },
  { scopePrefix: 'openlit', providerPrefix: 'aws' },
  { scopePrefix: '@openlit/', providerPrefix: 'aws' },
  { scopePrefix: 'opentelemetry.instrumentation.bedrock' },
  { scopePrefix: 'openinference.instrumentation.bedrock' },
  { scope: 'ai', providerPrefix: 'anthropic', unlessAttribute: AI_SDK_DETAILS },
  { scope: 'ai', providerPrefix: 'amazon-bedrock', unlessAttribute: AI_SDK_DETAILS },
  { scope: 'ai', providerPrefix: 'google.vertex.anthropic', unlessAttribute: AI_SDK_DETAILS },
];

/** Emitters that leave reasoning tokens out of the output count: they hand on Gemini's `candidatesTokenCount`. */
export const EXCLUSIVE_OUTPUT_EMITTERS: readonly EmitterRule[] = [
  { scopePrefix: 'openlit', providerPrefix: 'gcp' },
  { scopePrefix: 'openlit', providerPrefix: 'google' },
  { scopePrefix: 'openlit', providerPrefix: 'gemini' },
];

/**
 * Langfuse's own parts of usage add up (`input`, `input_cached_tokens`, `output_reasoning_tokens`, …); a usage object of
 * OpenAI that it hands on, told by its `…_tokens_details`, counts them in.
 */
export const ADDITIVE_USAGE_ATTRIBUTE = 'langfuse.observation.usage_details';
export const NESTED_USAGE_MARK = 'tokens_details';
