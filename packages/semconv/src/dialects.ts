import {
  ATTR_GEN_AI_AGENT_ID,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_OPERATION_NAME,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_SYSTEM,
  ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
} from './attributes.js';

/** What can be read of a call from the span of any emitter. */
export type DialectField =
  | 'operation'
  | 'provider'
  | 'requestModel'
  | 'responseModel'
  | 'responseId'
  | 'inputTokens'
  | 'outputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'cacheWrite5mTokens'
  | 'cacheWrite1hTokens'
  | 'reasoningTokens'
  | 'agent';

/**
 * Under which names emitters write each field, the current name first: the conventions' present and earlier names,
 * OpenLLMetry (`llm.usage.*`), OpenInference (`llm.token_count.*`), the AI SDK (`ai.*`), Langfuse and the Anthropic SDK's own.
 * The first name that is present is read.
 */
export const DIALECT_ATTRIBUTES: Readonly<Record<DialectField, readonly string[]>> = {
  operation: [ATTR_GEN_AI_OPERATION_NAME, 'llm.request.type'],
  provider: [ATTR_GEN_AI_PROVIDER_NAME, ATTR_GEN_AI_SYSTEM, 'llm.provider', 'llm.system', 'ai.model.provider'],
  requestModel: [
    ATTR_GEN_AI_REQUEST_MODEL,
    'llm.model_name',
    'ai.model.id',
    'embedding.model_name',
    'langfuse.observation.model.name',
  ],
  responseModel: [ATTR_GEN_AI_RESPONSE_MODEL, 'ai.response.model'],
  responseId: [ATTR_GEN_AI_RESPONSE_ID, 'ai.response.id'],
  inputTokens: [
    ATTR_GEN_AI_USAGE_INPUT_TOKENS,
    'gen_ai.usage.prompt_tokens',
    'llm.usage.prompt_tokens',
    'llm.token_count.prompt',
    'ai.usage.inputTokens',
    'ai.usage.promptTokens',
    'ai.usage.tokens',
  ],
  outputTokens: [
    ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
    'gen_ai.usage.completion_tokens',
    'llm.usage.completion_tokens',
    'llm.token_count.completion',
    'ai.usage.outputTokens',
    'ai.usage.completionTokens',
  ],
  cacheReadTokens: [
    ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    'gen_ai.usage.cache_read_input_tokens',
    'gen_ai.usage.input_tokens.cached',
    'llm.token_count.prompt_details.cache_read',
    'ai.usage.cachedInputTokens',
  ],
  cacheWriteTokens: [
    ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
    ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS,
    'gen_ai.usage.cache_creation_input_tokens',
    'gen_ai.usage.input_tokens.cache_write',
    'llm.token_count.prompt_details.cache_write',
  ],
  cacheWrite5mTokens: ['anthropic.usage.cache_creation.ephemeral_5m_input_tokens'],
  cacheWrite1hTokens: ['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'],
  reasoningTokens: [
    ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
    'gen_ai.usage.reasoning_tokens',
    'gen_ai.usage.output_tokens.reasoning',
    'llm.token_count.completion_details.reasoning',
    'ai.usage.reasoningTokens',
  ],
  agent: [ATTR_GEN_AI_AGENT_NAME, ATTR_GEN_AI_AGENT_ID],
};

/**
 * Operations whose spans repeat the tokens of the calls below them and are therefore never a call of their own.
 */
export const AGGREGATE_OPERATIONS: ReadonlySet<string> = new Set([
  'invoke_agent',
  'create_agent',
  'invoke_workflow',
  'execute_tool',
  'plan',
]);
