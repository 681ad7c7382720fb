import { describe, expect, it } from 'vitest';
import * as semconv from '../src/index.js';
import { AGGREGATE_OPERATIONS, CONVENTIONS, DEFAULT_CONVENTIONS_VERSION, DIALECT_ATTRIBUTES } from '../src/index.js';

describe('the names of the conventions', () => {
  it('are by default the current ones', () => {
    expect(CONVENTIONS[DEFAULT_CONVENTIONS_VERSION]).toEqual({
      providerName: 'gen_ai.provider.name',
      cacheWriteInputTokens: 'gen_ai.usage.cache_write.input_tokens',
      tokenMetric: { kind: 'histogram', name: 'gen_ai.client.token.usage' },
    });
  });

  it('were other ones up to 1.36', () => {
    expect(CONVENTIONS['1.36']).toMatchObject({
      providerName: 'gen_ai.system',
      cacheWriteInputTokens: 'gen_ai.usage.cache_creation.input_tokens',
    });
  });

  it('will count tokens with counters, which add up', () => {
    expect(CONVENTIONS.next.tokenMetric).toEqual({
      kind: 'counters',
      inputName: 'gen_ai.client.inference.usage.input_tokens',
      outputName: 'gen_ai.client.inference.usage.output_tokens',
    });
  });

  it('are each said once', () => {
    const names = Object.entries(semconv).filter(([key]) => /^(ATTR|METRIC)_/.test(key));
    expect(names.length).toBeGreaterThan(50);
    expect(new Set(names.map(([, value]) => value)).size).toBe(names.length);
    for (const [, value] of names) expect(value).toMatch(/^[a-z][a-z0-9_.]*$/);
  });

  it('keep what is our own under our own prefix', () => {
    for (const [key, value] of Object.entries(semconv)) {
      if (/^(ATTR|METRIC)_COSTEL_/.test(key)) expect(value).toMatch(/^costel\./);
      else if (/^(ATTR|METRIC)_GEN_AI_/.test(key)) expect(value).toMatch(/^gen_ai\./);
    }
  });
});

describe('the dialects', () => {
  it('never read one name as two fields', () => {
    const names = Object.values(DIALECT_ATTRIBUTES).flat();
    expect(new Set(names).size).toBe(names.length);
  });

  it('prefer the current name', () => {
    for (const field of [
      'inputTokens',
      'outputTokens',
      'cacheReadTokens',
      'cacheWriteTokens',
      'reasoningTokens',
    ] as const) {
      expect(DIALECT_ATTRIBUTES[field][0]).toMatch(/^gen_ai\.usage\./);
    }
    expect(DIALECT_ATTRIBUTES.cacheWriteTokens.slice(0, 2)).toEqual([
      'gen_ai.usage.cache_write.input_tokens',
      'gen_ai.usage.cache_creation.input_tokens',
    ]);
  });

  it('take no agent, workflow or tool for a call', () => {
    for (const operation of ['invoke_agent', 'create_agent', 'invoke_workflow', 'execute_tool']) {
      expect(AGGREGATE_OPERATIONS.has(operation)).toBe(true);
    }
    for (const operation of ['chat', 'embeddings', 'text_completion', 'generate_content']) {
      expect(AGGREGATE_OPERATIONS.has(operation)).toBe(false);
    }
  });
});

describe('histogram boundaries', () => {
  it('grow by a constant factor, as the conventions give them', () => {
    const { TOKEN_USAGE_BOUNDARIES: tokens, DURATION_BOUNDARIES_SECONDS: seconds } = semconv;
    expect(tokens.at(0)).toBe(1);
    expect(tokens.at(-1)).toBe(67_108_864);
    expect(seconds.at(-1)).toBe(81.92);
    for (let i = 1; i < tokens.length; i += 1) expect((tokens[i] ?? 0) / (tokens[i - 1] ?? 1)).toBe(4);
    for (let i = 1; i < seconds.length; i += 1) expect((seconds[i] ?? 0) / (seconds[i - 1] ?? 1)).toBeCloseTo(2, 9);
  });
});
