/*
 * Names are copied, not imported: `@opentelemetry/semantic-conventions/incubating` marks its GenAI names as deprecated
 * ("moved"), has none for cache writes and cost, and advises to copy.
 */

export const ATTR_ERROR_TYPE = 'error.type';
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
export const ATTR_SERVER_ADDRESS = 'server.address';
export const ATTR_SERVER_PORT = 'server.port';
export const ATTR_USER_ID = 'user.id';
export const ATTR_SERVICE_NAME = 'service.name';
export const ATTR_DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name';

export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
/** Up to 1.36 what `gen_ai.provider.name` is now. */
export const ATTR_GEN_AI_SYSTEM = 'gen_ai.system';
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
export const ATTR_GEN_AI_REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens';
export const ATTR_GEN_AI_REQUEST_TEMPERATURE = 'gen_ai.request.temperature';
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons';
/** Seconds. */
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id';
export const ATTR_GEN_AI_AGENT_NAME = 'gen_ai.agent.name';
export const ATTR_GEN_AI_AGENT_ID = 'gen_ai.agent.id';
export const ATTR_GEN_AI_TOOL_NAME = 'gen_ai.tool.name';
export const ATTR_GEN_AI_TOKEN_TYPE = 'gen_ai.token.type';

/** All input tokens, cached ones included. */
export const ATTR_GEN_AI_USAGE_INPUT_TOKENS = 'gen_ai.usage.input_tokens';
/** All output tokens, reasoning included. */
export const ATTR_GEN_AI_USAGE_OUTPUT_TOKENS = 'gen_ai.usage.output_tokens';
/** Subset of the input tokens. */
export const ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS = 'gen_ai.usage.cache_read.input_tokens';
/** Subset of the input tokens. */
export const ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS = 'gen_ai.usage.cache_write.input_tokens';
/** The earlier name of `gen_ai.usage.cache_write.input_tokens`: read, no longer written. */
export const ATTR_GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS = 'gen_ai.usage.cache_creation.input_tokens';
/** Subset of the output tokens. */
export const ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS = 'gen_ai.usage.reasoning.output_tokens';

/** Proposed (semantic-conventions-genai pull request 443): a double in the currency of `…cost.currency`. */
export const ATTR_GEN_AI_USAGE_COST_AMOUNT = 'gen_ai.usage.cost.amount';
/** Proposed: ISO 4217, always `USD` here. */
export const ATTR_GEN_AI_USAGE_COST_CURRENCY = 'gen_ai.usage.cost.currency';
/** Proposed: `provider` (the cost was in the response) or `local` (computed from a price list). */
export const ATTR_GEN_AI_USAGE_COST_SOURCE = 'gen_ai.usage.cost.source';

/** Prefix of one attribute a non-zero usage bucket, e.g. `costel.usage.cache_read`; the buckets are disjoint. */
export const ATTR_COSTEL_USAGE_PREFIX = 'costel.usage.';
/** `reported`, `estimated`, `missing` or `inconsistent`. */
export const ATTR_COSTEL_USAGE_QUALITY = 'costel.usage.quality';
/** `priced`, `unpriced`, `no_usage` or `not_billable`. Present on every span that Costel has judged. */
export const ATTR_COSTEL_COST_STATUS = 'costel.cost.status';
/** Exact decimal dollars as a string; absent unless priced. */
export const ATTR_COSTEL_COST_USD = 'costel.cost.usd';
/** Why a call has no price. */
export const ATTR_COSTEL_COST_REASON = 'costel.cost.reason';
/** JSON: `[{"bucket","quantity","unit_price_usd","cost_usd"}]`. */
export const ATTR_COSTEL_COST_LINE_ITEMS = 'costel.cost.line_items';
/** What was billed besides and no answer states: `container_hours`, `container_memory`, `image_generation`; else absent. */
export const ATTR_COSTEL_COST_NOT_COUNTED = 'costel.cost.not_counted';
export const ATTR_COSTEL_SERVICE_TIER = 'costel.service_tier';
export const ATTR_COSTEL_REGION = 'costel.region';
/** Local clock minus the provider's `Date`, milliseconds, where beyond ± 5 minutes. */
export const ATTR_COSTEL_CLOCK_OFFSET_MS = 'costel.clock.offset_ms';
/** How a call ended that nobody read to its end: `broken_off`, `aborted`, `abandoned` or `raw_response`. */
export const ATTR_COSTEL_STREAM_END = 'costel.stream.end';

export const ATTR_COSTEL_FEATURE = 'costel.feature';
export const ATTR_COSTEL_CUSTOMER = 'costel.customer';
export const ATTR_COSTEL_TEAM = 'costel.team';
export const ATTR_COSTEL_PROJECT = 'costel.project';
/** Prefix of one attribute a tag, e.g. `costel.tag.experiment`. */
export const ATTR_COSTEL_TAG_PREFIX = 'costel.tag.';
/** What kind of thing cost money, where it was no call of an LLM SDK, e.g. `tool_call`. */
export const ATTR_COSTEL_COST_KIND = 'costel.cost.kind';

/** What a budget guard did with a call that had no room: `refused` or `downgraded`. */
export const ATTR_COSTEL_GUARD_DECISION = 'costel.guard.decision';
/** Name of the budget that had no room. */
export const ATTR_COSTEL_GUARD_BUDGET = 'costel.guard.budget';

/** On a fallback call: the model that was meant. */
export const ATTR_COSTEL_FALLBACK_MODEL = 'costel.fallback.model';
/** On a fallback call: the provider that was meant; absent where it is the same. */
export const ATTR_COSTEL_FALLBACK_PROVIDER = 'costel.fallback.provider';
/** Why another model was called, e.g. `budget`, `error`, `rate_limit`. */
export const ATTR_COSTEL_FALLBACK_REASON = 'costel.fallback.reason';
/** What the same usage would have cost with the model that was meant: exact decimal dollars; absent where unpriced. */
export const ATTR_COSTEL_FALLBACK_COST_USD = 'costel.fallback.cost_usd';
/** The same mark where the ledger keeps it: the tag `fallback_from`, `PROVIDER/MODEL`. */
export const ATTR_COSTEL_TAG_FALLBACK_FROM = 'costel.tag.fallback_from';

/** Content of a call, JSON in the form of the conventions; only where capturing it was asked for. */
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
export const ATTR_GEN_AI_TOOL_DEFINITIONS = 'gen_ai.tool.definitions';

/** What the operation of a call is named. */
export type GenAiOperation =
  | 'chat'
  | 'text_completion'
  | 'embeddings'
  | 'generate_content'
  | 'execute_tool'
  | 'invoke_agent'
  | 'create_agent'
  | 'invoke_workflow'
  // The conventions name none for these yet and allow names of one's own.
  | 'image_generation'
  | 'video_generation'
  | 'transcription'
  | 'speech'
  | 'moderation'
  | 'rerank';
