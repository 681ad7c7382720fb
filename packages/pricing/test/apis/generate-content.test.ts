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

  it('in an interaction has sound and images apart, and the searches that its usage counts or its steps show', () => {
    const usage = {
      total_input_tokens: 20,
      total_output_tokens: 1300,
      output_tokens_by_modality: [
        { modality: 'text', tokens: 10 },
        { modality: 'image', tokens: 1290 },
      ],
    };
    const read = (body: object): unknown => readUsage('interactions', 'gcp.gemini', { usage, ...body })?.usage;
    expect(read({})).toEqual({ input: 20, output: 10, output_image: 1290 });
    const steps = [
      { type: 'google_search_call', arguments: { queries: ['a', 'b'] } },
      { type: 'google_search_call' },
      { type: 'google_maps_call', arguments: { queries: ['c'] } },
    ];
    expect(read({ model: 'gemini-3-flash-preview', steps })).toMatchObject({ web_search: 3, maps_search: 1 });
    expect(read({ model: 'gemini-2.5-flash', steps })).toMatchObject({ web_search: 1, maps_search: 1 });
    const counted = { ...usage, grounding_tool_count: [{ type: 'google_search', count: 5 }] };
    expect(read({ model: 'gemini-3-flash-preview', steps, usage: counted })).toEqual({
      input: 20,
      output: 10,
      output_image: 1290,
      web_search: 5,
    });
  });

  it('in an interaction that broke off has what its last step said, and what was seen of the output', () => {
    const reader = createStreamReader('interactions', 'gcp.gemini');
    const begun = { id: 'v1_x', model: 'gemini-2.5-flash', status: 'in_progress' };
    const usage = (output: number): object => ({ usage: { total_input_tokens: 11, total_output_tokens: output } });
    reader.push({ event_type: 'interaction.created', interaction: begun, metadata: usage(0) });
    reader.push({ event_type: 'step.start', step: { type: 'google_search_call' } });
    reader.push({ event_type: 'step.delta', delta: { text: 'x'.repeat(36) }, metadata: usage(4) });
    expect(reader.finish({ estimateFromRequest: { input: 'a question' } })).toMatchObject({
      usage: { input: 11, output: 10, web_search: 1 },
      quality: 'estimated',
    });
  });

  it('as an embedding is input', () => {
    expect(readUsage('embedContent', 'gcp.gemini', { usageMetadata: { promptTokenCount: 8 } })?.usage).toEqual({
      input: 8,
    });
  });
});
