import { describe, expect, it } from 'vitest';
import { createStreamReader, priceInteraction, readUsage, type UsageReading } from '../../src/index.js';

const AT = Date.UTC(2026, 10, 22);
const CHAT = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
const TOKENS = { input_tokens: 1000, output_tokens: 100, total_tokens: 1100 };

function read(api: string, provider: string, body: object): UsageReading | undefined {
  return readUsage(api, provider, body);
}

/** The same by a stream of these events. */
function fold(api: string, provider: string, ...events: readonly object[]): UsageReading | undefined {
  const reader = createStreamReader(api, provider);
  for (const event of events) reader.push(event);
  return reader.finish();
}

interface Chat {
  readonly provider: string;
  readonly message?: object;
  readonly usage?: object;
  readonly beside?: object;
}

const QUOTE = { annotations: [{ type: 'url_citation', url_citation: { url: 'https://example.com' } }] };

describe('a chat whose provider ran tools without a price here', () => {
  const SHOWN: readonly (readonly [string, Chat])[] = [
    ['Groq', { provider: 'groq', message: { executed_tools: [{ index: 0, type: 'search' }] } }],
    ['Mistral', { provider: 'mistral', usage: { connectors: { web_search: 1 } } }],
    ['Moonshot’s, resold', { provider: 'any', message: { tool_calls: [{ function: { name: '$web_search' } }] } }],
    ['Alibaba', { provider: 'alibaba', usage: { plugins: { search: { count: 1, strategy: 'turbo' } } } }],
    ['Z.ai', { provider: 'zai', beside: { web_search: [{ link: 'https://example.com' }] } }],
    ['Writer', { provider: 'writer', message: { web_search_data: { sources: [] } } }],
    ['a gateway', { provider: 'any', usage: { server_tool_use: { web_search_requests: 1 } } }],
    ['OpenRouter', { provider: 'openrouter', usage: { server_tool_use_details: { tool_calls_executed: 1 } } }],
    ['OpenRouter, citing', { provider: 'openrouter', message: QUOTE }],
    ['Perplexity', { provider: 'perplexity', beside: { citations: ['https://example.com'] } }],
    ['Perplexity, citing', { provider: 'perplexity', beside: { search_results: [{ url: 'https://example.com' }] } }],
  ];

  it.each(SHOWN)('names them, whole and streamed, and left them out without a word: %s', (_name, chat) => {
    const { provider, message = {}, usage = {}, beside = {} } = chat;
    const counts = { ...CHAT, ...usage };
    const whole = { model: 'm', choices: [{ message }], usage: counts, ...beside };
    expect(read('chat.completions', provider, whole)).toMatchObject({
      usage: { input: 1000, output: 100 },
      quality: 'reported',
      notCounted: ['server_tools'],
    });
    const chunks = [
      { model: 'm', choices: [{ delta: message }], ...beside },
      { model: 'm', choices: [], usage: counts },
    ];
    expect(fold('chat.completions', provider, ...chunks)?.notCounted).toEqual(['server_tools']);
  });

  it.each(SHOWN)('says nothing of them where its cost is reported, which has them in it: %s', (_name, chat) => {
    const { provider, message = {}, usage = {}, beside = {} } = chat;
    const body = { model: 'm', choices: [{ message }], usage: { ...CHAT, ...usage, cost: 0.01 }, ...beside };
    expect(read('chat.completions', provider, body)?.notCounted).toBeUndefined();
  });

  it.each<Chat>([
    { provider: 'groq', message: { executed_tools: [] } },
    { provider: 'groq', usage: { usage_breakdown: null } },
    { provider: 'mistral', usage: { connectors: {} } },
    { provider: 'writer', message: { web_search_data: null } },
    { provider: 'openrouter', usage: { server_tool_use_details: { tool_calls_requested: 0 } } },
    { provider: 'openai', message: QUOTE },
    { provider: 'openai', message: { tool_calls: [{ function: { name: 'web_search' } }] } },
    { provider: 'perplexity', usage: { search_context_size: 'low' }, beside: { citations: ['https://example.com'] } },
  ])('names nothing where none ran, or they are counted: %o', ({ provider, message = {}, usage = {}, beside = {} }) => {
    const body = { model: 'm', choices: [{ message }], usage: { ...CHAT, ...usage }, ...beside };
    expect(read('chat.completions', provider, body)?.notCounted).toBeUndefined();
  });
});

describe('a search of Moonshot’s', () => {
  const call = { type: 'builtin_function', function: { name: '$web_search', arguments: '{}' } };
  const tokens = { model: 'kimi-k2.5', usage: CHAT };

  it('costs half a cent each time that the model asks for it, whole and streamed', () => {
    const body = { ...tokens, choices: [{ finish_reason: 'tool_calls', message: { tool_calls: [call, call] } }] };
    const response = { status: 200, body_kind: 'json', body };
    const answer = priceInteraction(
      { id: 'x', provider: 'moonshot', api: 'chat.completions', response },
      { at: AT, now: AT },
    );
    // $0.60 and $3 a million.
    expect(answer).toMatchObject({ cost_usd: '0.0009', fees_usd: '0.01' });
    expect(answer.not_counted).toBeUndefined();
    const chunks = [
      { ...tokens, usage: null, choices: [{ delta: { tool_calls: [{ index: 0, ...call }] } }] },
      { ...tokens, choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{' } }] } }] },
    ];
    expect(fold('chat.completions', 'moonshot', ...chunks)?.usage).toEqual({ input: 1000, output: 100, web_search: 1 });
  });

  it('is none where the model calls a function of the application', () => {
    const own = { type: 'function', function: { name: 'web_search', arguments: '{}' } };
    const body = { ...tokens, choices: [{ message: { tool_calls: [own] } }] };
    expect(read('chat.completions', 'moonshot', body)?.usage).toEqual({ input: 1000, output: 100 });
  });
});

describe('a response whose provider ran tools without a price here', () => {
  it.each([
    ['azure', { type: 'bing_grounding_call', status: 'completed' }],
    ['azure', { type: 'sharepoint_grounding_preview_call' }],
    ['perplexity', { type: 'search_results', results: [] }],
    ['perplexity', { type: 'fetch_url_results' }],
    ['openrouter', { type: 'openrouter:web_search', status: 'completed' }],
    ['openai', { type: 'telepathy_call' }],
  ])('names them: of %s, %o', (provider, item) => {
    const body = { model: 'm', output: [item, { type: 'message' }], usage: TOKENS };
    expect(read('responses', provider, body)?.notCounted).toEqual(['server_tools']);
    expect(read('responses', provider, { ...body, usage: { ...TOKENS, cost: 0.01 } })?.notCounted).toBeUndefined();
  });

  it('names those that Perplexity counts in its usage', () => {
    const usage = { ...TOKENS, tool_calls_details: { web_search: { invocation: 2 } } };
    expect(read('responses', 'perplexity', { model: 'm', output: [], usage })?.notCounted).toEqual(['server_tools']);
  });

  it.each([
    'function_call',
    'custom_tool_call',
    'computer_call',
    'local_shell_call',
    'shell_call',
    'apply_patch_call',
    'mcp_call',
    'tool_search_call',
    'web_search_call',
    'file_search_call',
    'code_interpreter_call',
  ])('names nothing of what is counted, costs its tokens, or the application answers: %s', (type) => {
    const body = { model: 'm', output: [{ type }], usage: TOKENS };
    expect(read('responses', 'openai', body)?.notCounted).toBeUndefined();
  });
});

describe('a tool of other APIs without a price here is named', () => {
  it('of Amazon Nova, whole and streamed', () => {
    const toolUse = { name: 'nova_grounding', toolUseId: 't', type: 'server_tool_use' };
    const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };
    const body = { output: { message: { content: [{ toolUse }, { text: 'hi' }] } }, usage };
    for (const api of ['converse', 'invoke_model'])
      expect(read(api, 'bedrock', body)).toMatchObject({
        usage: { input: 10, output: 5 },
        notCounted: ['server_tools'],
      });
    const events = [{ contentBlockStart: { start: { toolUse } } }, { metadata: { usage } }];
    expect(fold('converse', 'bedrock', ...events)?.notCounted).toEqual(['server_tools']);
    const own = { ...body, output: { message: { content: [{ toolUse: { ...toolUse, type: 'tool_use' } }] } } };
    expect(read('converse', 'bedrock', own)?.notCounted).toBeUndefined();
  });

  it('of Anthropic, under a name that is new; not what is free or counted', () => {
    const body = (tools: object): object => ({
      type: 'message',
      usage: { input_tokens: 10, output_tokens: 5, server_tool_use: tools },
    });
    const known = { web_search_requests: 1, web_fetch_requests: 2, tool_search_requests: 1 };
    expect(read('messages', 'anthropic', body(known))?.notCounted).toBeUndefined();
    expect(read('messages', 'anthropic', body({ ...known, telepathy_requests: 1 }))?.notCounted).toEqual([
      'server_tools',
    ]);
  });

  it('of Cohere, where a chat is billed for what is no token', () => {
    const billed = { input_tokens: 10, output_tokens: 5 };
    const chat = (units: object): object => ({ usage: { billed_units: units } });
    expect(read('chat', 'cohere', chat(billed))?.notCounted).toBeUndefined();
    expect(read('chat', 'cohere', chat({ ...billed, search_units: 1 }))?.notCounted).toEqual(['server_tools']);
  });

  it('of Google: searches for images, and data of one’s own on Vertex AI, which the Gemini API searches for nothing', () => {
    const body = (groundingMetadata: object): object => ({
      modelVersion: 'gemini-3.1-pro-preview',
      candidates: [{ groundingMetadata, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    });
    const data = body({ groundingChunks: [{ retrievedContext: { title: 'a' } }] });
    expect(read('generateContent', 'vertex_ai', data)?.notCounted).toEqual(['server_tools']);
    expect(read('generateContent', 'gemini', data)?.notCounted).toBeUndefined();
    const images = body({ imageSearchQueries: ['a cat'] });
    expect(read('generateContent', 'gemini', images)?.notCounted).toEqual(['server_tools']);
  });

  it('of Google’s interactions', () => {
    const body = (type: string): object => ({
      model: 'gemini-3.1-pro-preview',
      usage: { total_input_tokens: 10, total_output_tokens: 5, grounding_tool_count: [{ type, count: 2 }] },
    });
    expect(read('interactions', 'gemini', body('retrieval'))?.notCounted).toEqual(['server_tools']);
    expect(read('interactions', 'gemini', body('google_search'))).toMatchObject({ usage: { web_search: 2 } });
    expect(read('interactions', 'gemini', body('google_search'))?.notCounted).toBeUndefined();
  });
});

describe('searches of Gemini', () => {
  const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 };

  it('are counted where the last event of a stream does not repeat them, which left them out', () => {
    const model = { modelVersion: 'gemini-3.1-pro-preview' };
    const events = [
      { ...model, candidates: [{ groundingMetadata: { webSearchQueries: ['a', 'b'] } }] },
      { ...model, candidates: [{ finishReason: 'STOP' }], usageMetadata },
    ];
    expect(fold('generateContent', 'gemini', ...events)).toMatchObject({
      usage: { input: 10, output: 5, web_search: 2 },
      finishReasons: ['STOP'],
    });
  });

  it('are counted in live sessions, each with its turn, which left them out', () => {
    const turn = { usageMetadata: { promptTokenCount: 10, responseTokenCount: 5, totalTokenCount: 15 } };
    const session = (model: string): readonly object[] => [
      { setup: { model } },
      { serverContent: { groundingMetadata: { webSearchQueries: ['a', 'b'] } } },
      turn,
      turn,
    ];
    const newer = fold('realtime', 'gemini', ...session('models/gemini-3.1-flash-live-preview'));
    expect(newer?.usage).toEqual({ input: 20, output: 10, web_search: 2 });
    const older = fold('realtime', 'gemini', ...session('models/gemini-2.5-flash-native-audio-preview-09-2025'));
    expect(older).toMatchObject({ usage: { input: 20, output: 10 }, notCounted: ['server_tools'] });
  });
});

describe('code that an assistant ran', () => {
  const run = { object: 'thread.run', model: 'gpt-4o', tools: [{ type: 'code_interpreter' }], usage: CHAT };
  const step = (type: string): object => ({ object: 'thread.run.step', step_details: { tool_calls: [{ type }] } });

  it('is a container, which streams left out', () => {
    const events = [step('code_interpreter'), step('code_interpreter'), run];
    expect(fold('assistants', 'openai', ...events)?.usage).toEqual({ input: 1000, output: 100, code_execution: 1 });
    expect(fold('assistants', 'openai', step('file_search'), run)?.usage).toEqual({ input: 1000, output: 100 });
  });

  it('is named where a run does not say whether it used what it was given', () => {
    expect(read('assistants', 'openai', run)?.notCounted).toEqual(['server_tools']);
    expect(read('assistants', 'openai', { ...run, tools: [{ type: 'file_search' }] })?.notCounted).toBeUndefined();
    expect(fold('assistants', 'openai', run)?.notCounted).toBeUndefined();
  });
});

describe('tools that the provider ran, below a framework that counts tokens alone,', () => {
  const finish = { type: 'finish', usage: { inputTokens: 1000, outputTokens: 100, totalTokens: 1100 } };
  const call = (toolName: string): object => ({ type: 'tool-call', toolName, providerExecuted: true });

  it('are named in streams of the AI SDK', () => {
    expect(fold('ai-sdk', 'openai', call('web_search'), finish)).toMatchObject({
      usage: { input: 1000, output: 100 },
      notCounted: ['server_tools'],
    });
    const raw = { input_tokens: 1000, input_tokens_details: { cached_tokens: 0 }, output_tokens: 100 };
    const withRaw = { ...finish, usage: { ...finish.usage, raw } };
    expect(fold('ai-sdk', 'openai', call('file_search'), withRaw)?.notCounted).toEqual(['server_tools']);
    expect(fold('ai-sdk', 'openai', call('mcp.add'), withRaw)?.notCounted).toBeUndefined();
    const own = { type: 'tool-call', toolName: 'web_search' };
    expect(fold('ai-sdk', 'openai', own, withRaw)?.notCounted).toBeUndefined();
  });

  it('are counted where the SDK keeps the provider’s own counts', () => {
    const anthropic = { input_tokens: 1000, cache_read_input_tokens: 0, output_tokens: 100 };
    const searched = { ...anthropic, server_tool_use: { web_search_requests: 2 } };
    const claude = fold('ai-sdk', 'anthropic', call('web_search'), { ...finish, usage: { raw: searched } });
    expect(claude?.usage.web_search).toBe(2);
    expect(claude?.notCounted).toBeUndefined();
    const gemini = fold(
      'ai-sdk',
      'gemini',
      { type: 'response-metadata', modelId: 'gemini-3.1-pro-preview' },
      {
        ...finish,
        usage: { raw: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 } },
        providerMetadata: { google: { groundingMetadata: { webSearchQueries: ['a'] } } },
      },
    );
    expect(gemini).toMatchObject({ usage: { input: 10, output: 5, web_search: 1 } });
  });

  it('are named in answers of LangChain', () => {
    const counts = { input_tokens: 1000, output_tokens: 100 };
    const messages = [
      { additional_kwargs: { tool_outputs: [{ type: 'web_search_call' }] } },
      { content: [{ type: 'server_tool_use', name: 'web_search' }] },
      { response_metadata: { groundingMetadata: { webSearchQueries: ['a'] } } },
    ];
    for (const message of messages) {
      const whole = { generations: [{ message: { ...message, usage_metadata: counts } }] };
      expect(read('langchain', 'openai', whole)).toMatchObject({
        usage: { input: 1000, output: 100 },
        notCounted: ['server_tools'],
      });
      const chunks = [{ message }, { message: { usage_metadata: counts } }];
      expect(fold('langchain', 'openai', ...chunks)?.notCounted).toEqual(['server_tools']);
    }
    const plain = { generations: [{ message: { content: [], usage_metadata: counts } }] };
    expect(read('langchain', 'openai', plain)?.notCounted).toBeUndefined();
  });
});

describe('costel price', () => {
  it('says of a chat with Nova’s search that its cost lacks it', () => {
    const body = {
      output: { message: { content: [{ toolUse: { name: 'nova_grounding', type: 'server_tool_use' } }] } },
      usage: { inputTokens: 1000, outputTokens: 100, totalTokens: 1100 },
    };
    const call = {
      id: 'x',
      provider: 'bedrock',
      api: 'converse',
      request: { url: 'https://bedrock-runtime.us-east-1.amazonaws.com/model/us.amazon.nova-2-lite-v1%3A0/converse' },
      response: { status: 200, body_kind: 'json', body },
    };
    expect(priceInteraction(call, { at: AT, now: AT })).toMatchObject({
      status: 'priced',
      not_counted: ['server_tools'],
    });
  });
});
