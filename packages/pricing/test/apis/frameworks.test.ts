import { describe, expect, it } from 'vitest';
import { createStreamReader, formatPicoUsd, readUsage } from '../../src/index.js';

const MODEL = { response: { id: 'r1', modelId: 'model-2026' } };

describe('results of the AI SDK', () => {
  it('reads the provider’s own body before the SDK’s counts', () => {
    const body = {
      type: 'message',
      id: 'msg_1',
      model: 'claude-sonnet-4-6',
      usage: {
        input_tokens: 100,
        cache_read_input_tokens: 1024,
        cache_creation_input_tokens: 2048,
        cache_creation: { ephemeral_1h_input_tokens: 1000, ephemeral_5m_input_tokens: 1048 },
        output_tokens: 50,
      },
    };
    const reading = readUsage('ai-sdk', 'anthropic', { usage: { inputTokens: 3172 }, response: { body } });
    expect(reading).toMatchObject({
      quality: 'reported',
      responseId: 'msg_1',
      usage: { input: 100, cache_read: 1024, cache_write_5m: 1048, cache_write_1h: 1000, output: 50 },
    });
  });

  it.each([
    ['version 2', { inputTokens: 100, outputTokens: 10, reasoningTokens: 4, cachedInputTokens: 30 }, { output: 6 }],
    [
      'version 3',
      { inputTokens: { total: 100, noCache: 70, cacheRead: 30 }, outputTokens: { total: 10, text: 6, reasoning: 4 } },
      { output: 6 },
    ],
    [
      'a provider’s usage object',
      {
        raw: {
          prompt_tokens: 100,
          completion_tokens: 10,
          prompt_tokens_details: { cached_tokens: 30 },
          completion_tokens_details: { reasoning_tokens: 4 },
        },
      },
      { output: 6 },
    ],
  ])('reads the counts of %s', (_version, usage, expected) => {
    expect(readUsage('ai-sdk', 'openai', { ...MODEL, usage })).toMatchObject({
      usage: { input: 70, cache_read: 30, reasoning: 4, ...expected },
      responseModel: 'model-2026',
      responseId: 'r1',
    });
  });

  it('takes the tier that the SDK keeps beside the usage', () => {
    const answer = {
      usage: { raw: { prompt_tokens: 1, completion_tokens: 1 } },
      providerMetadata: { openai: { serviceTier: 'flex' } },
    };
    expect(readUsage('ai-sdk', 'openai', answer)?.serviceTier).toBe('flex');
  });

  it('takes the cost that the gateway reports', () => {
    const answer = { usage: { inputTokens: 5, outputTokens: 5 }, providerMetadata: { gateway: { cost: '0.00123' } } };
    const cost = readUsage('ai-sdk', 'openai', answer)?.reportedCostPicoUsd;
    expect(cost === undefined ? undefined : formatPicoUsd(cost)).toBe('0.00123');
  });

  it('knows that no usage is not zero', () => {
    expect(readUsage('ai-sdk', 'openai', { ...MODEL, usage: {} })?.quality).toBe('missing');
  });

  it('estimates a stream that ends before its usage', () => {
    const reader = createStreamReader('ai-sdk', 'openai');
    reader.push({ type: 'response-metadata', id: 'r1', modelId: 'gpt-4o-2024-08-06' });
    reader.push({ type: 'text-delta', id: '0', delta: 'x'.repeat(36) });
    expect(reader.finish({ estimateFromRequest: { prompt: 'y'.repeat(36) } })).toMatchObject({
      quality: 'estimated',
      responseModel: 'gpt-4o-2024-08-06',
      usage: { input: 10, output: 10 },
    });
  });
});

describe('results of LangChain', () => {
  const message = {
    id: 'run-1',
    usage_metadata: {
      input_tokens: 100,
      output_tokens: 10,
      total_tokens: 110,
      input_token_details: { cache_read: 30 },
      output_token_details: { reasoning: 4 },
    },
    response_metadata: { model_name: 'command-x', finish_reason: 'stop' },
  };

  it('reads usage_metadata, and takes no run for a response id', () => {
    const reading = readUsage('langchain', 'cohere', { generations: [{ text: 'four', message }] });
    expect(reading).toMatchObject({
      usage: { input: 70, cache_read: 30, output: 6, reasoning: 4 },
      quality: 'reported',
    });
    expect(reading).toMatchObject({ responseModel: 'command-x', finishReasons: ['stop'] });
    expect(reading?.responseId).toBeUndefined();
  });

  it('reads the total of several generations', () => {
    const llmOutput = { tokenUsage: { promptTokens: 100, completionTokens: 30 } };
    const reading = readUsage('langchain', 'openai', { generations: [{ message }, { message }], llmOutput });
    expect(reading?.usage).toEqual({ input: 100, output: 30 });
  });

  it('adds the counts of chunks', () => {
    const reader = createStreamReader('langchain', 'anthropic');
    reader.push({ text: 'f', message: { usage_metadata: { input_tokens: 100, output_tokens: 0 } } });
    reader.push({ text: 'our', message: { id: 'msg_1', usage_metadata: { input_tokens: 0, output_tokens: 7 } } });
    expect(reader.finish()).toMatchObject({ usage: { input: 100, output: 7 }, responseId: 'msg_1' });
  });
});
