import type { Usage } from '@costel/pricing';

/*
 * One call as each emitter reports it, written from its documentation and source (docs/dialects.md). Unless a fixture says
 * otherwise the call is Anthropic's example of prompt caching: 100 uncached input tokens, 2 048 written to a cache, 1 024
 * read from one, 50 output tokens.
 */

/** A span of one emitter, and what it has to become. */
export interface DialectFixture {
  readonly name: string;
  /** Name of the instrumentation scope. */
  readonly scope: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly expected: {
    readonly usage: Usage;
    readonly provider: string;
    readonly model: string;
    readonly operation: string;
    /** What the emitter computed itself; kept beside our figure. */
    readonly appCostUsd?: string;
  };
}

const CACHED: Usage = { input: 100, cache_read: 1024, cache_write_5m: 2048, output: 50 };
const CLAUDE = 'claude-sonnet-4-6';
const claude = { usage: CACHED, provider: 'anthropic', model: CLAUDE, operation: 'chat' };
/** 1 200 input tokens, 1 024 of them cached; 300 output tokens, 200 of them reasoning. */
const REASONED: Usage = { input: 176, cache_read: 1024, output: 100, reasoning: 200 };
const gpt = { usage: REASONED, provider: 'openai', model: 'gpt-5-mini', operation: 'chat' };
const conventions = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': CLAUDE,
};

export const DIALECT_FIXTURES: readonly DialectFixture[] = [
  {
    name: 'the current conventions, with the new name of cache writes',
    scope: 'com.anthropic.sdk.typescript',
    attributes: {
      ...conventions,
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.cache_write.input_tokens': 2048,
      'gen_ai.usage.output_tokens': 50,
    },
    expected: claude,
  },
  {
    name: 'the Anthropic SDK, which tells the lifetimes of what was written',
    scope: 'com.anthropic.sdk.typescript',
    attributes: {
      ...conventions,
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.cache_write.input_tokens': 2048,
      'anthropic.usage.cache_creation.ephemeral_5m_input_tokens': 1048,
      'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': 1000,
      'gen_ai.usage.output_tokens': 50,
    },
    expected: {
      ...claude,
      usage: { input: 100, cache_read: 1024, cache_write_5m: 1048, cache_write_1h: 1000, output: 50 },
    },
  },
  {
    name: 'the conventions of before, with gen_ai.system and reasoning',
    scope: 'opentelemetry.instrumentation.openai_v2',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.usage.input_tokens': 1200,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.output_tokens': 300,
      'gen_ai.usage.reasoning.output_tokens': 200,
    },
    expected: gpt,
  },
  {
    name: 'OpenLLMetry for Python, which adds cached tokens up for Anthropic',
    scope: 'opentelemetry.instrumentation.anthropic',
    attributes: {
      'llm.request.type': 'chat',
      'gen_ai.system': 'Anthropic',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.response.model': CLAUDE,
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.output_tokens': 50,
      'llm.usage.total_tokens': 3222,
      'gen_ai.usage.cache_read_input_tokens': 1024,
      'gen_ai.usage.cache_creation_input_tokens': 2048,
    },
    expected: claude,
  },
  {
    name: 'OpenLLMetry for Node, which hands on Anthropic’s own count',
    scope: '@traceloop/instrumentation-anthropic',
    attributes: {
      'llm.request.type': 'chat',
      'gen_ai.system': 'Anthropic',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.usage.prompt_tokens': 100,
      'gen_ai.usage.completion_tokens': 50,
      'llm.usage.total_tokens': 150,
      'gen_ai.usage.cache_read_input_tokens': 1024,
      'gen_ai.usage.cache_creation_input_tokens': 2048,
    },
    expected: claude,
  },
  {
    name: 'OpenLLMetry, embeddings under the older names',
    scope: 'opentelemetry.instrumentation.openai.v1',
    attributes: {
      'llm.request.type': 'embedding',
      'gen_ai.system': 'OpenAI',
      'gen_ai.request.model': 'text-embedding-3-small',
      'gen_ai.usage.prompt_tokens': 42,
      'llm.usage.total_tokens': 42,
    },
    expected: { usage: { input: 42 }, provider: 'openai', model: 'text-embedding-3-small', operation: 'embeddings' },
  },
  {
    name: 'OpenLLMetry for Bedrock, whose Converse leaves cached tokens out',
    scope: 'opentelemetry.instrumentation.bedrock',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': 'anthropic.claude-sonnet-4-6',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.cache_creation.input_tokens': 2048,
    },
    expected: { usage: CACHED, provider: 'aws.bedrock', model: 'anthropic.claude-sonnet-4-6', operation: 'chat' },
  },
  {
    name: 'OpenInference for Anthropic',
    scope: 'openinference.instrumentation.anthropic',
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.system': 'anthropic',
      'llm.provider': 'anthropic',
      'llm.model_name': CLAUDE,
      'llm.token_count.prompt': 3172,
      'llm.token_count.completion': 50,
      'llm.token_count.total': 3222,
      'llm.token_count.prompt_details.cache_read': 1024,
      'llm.token_count.prompt_details.cache_write': 2048,
    },
    expected: claude,
  },
  {
    name: 'OpenInference for OpenAI, with audio and a cost of its own',
    scope: '@arizeai/openinference-instrumentation-openai',
    attributes: {
      'openinference.span.kind': 'LLM',
      'llm.provider': 'openai',
      'llm.model_name': 'gpt-4o-audio-preview',
      'llm.token_count.prompt': 500,
      'llm.token_count.prompt_details.audio': 120,
      'llm.token_count.prompt_details.cache_read': 80,
      'llm.token_count.completion': 90,
      'llm.token_count.completion_details.audio': 40,
      'llm.token_count.completion_details.reasoning': 10,
      'llm.cost.total': '0.0123',
    },
    expected: {
      usage: { input: 300, cache_read: 80, input_audio: 120, output: 40, reasoning: 10, output_audio: 40 },
      provider: 'openai',
      model: 'gpt-4o-audio-preview',
      operation: 'chat',
      appCostUsd: '0.0123',
    },
  },
  {
    name: 'OpenInference, embeddings',
    scope: 'openinference.instrumentation.openai',
    attributes: {
      'openinference.span.kind': 'EMBEDDING',
      'llm.provider': 'openai',
      'embedding.model_name': 'text-embedding-3-large',
      'llm.token_count.prompt': 7,
      'llm.token_count.total': 7,
    },
    expected: { usage: { input: 7 }, provider: 'openai', model: 'text-embedding-3-large', operation: 'embeddings' },
  },
  {
    name: 'OpenLIT for Anthropic, which hands on its own count and a cost',
    scope: 'openlit.instrumentation.anthropic',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.total_tokens': 150,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.cache_creation.input_tokens': 2048,
      'gen_ai.usage.cost': 0.00105,
    },
    expected: { ...claude, appCostUsd: '0.00105' },
  },
  {
    name: 'OpenLIT for OpenAI, which counts cached tokens in',
    scope: 'openlit.instrumentation.openai',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.usage.input_tokens': 1200,
      'gen_ai.usage.output_tokens': 300,
      'gen_ai.usage.cache_read.input_tokens': 1024,
      'gen_ai.usage.completion_tokens_details.reasoning_tokens': 200,
    },
    expected: gpt,
  },
  {
    name: 'OpenLIT for Gemini, whose candidates leave thoughts out',
    scope: 'openlit.instrumentation.google_ai_studio',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.request.model': 'gemini-2.5-pro',
      'gen_ai.usage.input_tokens': 60,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.usage.reasoning_tokens': 300,
    },
    expected: {
      usage: { input: 60, output: 20, reasoning: 300 },
      provider: 'gcp.gemini',
      model: 'gemini-2.5-pro',
      operation: 'chat',
    },
  },
  {
    name: 'the AI SDK 4, which tells cache tokens in the provider’s metadata',
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.streamText.doStream',
      'ai.model.provider': 'anthropic.messages',
      'ai.model.id': CLAUDE,
      'ai.response.id': 'msg_1',
      'ai.usage.promptTokens': 100,
      'ai.usage.completionTokens': 50,
      'ai.response.providerMetadata': JSON.stringify({
        anthropic: { cacheCreationInputTokens: 2048, cacheReadInputTokens: 1024 },
      }),
    },
    expected: claude,
  },
  {
    name: 'the AI SDK 5, which leaves cached tokens of Anthropic out',
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.generateText.doGenerate',
      'gen_ai.system': 'anthropic.messages',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      'ai.usage.inputTokens': 100,
      'ai.usage.outputTokens': 50,
      'ai.usage.cachedInputTokens': 1024,
      'ai.response.providerMetadata': JSON.stringify({
        anthropic: { usage: { input_tokens: 100 }, cacheCreationInputTokens: 2048 },
      }),
    },
    expected: claude,
  },
  {
    name: 'the AI SDK 5 for OpenAI, which counts cached tokens in',
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.streamText.doStream',
      'gen_ai.system': 'openai.responses',
      'gen_ai.request.model': 'gpt-5-mini',
      'ai.usage.inputTokens': 1200,
      'ai.usage.outputTokens': 300,
      'ai.usage.cachedInputTokens': 1024,
      'ai.usage.reasoningTokens': 200,
    },
    expected: gpt,
  },
  {
    name: 'the AI SDK 6, which counts everything in and tells the parts',
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.generateText.doGenerate',
      'gen_ai.system': 'anthropic.messages',
      'gen_ai.request.model': CLAUDE,
      'ai.usage.inputTokens': 3172,
      'ai.usage.inputTokenDetails.noCacheTokens': 100,
      'ai.usage.inputTokenDetails.cacheReadTokens': 1024,
      'ai.usage.inputTokenDetails.cacheWriteTokens': 2048,
      'ai.usage.outputTokens': 50,
      'ai.usage.outputTokenDetails.textTokens': 50,
    },
    expected: claude,
  },
  {
    name: 'the AI SDK, embeddings',
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.embed.doEmbed',
      'ai.model.provider': 'openai.embedding',
      'ai.model.id': 'text-embedding-3-small',
      'ai.usage.tokens': 42,
    },
    expected: { usage: { input: 42 }, provider: 'openai', model: 'text-embedding-3-small', operation: 'embeddings' },
  },
  {
    name: 'Logfire for Anthropic, which adds up, and hands on the raw usage',
    scope: 'logfire.anthropic',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'anthropic',
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.raw': JSON.stringify({
        input_tokens: 100,
        output_tokens: 50,
        cache_read_input_tokens: 1024,
        cache_creation_input_tokens: 2048,
        cache_creation: { ephemeral_5m_input_tokens: 1048, ephemeral_1h_input_tokens: 1000 },
        service_tier: null,
      }),
      'operation.cost': 0.01129,
    },
    expected: {
      ...claude,
      usage: { input: 100, cache_read: 1024, cache_write_5m: 1048, cache_write_1h: 1000, output: 50 },
      appCostUsd: '0.01129',
    },
  },
  {
    name: 'Logfire for OpenAI',
    scope: 'logfire.openai',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'openai',
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.usage.input_tokens': 1200,
      'gen_ai.usage.output_tokens': 300,
      'gen_ai.usage.raw': JSON.stringify({
        prompt_tokens: 1200,
        completion_tokens: 300,
        prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 200, audio_tokens: null },
      }),
    },
    expected: gpt,
  },
  {
    name: 'Pydantic AI',
    scope: 'pydantic-ai',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.system': 'anthropic',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.usage.input_tokens': 3172,
      'gen_ai.usage.output_tokens': 50,
      'gen_ai.usage.details.cache_read_tokens': 1024,
      'gen_ai.usage.details.cache_write_tokens': 2048,
    },
    expected: claude,
  },
  {
    name: 'Langfuse for Python, which hands on OpenAI’s usage and names no provider',
    scope: 'langfuse-sdk',
    attributes: {
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-5-mini',
      'langfuse.observation.usage_details': JSON.stringify({
        prompt_tokens: 1200,
        completion_tokens: 300,
        total_tokens: 1500,
        prompt_tokens_details: { cached_tokens: 1024 },
        completion_tokens_details: { reasoning_tokens: 200 },
      }),
    },
    expected: gpt,
  },
  {
    name: 'Langfuse’s own parts, which add up',
    scope: 'langfuse-sdk',
    attributes: {
      'langfuse.observation.type': 'generation',
      'langfuse.observation.model.name': 'gpt-5-mini',
      'langfuse.observation.usage_details': JSON.stringify({
        input: 176,
        input_cached_tokens: 1024,
        output: 100,
        output_reasoning_tokens: 200,
        total: 1500,
      }),
    },
    expected: gpt,
  },
  {
    name: 'Langfuse, embeddings',
    scope: 'langfuse-sdk',
    attributes: {
      'langfuse.observation.type': 'embedding',
      'langfuse.observation.model.name': 'text-embedding-3-small',
      'langfuse.observation.usage_details': '{"input":42}',
    },
    expected: { usage: { input: 42 }, provider: 'openai', model: 'text-embedding-3-small', operation: 'embeddings' },
  },
  {
    name: 'a gateway (LiteLLM), which counts cached tokens in',
    scope: 'litellm',
    attributes: {
      'llm.request.type': 'chat',
      'gen_ai.system': 'anthropic',
      'gen_ai.request.model': CLAUDE,
      'gen_ai.usage.prompt_tokens': 3172,
      'gen_ai.usage.completion_tokens': 50,
      'gen_ai.usage.cache_read_input_tokens': 1024,
      'gen_ai.usage.cache_creation_input_tokens': 2048,
    },
    expected: claude,
  },
  {
    name: 'a call that ended with a tool to be called',
    scope: 'opentelemetry.instrumentation.openai_v2',
    attributes: {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.response.finish_reasons': 'tool_calls',
      'gen_ai.usage.input_tokens': 900,
      'gen_ai.usage.output_tokens': 30,
    },
    expected: { usage: { input: 900, output: 30 }, provider: 'openai', model: 'gpt-5-mini', operation: 'chat' },
  },
];

/** Spans that say tokens and are no call: the calls below them say the same. */
export const AGGREGATE_FIXTURES: readonly Omit<DialectFixture, 'expected'>[] = [
  {
    name: 'the AI SDK’s outer span',
    scope: 'ai',
    attributes: {
      'ai.operationId': 'ai.generateText',
      'ai.model.provider': 'openai.responses',
      'ai.model.id': 'gpt-5-mini',
      'ai.usage.inputTokens': 900,
      'ai.usage.outputTokens': 30,
    },
  },
  {
    name: 'OpenInference’s agent',
    scope: 'openinference.instrumentation.agno',
    attributes: {
      'openinference.span.kind': 'AGENT',
      'llm.provider': 'openai',
      'llm.model_name': 'gpt-5-mini',
      'llm.token_count.prompt': 900,
      'llm.token_count.completion': 30,
    },
  },
];
