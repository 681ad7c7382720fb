import { json, sse, type Reply, type SseEvent } from './provider-server.js';

/** Input 100 + cache write 2048 (1048 for 5 min, 1000 for 1 h) + cache read 1024 = 3172; output 50; 2 web searches. */
export const MESSAGE_USAGE = {
  input_tokens: 100,
  cache_creation_input_tokens: 2048,
  cache_read_input_tokens: 1024,
  cache_creation: { ephemeral_5m_input_tokens: 1048, ephemeral_1h_input_tokens: 1000 },
  output_tokens: 50,
  server_tool_use: { web_search_requests: 2 },
  service_tier: 'standard',
};

export const MESSAGE_MODEL = 'claude-sonnet-4-6';

export function messageBody(more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'msg_fixed',
    type: 'message',
    role: 'assistant',
    model: MESSAGE_MODEL,
    content: [{ type: 'text', text: '{"answer":4}' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: MESSAGE_USAGE,
    ...more,
  };
}

export const messageJson = (more?: Record<string, unknown>): Reply => json(messageBody(more));

export const messageToolUse = (): Reply =>
  messageJson({
    content: [{ type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: 2, b: 2 } }],
    stop_reason: 'tool_use',
  });

const event = (type: string, data: Record<string, unknown> = {}): SseEvent => ({
  event: type,
  data: { type, ...data },
});

const OPENING = [
  event('message_start', {
    message: messageBody({ content: [], stop_reason: null, usage: { ...MESSAGE_USAGE, output_tokens: 1 } }),
  }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  event('ping'),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: '{"answer"' } }),
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ':4}' } }),
];

const CLOSING = [
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 50 } }),
  event('message_stop'),
];

export function messageSse(options: { hold?: boolean; failing?: boolean } = {}): Reply {
  if (options.hold === true) return sse(OPENING, { hold: true });
  if (options.failing === true) {
    return sse([...OPENING, event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } })]);
  }
  return sse([...OPENING, ...CLOSING]);
}

export const rateLimited = (): Reply =>
  json(
    { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } },
    { status: 429, headers: { 'retry-after-ms': '1' } },
  );
