import { describe, expect, it } from 'vitest';
import { estimateRequestTokens, estimateTokens } from '../src/index.js';

describe('an estimate without a tokenizer', () => {
  it('is a token for each 3.6 characters, rounded up, from a text or its length', () => {
    expect(estimateTokens('Hello, world')).toBe(4);
    expect(estimateTokens(36)).toBe(10);
    expect(estimateTokens('')).toBe(0);
    expect(estimateTokens(-1)).toBe(0);
  });

  it('counts what the model reads and not ids, parameters and embedded files', () => {
    const text = 'x'.repeat(360);
    expect(estimateRequestTokens({ model: text, user: text, messages: [{ role: 'user', content: text }] })).toBe(104);
    const parts = [
      { type: 'text', text },
      { type: 'file', content: `data:application/pdf;base64,${text}` },
    ];
    expect(estimateRequestTokens({ messages: [{ role: 'user', content: parts }] })).toBe(104);
  });

  it('counts tool schemas whole', () => {
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    expect(estimateRequestTokens({ tools })).toBe(Math.ceil(JSON.stringify(tools).length / 3.6));
  });

  it('survives cycles, depth and things that are no request', () => {
    const cycle: Record<string, unknown> = {};
    cycle['tools'] = cycle;
    let deep: unknown = { content: 'x' };
    for (let level = 0; level < 10_000; level += 1) deep = [deep];
    for (const request of [cycle, deep, null, undefined, 7, 'text']) expect(estimateRequestTokens(request)).toBe(0);
  });
});
