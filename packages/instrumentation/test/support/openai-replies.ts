import { json, sse, type Reply, type SseEvent } from './provider-server.js';

/** Input 1200 of which 1024 cached, output 300 of which 200 reasoning. */
export const CHAT_USAGE = {
  prompt_tokens: 1200,
  completion_tokens: 300,
  total_tokens: 1500,
  prompt_tokens_details: { cached_tokens: 1024, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 200, audio_tokens: 0 },
};

export const CHAT_MODEL = 'gpt-4o';
const ANSWERING_MODEL = 'gpt-4o-2024-08-06';

interface Message {
  readonly role: 'assistant';
  readonly content: string | null;
  readonly refusal: null;
  readonly tool_calls?: readonly unknown[];
}

export function chatBody(message: Partial<Message> = {}, finishReason = 'stop'): Record<string, unknown> {
  return {
    id: 'chatcmpl-fixed',
    object: 'chat.completion',
    created: 1_760_000_000,
    model: ANSWERING_MODEL,
    service_tier: 'default',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'four', refusal: null, ...message },
        logprobs: null,
        finish_reason: finishReason,
      },
    ],
    usage: CHAT_USAGE,
  };
}

export const chatJson = (message?: Partial<Message>, finishReason?: string): Reply =>
  json(chatBody(message, finishReason));

export const chatToolCall = (): Reply =>
  chatJson(
    {
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'add', arguments: '{"a":2,"b":2}' } }],
    },
    'tool_calls',
  );

function chatChunk(choices: readonly unknown[], more: Record<string, unknown> = {}): SseEvent {
  return {
    data: {
      id: 'chatcmpl-fixed',
      object: 'chat.completion.chunk',
      created: 1,
      model: ANSWERING_MODEL,
      choices,
      ...more,
    },
  };
}

const delta = (content: string, finishReason: string | null = null, more: Record<string, unknown> = {}): SseEvent =>
  chatChunk([{ index: 0, delta: { content }, logprobs: null, finish_reason: finishReason }], more);

/** Five chunks of text; the usage chunk only when the request asked for it, as the real API does. */
export function chatSse(options: { hold?: boolean; extra?: readonly SseEvent[] } = {}): Reply {
  return (request, response) => {
    const asked = (request.body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
    const empty = asked ? { usage: null } : {};
    const events = [
      chatChunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }], empty),
      delta('two and ', null, empty),
      delta('two ', null, empty),
      delta('make four', null, empty),
      ...(options.extra ?? []),
      ...(options.hold === true ? [] : [delta('', 'stop', empty)]),
      ...(asked && options.hold !== true ? [chatChunk([], { usage: CHAT_USAGE })] : []),
    ];
    return sse(events, options.hold === true ? { hold: true } : { done: true })(request, response);
  };
}

export const chatToolCallSse = (): Reply =>
  sse(
    [
      chatChunk([
        {
          index: 0,
          delta: {
            role: 'assistant',
            tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'add', arguments: '' } }],
          },
          finish_reason: null,
        },
      ]),
      chatChunk([
        {
          index: 0,
          delta: { tool_calls: [{ index: 0, function: { arguments: '{"a":2,"b":2}' } }] },
          finish_reason: null,
        },
      ]),
      chatChunk([{ index: 0, delta: {}, finish_reason: 'tool_calls' }]),
    ],
    { done: true },
  );

export const completionJson = (): Reply =>
  json({
    id: 'cmpl-fixed',
    object: 'text_completion',
    created: 1,
    model: 'gpt-3.5-turbo-instruct',
    choices: [{ text: ' four', index: 0, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  });

export const completionSse = (): Reply => (request, response) => {
  const asked = (request.body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true;
  const base = { id: 'cmpl-fixed', object: 'text_completion', created: 1, model: 'gpt-3.5-turbo-instruct' };
  return sse(
    [
      { data: { ...base, choices: [{ text: ' fo', index: 0, finish_reason: null }] } },
      { data: { ...base, choices: [{ text: 'ur', index: 0, finish_reason: 'stop' }] } },
      ...(asked
        ? [{ data: { ...base, choices: [], usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 } } }]
        : []),
    ],
    { done: true },
  )(request, response);
};

export const embeddingJson = (): Reply => (request, response) => {
  const vector = [0.25, -0.5, 1];
  const embedding =
    request.body['encoding_format'] === 'base64'
      ? Buffer.from(new Float32Array(vector).buffer).toString('base64')
      : vector;
  return json({
    object: 'list',
    model: 'text-embedding-3-small',
    data: [{ object: 'embedding', index: 0, embedding }],
    usage: { prompt_tokens: 42, total_tokens: 42 },
  })(request, response);
};

/** Input 900 of which 512 cached, output 120 of which 64 reasoning, one web search. */
export const RESPONSES_USAGE = {
  input_tokens: 900,
  input_tokens_details: { cached_tokens: 512 },
  output_tokens: 120,
  output_tokens_details: { reasoning_tokens: 64 },
  total_tokens: 1020,
};

export function responseBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'resp_fixed',
    object: 'response',
    created_at: 1_760_000_000,
    status: 'completed',
    model: ANSWERING_MODEL,
    service_tier: 'default',
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    parallel_tool_calls: true,
    temperature: 1,
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    output: [
      {
        type: 'message',
        id: 'msg_fixed',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: '{"answer":4}', annotations: [] }],
      },
    ],
    usage: RESPONSES_USAGE,
    ...more,
  };
}

export const responseJson = (): Reply => json(responseBody());

export function responseSse(options: { hold?: boolean } = {}): Reply {
  const started = responseBody({ status: 'in_progress', output: [], usage: null });
  const item = { type: 'message', id: 'msg_fixed', role: 'assistant', status: 'in_progress', content: [] };
  const part = { type: 'output_text', text: '', annotations: [] };
  const at = { item_id: 'msg_fixed', output_index: 0, content_index: 0 };
  const event = (type: string, data: Record<string, unknown>, sequence: number): SseEvent => ({
    event: type,
    data: { type, sequence_number: sequence, ...data },
  });
  const opening = [
    event('response.created', { response: started }, 0),
    event('response.output_item.added', { output_index: 0, item }, 1),
    event('response.content_part.added', { ...at, part }, 2),
    event('response.output_text.delta', { ...at, delta: '{"answer"', logprobs: [] }, 3),
    event('response.output_text.delta', { ...at, delta: ':4}', logprobs: [] }, 4),
  ];
  const closing = [
    event('response.output_text.done', { ...at, text: '{"answer":4}', logprobs: [] }, 5),
    event('response.content_part.done', { ...at, part: { ...part, text: '{"answer":4}' } }, 6),
    event(
      'response.output_item.done',
      { output_index: 0, item: { ...item, status: 'completed', content: [{ ...part, text: '{"answer":4}' }] } },
      7,
    ),
    event('response.completed', { response: responseBody() }, 8),
  ];
  return options.hold === true ? sse(opening, { hold: true }) : sse([...opening, ...closing]);
}

export const rateLimited = (): Reply =>
  json(
    { error: { message: 'Rate limit reached', type: 'requests', param: null, code: 'rate_limit_exceeded' } },
    { status: 429, headers: { 'retry-after-ms': '1' } },
  );

export const serverError = (): Reply => json({ error: { message: 'boom', type: 'server_error' } }, { status: 500 });
