import { describe, expect, it } from 'vitest';
import { readUsage } from '../../src/index.js';

/** The usage of an answer with counts of a name or modality that nobody knew when this was written, or with other ones. */
const ANSWERS: readonly (readonly [api: string, answer: (name: string, count: number) => object, field: string])[] = [
  [
    'chat.completions',
    (name, count) => ({
      usage: { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29, prompt_tokens_details: { [name]: count } },
    }),
    'smell_tokens',
  ],
  [
    'chat.completions',
    (name, count) => ({
      usage: {
        prompt_tokens: 20,
        completion_tokens: 9,
        total_tokens: 29,
        completion_tokens_details: { [name]: count },
      },
    }),
    'smell_tokens',
  ],
  [
    'responses',
    (name, count) => ({
      usage: { input_tokens: 20, output_tokens: 9, total_tokens: 29, input_tokens_details: { [name]: count } },
    }),
    'smell_tokens',
  ],
  [
    'messages',
    (name, count) => ({ usage: { input_tokens: 20, output_tokens: 9, [name]: count } }),
    'smell_input_tokens',
  ],
  [
    'messages',
    (name, count) => ({ usage: { input_tokens: 20, output_tokens: 9, cache_creation: { [name]: count } } }),
    'ephemeral_1w_input_tokens',
  ],
  ...(
    [
      ['chat.completions', { prompt_tokens: 20, completion_tokens: 9, total_tokens: 29 }, 'citation_tokens'],
      ['completions', { prompt_tokens: 20, completion_tokens: 9 }, 'smell_tokens'],
      ['responses', { input_tokens: 20, output_tokens: 9, total_tokens: 29 }, 'tool_definition_tokens'],
      ['audio', { input_tokens: 20, output_tokens: 9 }, 'smell_tokens'],
      ['batches', { input_tokens: 20, output_tokens: 9, total_tokens: 29 }, 'smell_tokens'],
      ['converse', { inputTokens: 20, outputTokens: 9, totalTokens: 29 }, 'smellTokens'],
      ['interactions', { total_input_tokens: 20, total_output_tokens: 9 }, 'total_smell_tokens'],
    ] as const
  ).map(
    ([api, usage, field]) =>
      [api, (name: string, count: number) => ({ usage: { ...usage, [name]: count } }), field] as const,
  ),
  [
    'audio',
    (name, count) => ({ usage: { input_tokens: 20, output_tokens: 9, input_token_details: { [name]: count } } }),
    'cached_tokens',
  ],
  [
    'chat',
    (name, count) => ({ usage: { billed_units: { input_tokens: 20, output_tokens: 9, [name]: count } } }),
    'smell_tokens',
  ],
  [
    'generateContent',
    (name, count) => ({ usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 9, [name]: count } }),
    'smellTokenCount',
  ],
  [
    'generateContent',
    (name, count) => ({
      usageMetadata: {
        promptTokenCount: 20,
        candidatesTokenCount: 9,
        totalTokenCount: 29,
        promptTokensDetails: [{ modality: name, tokenCount: count }],
      },
    }),
    'SMELL',
  ],
  [
    'interactions',
    (name, count) => ({
      usage: {
        total_input_tokens: 20,
        total_output_tokens: 9,
        total_tokens: 29,
        input_tokens_by_modality: [{ modality: name, tokens: count }],
      },
    }),
    'smell',
  ],
];

describe('a count that nothing here knows', () => {
  it.each(ANSWERS)(
    'in %s is priced as the rest of its total, and makes the usage inconsistent',
    (api, answer, field) => {
      expect(readUsage(api, 'openai', answer(field, 4))).toMatchObject({
        usage: { input: 20, output: 9 },
        quality: 'inconsistent',
      });
    },
  );

  it.each(ANSWERS)('in %s says nothing when it is 0', (api, answer, field) => {
    expect(readUsage(api, 'openai', answer(field, 0))?.quality).toBe('reported');
  });

  it.each([
    ['chat.completions', { prompt_tokens: 20, completion_tokens: 9, input_tokens: 20, output_tokens: 9 }],
    [
      'chat.completions',
      { prompt_tokens: 20, completion_tokens: 9, prompt_tokens_per_second: 7, num_search_queries: 2 },
    ],
    ['responses', { input_tokens: 20, output_tokens: 9, prompt_tokens: 20, completion_tokens: 9 }],
    ['converse', { inputTokens: 20, outputTokens: 9, contentPolicyUnits: 3, serverToolUsage: {} }],
  ])('is none in %s of what repeats a total or counts no tokens: %o', (api, usage) => {
    expect(readUsage(api, 'openai', { usage })?.quality).toBe('reported');
  });

  it('is none where a name only explains what is counted anyway', () => {
    const details = { text_tokens: 16, accepted_prediction_tokens: 2, rejected_prediction_tokens: 1, score: 7 };
    const usage = {
      prompt_tokens: 20,
      completion_tokens: 9,
      prompt_tokens_details: { text_tokens: 20 },
      completion_tokens_details: details,
    };
    expect(readUsage('chat.completions', 'openai', { usage })?.quality).toBe('reported');
  });
});
