import { describe, expect, it } from 'vitest';
import { createStreamReader, readUsage } from '../../src/index.js';

describe('Cohere', () => {
  const units = { billed_units: { input_tokens: 7, output_tokens: 3 }, tokens: { input_tokens: 70, output_tokens: 4 } };

  it('is read by what it bills, in both versions', () => {
    expect(readUsage('chat', 'cohere', { id: 'c1', finish_reason: 'COMPLETE', usage: units })).toMatchObject({
      usage: { input: 7, output: 3 },
      responseId: 'c1',
      finishReasons: ['COMPLETE'],
    });
    expect(readUsage('chat', 'cohere', { meta: units })?.usage).toEqual({ input: 7, output: 3 });
  });

  it('streamed is read from its end', () => {
    for (const end of [
      { type: 'message-end', delta: { usage: units } },
      { event_type: 'stream-end', response: { meta: units } },
    ]) {
      const reader = createStreamReader('chat', 'cohere');
      reader.push({ type: 'content-delta', delta: { message: { content: { text: 'Hi' } } } });
      reader.push(end);
      expect(reader.finish()?.usage).toEqual({ input: 7, output: 3 });
    }
  });

  it('embeds text and images', () => {
    expect(
      readUsage('embed', 'cohere', { meta: { billed_units: { input_tokens: 4, image_tokens: 6 } } })?.usage,
    ).toEqual({ input: 4, input_image: 6 });
    expect(readUsage('embed', 'cohere', { meta: {} })?.quality).toBe('missing');
  });
});

describe('the other APIs of OpenAI', () => {
  it('have the usage of a run in the run, also in a stream', () => {
    const run = {
      id: 'run_1',
      object: 'thread.run',
      model: 'gpt-4o-mini',
      status: 'completed',
      usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 },
    };
    const expected = { usage: { input: 9, output: 4 }, responseModel: 'gpt-4o-mini', finishReasons: ['completed'] };
    expect(readUsage('assistants', 'openai', run)).toMatchObject(expected);
    const reader = createStreamReader('assistants', 'openai');
    for (const event of [{ ...run, usage: null }, { object: 'thread.run.step', usage: run.usage }, run])
      reader.push(event);
    expect(reader.finish()).toMatchObject(expected);
  });

  it('count image tokens of images apart', () => {
    const usage = {
      input_tokens: 20,
      input_tokens_details: { text_tokens: 5, image_tokens: 15 },
      output_tokens: 100,
      total_tokens: 120,
    };
    expect(readUsage('images', 'openai', { usage })?.usage).toEqual({ input: 5, input_image: 15, output_image: 100 });
    const mixed = { ...usage, output_tokens_details: { text_tokens: 10, image_tokens: 90 } };
    expect(readUsage('images', 'openai', { usage: mixed })?.usage).toEqual({
      input: 5,
      input_image: 15,
      output: 10,
      output_image: 90,
    });
  });

  it('count transcriptions by the tokens, or by the second where that is billed', () => {
    const usage = {
      type: 'tokens',
      input_tokens: 37,
      input_token_details: { text_tokens: 0, audio_tokens: 37 },
      output_tokens: 5,
      total_tokens: 42,
    };
    expect(readUsage('audio', 'openai', { usage })?.usage).toEqual({ input_audio: 37, output: 5 });
    expect(readUsage('audio', 'openai', { usage: { type: 'duration', seconds: 3.2 } })).toMatchObject({
      usage: { audio_second: 4 },
      quality: 'reported',
    });
    const mistral = {
      prompt_audio_seconds: 3,
      prompt_tokens: 5,
      completion_tokens: 11,
      total_tokens: 391,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 375 },
    };
    expect(readUsage('audio', 'mistral', { model: 'voxtral-mini-latest', usage: mistral })).toMatchObject({
      usage: { input: 5, input_audio: 375, output: 11, audio_second: 3 },
      quality: 'reported',
    });
  });

  it('have the batch price in a batch', () => {
    const usage = { input_tokens: 20, output_tokens: 4, total_tokens: 24, input_tokens_details: { cached_tokens: 5 } };
    expect(
      readUsage('batches', 'openai', { id: 'batch_1', model: 'gpt-5-nano', status: 'completed', usage }),
    ).toMatchObject({
      usage: { input: 15, cache_read: 5, output: 4 },
      serviceTier: 'batch',
    });
  });

  it('that count in other units have at least the cost that is reported', () => {
    expect(readUsage('videos', 'x_ai', { model: 'v', usage: { cost_in_usd_ticks: 5e8 } })).toMatchObject({
      quality: 'missing',
      reportedCostPicoUsd: 50_000_000_000n,
    });
  });
});
