import { describe, expect, it } from 'vitest';
import { createStreamReader, readUsage, type UsageReading } from '../../src/index.js';

describe('Bedrock Converse', () => {
  const usage = {
    inputTokens: 10,
    outputTokens: 5,
    totalTokens: 115,
    cacheReadInputTokens: 60,
    cacheWriteInputTokens: 40,
    cacheDetails: [
      { ttl: '1h', inputTokens: 30 },
      { ttl: '5m', inputTokens: 10 },
    ],
  };
  const expected = {
    usage: { input: 10, cache_read: 60, cache_write_5m: 10, cache_write_1h: 30, output: 5 },
    quality: 'reported',
    finishReasons: ['end_turn'],
  };

  it('counts cached tokens beside the input', () => {
    expect(readUsage('converse', 'aws.bedrock', { usage, stopReason: 'end_turn' })).toMatchObject(expected);
  });

  it('streamed has its usage in the metadata', () => {
    const reader = createStreamReader('converse', 'aws.bedrock');
    for (const event of [
      { contentBlockDelta: { delta: { text: 'Hi' } } },
      { messageStop: { stopReason: 'end_turn' } },
      { metadata: { usage } },
    ])
      reader.push(event);
    expect(reader.finish()).toMatchObject(expected);
  });
});

/** Tokens that a stream is estimated to have answered with when it is left after these events. */
function estimated(api: string, ...events: readonly object[]): number | undefined {
  const reader = createStreamReader(api, 'aws.bedrock');
  for (const event of events) reader.push(event);
  return reader.finish({ estimateFromRequest: {} })?.usage.output;
}

describe('streams of Bedrock that are left', () => {
  // 36 characters at 3.6 a token are 10 tokens.
  const text = 'x'.repeat(36);

  it.each([
    ['text', { text }],
    ['arguments of a tool', { toolUse: { input: text } }],
    ['reasoning', { reasoningContent: { text } }],
  ])('are estimated by their %s', (_what, delta) => {
    expect(estimated('converse', { contentBlockDelta: { delta } })).toBe(10);
  });

  it.each([
    ['Claude', { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }],
    ['Titan', { outputText: text }],
    ['Llama', { generation: text }],
    ['Mistral', { outputs: [{ text }] }],
    ['Nova', { contentBlockDelta: { delta: { text } } }],
  ])('of %s are estimated once', (_model, event) => {
    expect(estimated('invoke_model', event)).toBe(10);
  });
});

describe('Bedrock InvokeModel', () => {
  const read = (body: object, headers?: object): UsageReading | undefined =>
    readUsage('invoke_model', 'aws.bedrock', body, headers);

  it.each([
    [
      'Claude',
      { id: 'msg_1', model: 'claude-3', usage: { input_tokens: 3, cache_read_input_tokens: 4, output_tokens: 2 } },
      { input: 3, cache_read: 4, output: 2 },
    ],
    ['Nova', { usage: { inputTokens: 3, outputTokens: 2, totalTokens: 5 } }, { input: 3, output: 2 }],
    ['Jamba', { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } }, { input: 3, output: 2 }],
    ['Titan', { inputTextTokenCount: 3, results: [{ tokenCount: 1 }, { tokenCount: 1 }] }, { input: 3, output: 2 }],
    ['Titan embeddings', { inputTextTokenCount: 3, embedding: [0] }, { input: 3 }],
    ['Llama', { prompt_token_count: 3, generation_token_count: 2 }, { input: 3, output: 2 }],
  ])('reads what %s counts', (_model, body, usage) => {
    expect(read(body)).toMatchObject({ usage, quality: 'reported' });
  });

  it('reads the headers where the body counts nothing, and no model name that loses the inference profile', () => {
    const headers = { 'x-amzn-bedrock-input-token-count': '6', 'x-amzn-bedrock-output-token-count': '10' };
    expect(read({ outputs: [], model: 'claude-3' }, headers)).toMatchObject({ usage: { input: 6, output: 10 } });
    expect(read({ outputs: [], model: 'claude-3' }, headers)?.responseModel).toBeUndefined();
    expect(read({ outputs: [] }, { 'x-amzn-bedrock-input-token-count': 'six' })?.quality).toBe('missing');
  });

  it('streamed takes what is billed from Claude’s events, and else Bedrock’s metrics', () => {
    const metrics = { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 9, outputTokenCount: 7 } };
    const titan = createStreamReader('invoke_model', 'aws.bedrock');
    titan.push({ outputText: 'x' });
    titan.push({ outputText: 'y', ...metrics });
    expect(titan.finish()?.usage).toEqual({ input: 9, output: 7 });
    const claude = createStreamReader('invoke_model', 'aws.bedrock');
    claude.push({ type: 'message_start', message: { usage: { input_tokens: 9, output_tokens: 1 } } });
    claude.push({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 8 } });
    claude.push({ type: 'message_stop', ...metrics });
    expect(claude.finish()).toMatchObject({ usage: { input: 9, output: 8 }, finishReasons: ['end_turn'] });
  });
});
