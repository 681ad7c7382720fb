import { describe, expect, it } from 'vitest';
import { createStreamReader, readUsage } from '../../src/index.js';

const usage = {
  input_tokens: 200,
  input_tokens_details: { cached_tokens: 100, cache_write_tokens: 40 },
  output_tokens: 30,
  output_tokens_details: { reasoning_tokens: 12 },
  total_tokens: 230,
};
const response = {
  id: 'resp_1',
  object: 'response',
  model: 'gpt-5.6-sol',
  status: 'completed',
  service_tier: 'default',
  output: [],
  usage,
};

describe('a response', () => {
  it('is read with cached, cache-written and reasoning tokens apart', () => {
    expect(readUsage('responses', 'openai', response)).toEqual({
      usage: { input: 60, cache_read: 100, cache_write_5m: 40, output: 18, reasoning: 12 },
      quality: 'reported',
      responseModel: 'gpt-5.6-sol',
      responseId: 'resp_1',
      serviceTier: '',
      region: '',
      finishReasons: ['completed'],
    });
    expect(readUsage('responses.compact', 'openai', response)?.usage.cache_read).toBe(100);
  });

  it('counts searches that are billed by the call, not pages opened', () => {
    const output = [
      { type: 'web_search_call', action: { type: 'search' } },
      { type: 'web_search_call', action: { type: 'open_page' } },
      { type: 'web_search_call' },
      { type: 'file_search_call' },
      { type: 'message' },
      null,
    ];
    expect(readUsage('responses', 'openai', { ...response, output })?.usage).toMatchObject({
      web_search: 2,
      file_search: 1,
    });
  });

  it('that is incomplete says why', () => {
    const incomplete = { ...response, status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
    expect(readUsage('responses', 'openai', incomplete)?.finishReasons).toEqual(['max_output_tokens']);
  });
});

describe('a stream of a response', () => {
  const created = { type: 'response.created', response: { ...response, status: 'in_progress', usage: null } };
  const delta = { type: 'response.output_text.delta', delta: 'x'.repeat(36) };

  it('is read from its last event', () => {
    const reader = createStreamReader('responses', 'openai');
    for (const event of [created, delta, { type: 'response.completed', response }]) reader.push(event);
    expect(reader.finish()).toEqual(readUsage('responses', 'openai', response));
  });

  it('that broke off is missing, or estimated when asked', () => {
    const reader = createStreamReader('responses', 'openai');
    for (const event of [created, delta]) reader.push(event);
    expect(reader.finish()).toMatchObject({ usage: {}, quality: 'missing', responseModel: 'gpt-5.6-sol' });
    expect(reader.finish({ estimateFromRequest: { input: 'y'.repeat(72) } })).toMatchObject({
      usage: { input: 20, output: 10 },
      quality: 'estimated',
    });
  });
});
