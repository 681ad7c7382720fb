import { bytes, json, sse, text, type Reply, type SseEvent } from './provider-server.js';

/** Input 50 (40 of an image), output 272 of an image. */
export const IMAGE_USAGE = {
  input_tokens: 50,
  output_tokens: 272,
  total_tokens: 322,
  input_tokens_details: { text_tokens: 10, image_tokens: 40 },
};

const IMAGE = { b64_json: 'aW1hZ2U=' };

export const imageJson = (more: Record<string, unknown> = { usage: IMAGE_USAGE }): Reply =>
  json({ created: 1_760_000_000, data: [IMAGE], size: '1024x1024', quality: 'low', output_format: 'png', ...more });

/** Two partial images, then the whole one with its usage; `kind` as in the event's type. */
export function imageSse(kind: 'image_generation' | 'image_edit', options: { hold?: boolean } = {}): Reply {
  const partial = (index: number): SseEvent => {
    const type = `${kind}.partial_image`;
    return { event: type, data: { type, partial_image_index: index, ...IMAGE, created_at: 1, size: '1024x1024' } };
  };
  const type = `${kind}.completed`;
  const whole = { event: type, data: { type, ...IMAGE, created_at: 1, size: '1024x1024', usage: IMAGE_USAGE } };
  return sse([partial(0), partial(1), ...(options.hold === true ? [] : [whole])], options);
}

/** Input 40 (37 of sound), output 12. */
export const TRANSCRIPT_USAGE = {
  type: 'tokens',
  input_tokens: 40,
  output_tokens: 12,
  total_tokens: 52,
  input_token_details: { text_tokens: 3, audio_tokens: 37 },
};

export const transcriptJson = (more: Record<string, unknown> = { usage: TRANSCRIPT_USAGE }): Reply =>
  json({ text: 'two and two make four', ...more });

export const transcriptText = (): Reply => text('two and two make four\n', 'text/plain; charset=utf-8');

export function transcriptSse(options: { hold?: boolean } = {}): Reply {
  const delta = (part: string): SseEvent => ({ data: { type: 'transcript.text.delta', delta: part } });
  const done = {
    data: { type: 'transcript.text.done', text: 'two and two make four', usage: TRANSCRIPT_USAGE },
  };
  return sse([delta('two and '), delta('two make four'), ...(options.hold === true ? [] : [done])], options);
}

/** A second of silence, more or less. */
export const SOUND = new Uint8Array(2000).map((_, index) => index % 251);

export const speechSound = (): Reply => bytes(SOUND, 'audio/mpeg');

export const moderationJson = (): Reply =>
  json({
    id: 'modr-fixed',
    model: 'omni-moderation-latest',
    results: [{ flagged: false, categories: { violence: false }, category_scores: { violence: 0.0001 } }],
  });

/** A batch under way, or one that ended with the usage of its calls. */
export function batchBody(status: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'batch_fixed',
    object: 'batch',
    endpoint: '/v1/chat/completions',
    model: 'gpt-5-nano-2025-08-07',
    input_file_id: 'file-in',
    completion_window: '24h',
    status,
    created_at: 1_763_800_000,
    in_progress_at: 1_763_800_010,
    output_file_id: status === 'completed' ? 'file-out' : null,
    error_file_id: null,
    request_counts: { total: 2, completed: status === 'completed' ? 2 : 0, failed: 0 },
    metadata: null,
    ...more,
  };
}

/** Input 360 of which 100 cached, output 224 of which 128 reasoning. */
export const BATCH_USAGE = {
  input_tokens: 360,
  output_tokens: 224,
  total_tokens: 584,
  input_tokens_details: { cached_tokens: 100 },
  output_tokens_details: { reasoning_tokens: 128 },
};

export const batchJson = (status: string, more?: Record<string, unknown>): Reply => json(batchBody(status, more));

export const conversationJson = (): Reply =>
  json({ id: 'conv_fixed', object: 'conversation', created_at: 1_760_000_000, metadata: {} });

export const itemsJson = (): Reply =>
  json({
    object: 'list',
    data: [{ type: 'message', id: 'msg_1', role: 'user', content: [{ type: 'input_text', text: 'hello' }] }],
    first_id: 'msg_1',
    last_id: 'msg_1',
    has_more: false,
  });
