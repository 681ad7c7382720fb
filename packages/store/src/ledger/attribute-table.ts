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

/** Text of a call: span attributes in the order in which they are looked for; the first that is not empty is taken. */
export const TEXT_ATTRIBUTES = {
  provider: DIALECT_ATTRIBUTES.provider,
  request_model: DIALECT_ATTRIBUTES.requestModel,
  response_model: DIALECT_ATTRIBUTES.responseModel,
  response_id: DIALECT_ATTRIBUTES.responseId,
  operation: [ATTR_GEN_AI_OPERATION_NAME, 'llm.request.type'],
  agent: DIALECT_ATTRIBUTES.agent,
  conversation: [ATTR_GEN_AI_CONVERSATION_ID, 'session.id'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Attribution: looked for on the span, then on the resource (a whole service may belong to one team). */
export const ATTRIBUTION_ATTRIBUTES = {
  environment: [ATTR_DEPLOYMENT_ENVIRONMENT_NAME, 'deployment.environment'],
  feature: [ATTR_COSTEL_FEATURE],
  user: [ATTR_USER_ID, 'enduser.id'],
  customer: [ATTR_COSTEL_CUSTOMER],
  team: [ATTR_COSTEL_TEAM],
  project: [ATTR_COSTEL_PROJECT],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Token counts of spans without `costel.usage.*`. Order and names are those of `dialectUsage` in the generated view. */
export const DIALECT_COUNTS = {
  input: DIALECT_ATTRIBUTES.inputTokens,
  output: DIALECT_ATTRIBUTES.outputTokens,
  cache_read: DIALECT_ATTRIBUTES.cacheReadTokens,
  cache_write: DIALECT_ATTRIBUTES.cacheWriteTokens,
  cache_write_5m: DIALECT_ATTRIBUTES.cacheWrite5mTokens,
  cache_write_1h: DIALECT_ATTRIBUTES.cacheWrite1hTokens,
  reasoning: DIALECT_ATTRIBUTES.reasoningTokens,
  input_audio: ['gen_ai.usage.audio.input_tokens', 'llm.token_count.prompt_details.audio'],
  input_image: ['gen_ai.usage.image.input_tokens'],
  input_video: ['gen_ai.usage.video.input_tokens'],
  output_audio: ['gen_ai.usage.audio.output_tokens', 'llm.token_count.completion_details.audio'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Where foreign spans say at which service tier a call was answered; ours say it in `costel.service_tier`. */
export const SERVICE_TIER_ATTRIBUTES: readonly string[] = [
  'openai.response.service_tier',
  'gen_ai.openai.response.service_tier',
  'anthropic.response.service_tier',
];

/** Words for the ordinary tier, which has the empty name. */
export const STANDARD_TIERS: readonly string[] = ['default', 'standard', 'auto', 'standard_only', 'on_demand'];

/** Kinds of OpenInference spans that are calls, with the operation that the conventions name them by. */
export const OPENINFERENCE_OPERATIONS: Readonly<Record<string, string>> = {
  LLM: 'chat',
  EMBEDDING: 'embeddings',
  AGENT: 'invoke_agent',
  CHAIN: 'invoke_workflow',
  TOOL: 'execute_tool',
  RETRIEVER: 'retrieval',
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
 * Emitters that leave cached tokens out of the input count, by instrumentation scope (prefix) and provider; everybody
 * else counts them in, as the conventions ask. Measured with an Anthropic call of 100 + 2 048 written + 1 024 read
 * tokens: these say 100, others 3 172.
 */
export const EXCLUSIVE_EMITTERS: readonly { readonly scopePrefix: string; readonly provider: string }[] = [
  { scopePrefix: '@traceloop/instrumentation-anthropic', provider: 'anthropic' },
  { scopePrefix: 'openlit', provider: 'anthropic' },
  { scopePrefix: '@openlit/', provider: 'anthropic' },
];
