/*
 * Names are copied, not imported: `@opentelemetry/semantic-conventions/incubating` marks its GenAI names as deprecated
 * ("moved"), has none for cache writes and cost, and advises to copy.
 */

/** Why a call failed: the error's class or code, of low cardinality; absent on calls that did not. */
export const ATTR_ERROR_TYPE = 'error.type';
/** HTTP status of the answer, e.g. 429. */
export const ATTR_HTTP_RESPONSE_STATUS_CODE = 'http.response.status_code';
/** Host that was called, without scheme or port. */
export const ATTR_SERVER_ADDRESS = 'server.address';
/** Port that was called; with `server.address` alone. */
export const ATTR_SERVER_PORT = 'server.port';
/** Whom the call was made for: a user of the application. */
export const ATTR_USER_ID = 'user.id';
/** Resource: the service that made the call. */
export const ATTR_SERVICE_NAME = 'service.name';
/** Resource: where it runs, e.g. `production`. */
export const ATTR_DEPLOYMENT_ENVIRONMENT_NAME = 'deployment.environment.name';

/** What was asked for; see {@link GenAiOperation}. */
export const ATTR_GEN_AI_OPERATION_NAME = 'gen_ai.operation.name';
/** Who answered and bills, e.g. `openai`, `aws.bedrock`. */
export const ATTR_GEN_AI_PROVIDER_NAME = 'gen_ai.provider.name';
/** Up to 1.36 what `gen_ai.provider.name` is now. */
export const ATTR_GEN_AI_SYSTEM = 'gen_ai.system';
/** Model that the request names. */
export const ATTR_GEN_AI_REQUEST_MODEL = 'gen_ai.request.model';
/** Whether the answer was asked for as a stream. */
export const ATTR_GEN_AI_REQUEST_STREAM = 'gen_ai.request.stream';
/** Most output tokens that the request allows. */
export const ATTR_GEN_AI_REQUEST_MAX_TOKENS = 'gen_ai.request.max_tokens';
/** Temperature of the request, a double. */
export const ATTR_GEN_AI_REQUEST_TEMPERATURE = 'gen_ai.request.temperature';
/** Model that answered; what a price is looked up by before the one that was asked for. */
export const ATTR_GEN_AI_RESPONSE_MODEL = 'gen_ai.response.model';
/** The provider's id of the answer; the same on every record of one call. */
export const ATTR_GEN_AI_RESPONSE_ID = 'gen_ai.response.id';
/** Why the answer ended, one a choice, e.g. `["stop"]`. */
export const ATTR_GEN_AI_RESPONSE_FINISH_REASONS = 'gen_ai.response.finish_reasons';
/** Seconds. */
export const ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK = 'gen_ai.response.time_to_first_chunk';
/** Conversation, session or thread that the call belongs to. */
export const ATTR_GEN_AI_CONVERSATION_ID = 'gen_ai.conversation.id';
/** Name of the agent that made the call. */
export const ATTR_GEN_AI_AGENT_NAME = 'gen_ai.agent.name';
/** Id of the agent that made the call. */
export const ATTR_GEN_AI_AGENT_ID = 'gen_ai.agent.id';
/** Tool that was run. */
export const ATTR_GEN_AI_TOOL_NAME = 'gen_ai.tool.name';
/** Metric label: `input` or `output`. */
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
/** What was billed besides and no answer states: `container_hours`, `container_memory`, `image_generation`, `server_tools`, `cache_extension`; else absent. */
export const ATTR_COSTEL_COST_NOT_COUNTED = 'costel.cost.not_counted';
/** Tier that the price depends on, as the response stated it, e.g. `flex`; absent where it stated none. */
export const ATTR_COSTEL_SERVICE_TIER = 'costel.service_tier';
/** Region that the price depends on, e.g. `us`; absent where none is known. */
export const ATTR_COSTEL_REGION = 'costel.region';
/** Local clock minus the provider's `Date`, milliseconds, where beyond ± 5 minutes. */
export const ATTR_COSTEL_CLOCK_OFFSET_MS = 'costel.clock.offset_ms';
/** How a call ended that nobody read to its end: `broken_off`, `aborted`, `abandoned` or `raw_response`. */
export const ATTR_COSTEL_STREAM_END = 'costel.stream.end';

/** Attribution: the feature of the application that the call is for. */
export const ATTR_COSTEL_FEATURE = 'costel.feature';
/** Attribution: the customer that the call is for. */
export const ATTR_COSTEL_CUSTOMER = 'costel.customer';
/** Attribution: the team that pays. */
export const ATTR_COSTEL_TEAM = 'costel.team';
/** Attribution: the project that pays. */
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

/** Content of a call: the request's messages, JSON in the form of the conventions; only where capturing was asked for. */
export const ATTR_GEN_AI_INPUT_MESSAGES = 'gen_ai.input.messages';
/** Content: the answer's messages; as `gen_ai.input.messages`. */
export const ATTR_GEN_AI_OUTPUT_MESSAGES = 'gen_ai.output.messages';
/** Content: what the request tells the model beside its messages; as `gen_ai.input.messages`. */
export const ATTR_GEN_AI_SYSTEM_INSTRUCTIONS = 'gen_ai.system_instructions';
/** Content: the tools that the request offers; as `gen_ai.input.messages`. */
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
  | 'rerank'
  | 'create_cache';
