import { describe, expect, it } from 'vitest';
import { createStreamReader, priceInteraction, readItems } from '../../src/index.js';

/** A session of two answers, as OpenAI documents its events; the second one reads the first from the cache. */
const FRAMES = [
  { type: 'session.created', session: { id: 'sess_1', model: 'gpt-realtime' } },
  { type: 'response.created', response: { id: 'resp_1', usage: null } },
  { type: 'response.output_audio_transcript.delta', delta: 'Hello' },
  {
    type: 'response.done',
    response: {
      id: 'resp_1',
      status: 'completed',
      usage: {
        total_tokens: 146,
        input_tokens: 40,
        output_tokens: 106,
        input_token_details: { text_tokens: 14, audio_tokens: 26, cached_tokens: 0 },
        output_token_details: { text_tokens: 29, audio_tokens: 77 },
      },
    },
  },
  {
    type: 'response.done',
    response: {
      id: 'resp_2',
      status: 'completed',
      usage: {
        total_tokens: 260,
        input_tokens: 200,
        output_tokens: 60,
        input_token_details: {
          text_tokens: 100,
          audio_tokens: 100,
          cached_tokens: 128,
          cached_tokens_details: { text_tokens: 64, audio_tokens: 64 },
        },
        output_token_details: { text_tokens: 10, audio_tokens: 50 },
      },
    },
  },
];

describe('a realtime session', () => {
  it('holds one billed answer a response, each bucket counted once', () => {
    expect(readItems('realtime', FRAMES)).toMatchObject([
      {
        responseId: 'resp_1',
        usage: { input: 14, input_audio: 26, output: 29, output_audio: 77 },
        quality: 'reported',
      },
      {
        responseId: 'resp_2',
        responseModel: 'gpt-realtime',
        usage: { cache_read_audio: 64, cache_read: 64, input_audio: 36, input: 36, output: 10, output_audio: 50 },
      },
    ]);
  });

  it('is the sum of its answers for who follows it live', () => {
    const reader = createStreamReader('realtime', 'openai');
    for (const frame of FRAMES) reader.push({ kind: 'message', direction: 'received', data: frame });
    expect(reader.finish()).toMatchObject({
      usage: { input: 50, input_audio: 62, cache_read: 64, cache_read_audio: 64, output: 39, output_audio: 127 },
      quality: 'reported',
    });
  });

  it('has no cost of its own: its answers have, so that nothing is counted twice', () => {
    const answer = priceInteraction(
      {
        id: 'a',
        provider: 'openai',
        api: 'realtime',
        response: { status: 101, body_kind: 'ws-frames-ndjson', body: FRAMES.map((f) => JSON.stringify(f)).join('\n') },
      },
      { at: Date.UTC(2026, 10, 22), now: 0 },
    );
    expect(answer).toMatchObject({ status: 'not_billable', cost_usd: null, model: 'gpt-realtime' });
    expect(answer.items?.map(({ id, status }) => [id, status])).toEqual([
      ['a#1', 'priced'],
      ['a#2', 'priced'],
    ]);
    expect(answer.items?.every((item) => Number(item.cost_usd) > 0)).toBe(true);
  });

  it('has what was said to it written down by a model of its own, at that model’s price', () => {
    const session = {
      type: 'session.updated',
      session: { audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' } } } },
    };
    const completed = {
      type: 'conversation.item.input_audio_transcription.completed',
      item_id: 'item_1',
      transcript: 'Hi',
    };
    const byTokens = {
      ...completed,
      usage: {
        type: 'tokens',
        total_tokens: 30,
        input_tokens: 20,
        input_token_details: { audio_tokens: 20 },
        output_tokens: 10,
      },
    };
    const byLength = { ...completed, usage: { type: 'duration', seconds: 2.2 } };
    const frames = [FRAMES[0] ?? {}, session, byTokens, byLength, FRAMES[3] ?? {}];
    expect(readItems('realtime', frames)).toMatchObject([
      { responseModel: 'gpt-4o-mini-transcribe', usage: { input_audio: 20, output: 10 }, quality: 'reported' },
      { responseModel: 'gpt-4o-mini-transcribe', usage: { audio_second: 3 } },
      { responseModel: 'gpt-realtime', responseId: 'resp_1' },
    ]);
    const reader = createStreamReader('realtime', 'openai');
    for (const frame of frames) reader.push(frame);
    expect(reader.finish()).toMatchObject({
      responseModel: 'gpt-realtime',
      usage: { input: 14, input_audio: 26, output: 29, output_audio: 77 },
      beside: [{ usage: { input_audio: 20, output: 10 } }, { usage: { audio_second: 3 } }],
    });
  });

  it('whose transcription’s model nobody names leaves that unpriced, and never at the price of the session’s model', () => {
    const usage = { type: 'tokens', total_tokens: 30, input_tokens: 20, output_tokens: 10 };
    const frames = [{ type: 'conversation.item.input_audio_transcription.completed', usage }, FRAMES[3] ?? {}];
    const answer = priceInteraction(
      {
        id: 'a',
        provider: 'openai',
        api: 'realtime',
        request_model: 'gpt-realtime',
        response: { status: 101, body_kind: 'ws-frames-ndjson', body: frames.map((f) => JSON.stringify(f)).join('\n') },
      },
      { at: Date.UTC(2026, 10, 22), now: 0 },
    );
    expect(answer.model).toBe('gpt-realtime');
    expect(answer.items).toMatchObject([
      { status: 'unpriced', reason: 'unknown_model' },
      { status: 'priced', model: 'gpt-realtime' },
    ]);
  });

  it('of Gemini Live is one answer a turn, and of xAI states its usage beside the response', () => {
    expect(
      readItems('realtime', [
        { setup: { model: 'models/gemini-live-2.5-flash' } },
        {
          usageMetadata: {
            promptTokenCount: 32,
            responseTokenCount: 87,
            totalTokenCount: 119,
            promptTokensDetails: [{ modality: 'TEXT', tokenCount: 32 }],
            responseTokensDetails: [
              { modality: 'TEXT', tokenCount: 12 },
              { modality: 'AUDIO', tokenCount: 75 },
            ],
          },
        },
      ]),
    ).toMatchObject([{ responseModel: 'gemini-live-2.5-flash', usage: { input: 32, output: 12, output_audio: 75 } }]);
    expect(
      readItems('realtime', [
        {
          type: 'response.done',
          response: { id: 'r', usage: {} },
          usage: { input_tokens: 8, output_tokens: 9, total_tokens: 17, output_token_details: { audio_tokens: 4 } },
        },
      ]),
    ).toMatchObject([{ usage: { input: 8, output: 5, output_audio: 4 } }]);
  });
});

describe('the results of a message batch', () => {
  const line = (id: string, input: number): object => ({
    custom_id: id,
    result: {
      type: 'succeeded',
      message: { id: `msg_${id}`, model: 'claude-haiku-4-5', usage: { input_tokens: input, output_tokens: 5 } },
    },
  });

  it('are billed each by itself at the batch price; what failed is not', () => {
    const lines = [line('a', 20), { custom_id: 'b', result: { type: 'errored', error: {} } }, line('c', 30)];
    expect(readItems('messages.batches', lines)).toMatchObject([
      { serviceTier: 'batch', usage: { input: 20, output: 5 } },
      { serviceTier: 'batch', usage: { input: 30, output: 5 } },
    ]);
    const answer = priceInteraction(
      {
        id: 'x',
        provider: 'anthropic',
        api: 'messages.batches',
        response: { status: 200, body_kind: 'ndjson', body: lines.map((l) => JSON.stringify(l)).join('\n') },
      },
      { at: Date.UTC(2026, 10, 22), now: 0 },
    );
    // $1/M in, $5/M out, half of it in a batch.
    expect(answer.items?.map((item) => item.cost_usd)).toEqual(['0.0000225', '0.0000275']);
  });
});
