import { json, sse, type Reply } from '../../../packages/instrumentation/test/support/provider-server.js';

/** Input 100 of which 30 cached, output 10. */
export const MISTRAL_USAGE = {
  prompt_tokens: 100,
  completion_tokens: 10,
  total_tokens: 110,
  prompt_tokens_details: { cached_tokens: 30 },
};

const MODEL = 'mistral-small-latest';
const BASE = { id: 'mistral-fixed', object: 'chat.completion', created: 1_760_000_000, model: MODEL };

export const mistralJson = (content = 'four'): Reply =>
  json({
    ...BASE,
    choices: [{ index: 0, message: { role: 'assistant', content, tool_calls: null }, finish_reason: 'stop' }],
    usage: MISTRAL_USAGE,
  });

const chunk = (content: string, finishReason: string | null = null, more: object = {}) => ({
  data: {
    ...BASE,
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta: { role: 'assistant', content }, finish_reason: finishReason }],
    ...more,
  },
});

export const mistralSse = (options: { hold?: boolean; id?: string } = {}): Reply => {
  const { id = BASE.id } = options;
  const opening = [chunk('two and ', null, { id }), chunk('two make four', null, { id })];
  if (options.hold === true) return sse(opening, { hold: true });
  return sse([...opening, chunk('', 'stop', { id, usage: MISTRAL_USAGE })], { done: true });
};

export const mistralEmbeddings = (): Reply =>
  json({
    id: 'emb-fixed',
    object: 'list',
    model: 'mistral-embed',
    data: [{ object: 'embedding', embedding: [0.25, 0.5], index: 0 }],
    usage: { prompt_tokens: 42, completion_tokens: 0, total_tokens: 42 },
  });

export const mistralOcr = (): Reply =>
  json({
    model: 'mistral-ocr-latest',
    pages: [{ index: 0, markdown: '# one', images: [], dimensions: { dpi: 200, height: 10, width: 10 } }],
    usage_info: { pages_processed: 3, doc_size_bytes: 9 },
  });

export const mistralConversation = (): Reply =>
  json({
    object: 'conversation.response',
    conversation_id: 'conv-fixed',
    outputs: [
      {
        object: 'entry',
        type: 'message.output',
        id: 'msg-fixed',
        model: MODEL,
        role: 'assistant',
        content: 'four',
        created_at: '2026-01-01T00:00:00Z',
        completed_at: '2026-01-01T00:00:01Z',
      },
    ],
    usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 },
  });

export const mistralRefused = (): Reply =>
  json({ object: 'error', message: 'Unauthorized', type: 'auth', code: '401' }, { status: 401 });
