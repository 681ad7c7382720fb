import { describe, expect, it } from 'vitest';
import { createStreamReader, readUsage } from '../../src/index.js';

describe('generated content of Gemini', () => {
  const body = {
    candidates: [{ finishReason: 'STOP', content: { parts: [{ text: 'Hello' }] } }],
    modelVersion: 'gemini-2.5-flash',
    responseId: 'r1',
    usageMetadata: {
      promptTokenCount: 100,
      toolUsePromptTokenCount: 20,
      cachedContentTokenCount: 50,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 30,
      totalTokenCount: 160,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 60 },
        { modality: 'AUDIO', tokenCount: 40 },
      ],
      cacheTokensDetails: [
        { modality: 'TEXT', tokenCount: 35 },
        { modality: 'AUDIO', tokenCount: 15 },
      ],
      trafficType: 'ON_DEMAND',
    },
  };

  it('has thoughts beside candidates, tool results beside the prompt, and audio apart', () => {
    expect(readUsage('generateContent', 'gcp.gemini', body)).toEqual({
      usage: { input: 45, cache_read: 35, cache_read_audio: 15, input_audio: 25, output: 10, reasoning: 30 },
      quality: 'reported',
      responseModel: 'gemini-2.5-flash',
      responseId: 'r1',
      serviceTier: '',
      region: '',
      finishReasons: ['STOP'],
    });
  });

  it.each([
    [{ serviceTier: 'flex' }, 'flex'],
    [{ trafficType: 'ON_DEMAND_PRIORITY' }, 'priority'],
    [{ trafficType: 'PROVISIONED_THROUGHPUT' }, ''],
  ])('of %o has the tier %o', (stated, tier) => {
    expect(
      readUsage('generateContent', 'gcp.vertex_ai', { usageMetadata: { promptTokenCount: 1, ...stated } })?.serviceTier,
    ).toBe(tier);
  });

  it('streamed is read from the last chunk that states usage', () => {
    const reader = createStreamReader('generateContent', 'gcp.gemini');
    reader.push({
      candidates: [{ content: { parts: [{ text: 'Hel' }] } }],
      usageMetadata: { promptTokenCount: 100 },
      modelVersion: 'gemini-2.5-flash',
    });
    reader.push(body);
    expect(reader.finish()).toEqual(readUsage('generateContent', 'gcp.gemini', body));
  });

  it('streamed and left is estimated by its text, its code and the arguments of its calls', () => {
    const parts = [
      { text: 'x'.repeat(18) },
      { executableCode: { code: 'x'.repeat(9) } },
      // Its JSON text has 9 characters.
      { functionCall: { name: 'add', args: { a: 123 } } },
    ];
    const reader = createStreamReader('generateContent', 'gcp.gemini');
    reader.push({ candidates: [{ content: { parts } }] });
    // 36 characters at 3.6 a token.
    expect(reader.finish({ estimateFromRequest: {} })?.usage.output).toBe(10);
  });

  it('whose prompt is not counted is not priced as if it had none', () => {
    expect(readUsage('generateContent', 'gcp.gemini', { usageMetadata: { candidatesTokenCount: 5 } })).toMatchObject({
      usage: {},
      quality: 'inconsistent',
    });
  });

  it('in an interaction is counted alike', () => {
    const usage = {
      total_input_tokens: 20,
      total_cached_tokens: 5,
      total_output_tokens: 7,
      total_thought_tokens: 3,
      total_tool_use_tokens: 0,
    };
    const interaction = { id: 'v1_x', model: 'gemini-2.5-flash', status: 'completed', usage };
    const expected = {
      usage: { input: 15, cache_read: 5, output: 7, reasoning: 3 },
      responseModel: 'gemini-2.5-flash',
    };
    expect(readUsage('interactions', 'gcp.gemini', interaction)).toMatchObject(expected);
    const reader = createStreamReader('interactions', 'gcp.gemini');
    reader.push({ event_type: 'interaction.completed', interaction });
    expect(reader.finish()).toMatchObject(expected);
  });

  it('as an embedding is input', () => {
    expect(readUsage('embedContent', 'gcp.gemini', { usageMetadata: { promptTokenCount: 8 } })?.usage).toEqual({
      input: 8,
    });
  });
});
