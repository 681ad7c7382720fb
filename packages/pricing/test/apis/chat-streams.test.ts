import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStreamReader, readUsage, SUPPORTED_APIS } from '../../src/index.js';

const chunk = (rest: object): object => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'gpt-4o-mini',
  choices: [],
  ...rest,
});
const text = (content: string): object => chunk({ choices: [{ delta: { content } }] });
const usage = { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 };

function readStream(events: readonly unknown[], estimateFromRequest?: unknown): ReturnType<typeof readUsage> {
  const reader = createStreamReader('chat.completions', 'openai');
  for (const event of events) reader.push(event);
  return reader.finish(estimateFromRequest === undefined ? {} : { estimateFromRequest });
}

describe('a stream of chat chunks', () => {
  it('takes usage from the chunk that has it, and finish reasons from all choices', () => {
    const events = [
      text('Hel'),
      chunk({
        choices: [
          { index: 0, delta: {}, finish_reason: 'stop' },
          { index: 1, delta: {}, finish_reason: 'length' },
        ],
        usage: null,
      }),
      chunk({ usage, service_tier: 'priority' }),
    ];
    expect(readStream(events)).toEqual({
      usage: { input: 9, output: 4 },
      quality: 'reported',
      responseModel: 'gpt-4o-mini',
      responseId: 'chatcmpl-1',
      serviceTier: 'priority',
      region: '',
      finishReasons: ['stop', 'length'],
    });
  });

  it('takes the last usage where every chunk repeats it, and Groq’s own place', () => {
    expect(
      readStream([chunk({ usage: { ...usage, completion_tokens: 1, total_tokens: 10 } }), chunk({ usage })])?.usage,
    ).toEqual({ input: 9, output: 4 });
    expect(readStream([text('a'), chunk({ x_groq: { usage } })])?.usage).toEqual({ input: 9, output: 4 });
  });

  it('without a usage chunk is missing, or estimated from what was sent and seen', () => {
    const events = [
      text('x'.repeat(18)),
      chunk({ choices: [{ delta: { tool_calls: [{ function: { arguments: 'y'.repeat(18) } }] } }] }),
    ];
    expect(readStream(events)).toMatchObject({ usage: {}, quality: 'missing' });
    expect(readStream(events, { messages: [{ role: 'user', content: 'z'.repeat(36) }] })).toMatchObject({
      usage: { input: 14, output: 10 },
      quality: 'estimated',
    });
  });

  it('that was abandoned before its first chunk is estimated from the request alone', () => {
    expect(readStream([])).toBeUndefined();
    expect(readStream([], { messages: [{ role: 'user', content: 'z'.repeat(36) }] })).toMatchObject({
      usage: { input: 14 },
      quality: 'estimated',
    });
  });

  it('of legacy completions counts plain text', () => {
    const reader = createStreamReader('completions', 'openai');
    reader.push({ id: 'cmpl-1', model: 'gpt-3.5-turbo-instruct', choices: [{ text: 'x'.repeat(36) }] });
    expect(reader.finish({ estimateFromRequest: { prompt: '' } })).toMatchObject({
      usage: { output: 10 },
      quality: 'estimated',
    });
  });
});

describe('any API', () => {
  it('never throws on anything that a wire may bring', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SUPPORTED_APIS),
        fc.array(fc.anything()),
        fc.anything(),
        (api, events, request) => {
          const reader = createStreamReader(api, 'openai');
          for (const event of events) reader.push(event);
          reader.finish({ estimateFromRequest: request });
          for (const event of events) readUsage(api, 'openai', event);
        },
      ),
    );
  });

  it('reads usage of any shape into counts that are whole and not negative', () => {
    const names = [
      'prompt_tokens',
      'completion_tokens',
      'total_tokens',
      'input_tokens',
      'output_tokens',
      'prompt_tokens_details',
      'cached_tokens',
      'cache_read_input_tokens',
      'cache_creation',
    ];
    const usages = fc.dictionary(
      fc.constantFrom(...names),
      fc.oneof(fc.integer(), fc.double(), fc.string(), fc.object()),
    );
    fc.assert(
      fc.property(fc.constantFrom(...SUPPORTED_APIS), usages, (api, usage) => {
        const counts = Object.values(readUsage(api, 'openai', { usage })?.usage ?? {});
        expect(counts.every((count) => Number.isInteger(count) && count > 0)).toBe(true);
      }),
    );
  });
});
