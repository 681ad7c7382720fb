import { context, SpanKind, trace, type Attributes, type Span } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, withCostAttribution } from '../../src/index.js';
import { costOf } from '../support/expectations.js';
import { CHAT_MODEL, chatJson } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry([new CostSpanProcessor()]);
const openai = instrumentModule(loadOpenAi('openai-7', true));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

function emit(attributes: Attributes, options: { scope?: string; name?: string; inside?: () => void } = {}): void {
  trace.getTracer(options.scope ?? 'framework').startActiveSpan(options.name ?? 'chat', (span: Span) => {
    options.inside?.();
    span.setAttributes(attributes);
    span.end();
  });
}

const CALL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.response.model': 'gpt-4o-2024-08-06',
  'gen_ai.usage.input_tokens': 1200,
  'gen_ai.usage.cache_read.input_tokens': 1024,
  'gen_ai.usage.output_tokens': 300,
  'gen_ai.usage.reasoning.output_tokens': 200,
};
const COST = costOf('openai', 'gpt-4o', { input: 176, cache_read: 1024, output: 100, reasoning: 200 });

const costs = async () => (await telemetry.points('costel.cost')).map(({ value }) => value);

/** A call of 100 input tokens as stated, 40 of them cached. */
const CACHED = {
  'gen_ai.request.model': 'claude-sonnet-4-6',
  'gen_ai.usage.input_tokens': 100,
  'gen_ai.usage.output_tokens': 50,
  'gen_ai.usage.cache_read_input_tokens': 40,
};

describe('CostSpanProcessor', () => {
  it('prices a span of another emitter and attributes it', async () => {
    withCostAttribution({ feature: 'search' }, () => emit(CALL));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'priced',
      'costel.cost.usd': COST,
      'costel.usage.cache_read': 1024,
      'costel.feature': 'search',
    });
    expect(await costs()).toEqual([Number(COST)]);
  });

  it.each([
    [
      'OpenInference',
      {
        'openinference.span.kind': 'LLM',
        'llm.provider': 'openai',
        'llm.model_name': 'gpt-4o',
        'llm.token_count.prompt': 1200,
        'llm.token_count.prompt_details.cache_read': 1024,
        'llm.token_count.completion': 300,
        'llm.token_count.completion_details.reasoning': 200,
      },
    ],
    [
      'the AI SDK',
      {
        'ai.model.provider': 'openai.chat',
        'ai.model.id': 'gpt-4o',
        'ai.usage.inputTokens': 1200,
        'ai.usage.cachedInputTokens': 1024,
        'ai.usage.outputTokens': 300,
        'ai.usage.reasoningTokens': 200,
      },
    ],
    [
      'conventions of 1.36',
      {
        'gen_ai.system': 'openai',
        'gen_ai.request.model': 'gpt-4o',
        'gen_ai.usage.prompt_tokens': 1200,
        'gen_ai.usage.cache_read_input_tokens': 1024,
        'gen_ai.usage.completion_tokens': 300,
        'gen_ai.usage.reasoning_tokens': 200,
      },
    ],
  ])('reads the dialect of %s', async (_dialect, attributes) => {
    emit(attributes);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(COST);
  });

  it('reads cache writes by lifetime, under the new and the old name', () => {
    const usage = { input: 100, cache_read: 1024, cache_write_5m: 1048, cache_write_1h: 1000, output: 50 };
    for (const name of ['gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.cache_creation.input_tokens']) {
      emit({
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-4-6',
        'gen_ai.usage.input_tokens': 3172,
        'gen_ai.usage.output_tokens': 50,
        'gen_ai.usage.cache_read.input_tokens': 1024,
        [name]: 2048,
        'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': 1000,
      });
    }
    const expected = costOf('anthropic', 'claude-sonnet-4-6', usage);
    expect(telemetry.spans.map((span) => span.attributes['costel.cost.usd'])).toEqual([expected, expected]);
  });

  it.each([
    ['@traceloop/instrumentation-anthropic', 'anthropic'],
    ['@traceloop/instrumentation-anthropic', 'Anthropic'],
    ['@openlit/instrumentation-anthropic', 'anthropic'],
    ['@openlit/instrumentation-bedrock', 'aws.bedrock'],
    ['openlit.otel.tracing', 'anthropic'],
  ])('adds cached tokens to the input that %s states of %s, which leaves them out', (scope, provider) => {
    emit({ ...CACHED, 'gen_ai.system': provider }, { scope });
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.input': 100, 'costel.usage.cache_read': 40 });
  });

  it.each([
    ['@openlit/instrumentation-openai', 'openai'],
    ['openlit.otel.tracing', 'openai'],
    ['@arizeai/openinference-instrumentation-anthropic', 'anthropic'],
  ])('takes cached tokens out of the input that %s states of %s, which has them', (scope, provider) => {
    emit({ ...CACHED, 'gen_ai.system': provider }, { scope });
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.input': 60, 'costel.usage.cache_read': 40 });
  });

  it('takes the input of the AI SDK of Anthropic as it stands up to version 5, and with its details as the whole', () => {
    const ai = {
      'ai.model.provider': 'anthropic.messages',
      'ai.model.id': 'claude-sonnet-4-6',
      'ai.usage.inputTokens': 100,
      'ai.usage.outputTokens': 50,
      'ai.usage.cachedInputTokens': 40,
    };
    emit(ai, { scope: 'ai' });
    emit({ ...ai, 'ai.usage.inputTokenDetails.noCacheTokens': 60 }, { scope: 'ai' });
    expect(telemetry.spans.map((span) => span.attributes['costel.usage.input'])).toEqual([100, 60]);
  });

  it('adds the thoughts of Gemini to the output that OpenLIT states, which leaves them out', () => {
    const gemini = {
      'gen_ai.system': 'gemini',
      'gen_ai.request.model': 'gemini-2.5-flash',
      'gen_ai.usage.input_tokens': 10,
      'gen_ai.usage.output_tokens': 5,
      'gen_ai.usage.reasoning_tokens': 30,
    };
    emit(gemini, { scope: 'openlit.otel.tracing' });
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.output': 5, 'costel.usage.reasoning': 30 });
  });

  it('leaves agents, tools and spans without usage alone', async () => {
    emit({ ...CALL, 'gen_ai.operation.name': 'invoke_agent' });
    emit({ 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'x' });
    emit({ 'http.request.method': 'GET' });
    expect(telemetry.spans.every((span) => span.attributes['costel.cost.status'] === undefined)).toBe(true);
    expect(await costs()).toEqual([]);
  });

  it('counts the innermost of nested spans that repeat the same tokens, however deep', async () => {
    emit(CALL, {
      name: 'ai.generateText',
      inside: () => {
        emit({ step: 1 }, { name: 'step', inside: () => emit(CALL, { name: 'ai.generateText.doGenerate' }) });
      },
    });
    const [inner, , outer] = telemetry.spans;
    expect(inner?.attributes['costel.cost.usd']).toBe(COST);
    expect(outer?.attributes['costel.cost.usd']).toBeUndefined();
    expect(await costs()).toEqual([Number(COST)]);
  });

  it('counts siblings each', async () => {
    emit({ 'gen_ai.operation.name': 'invoke_agent' }, { inside: () => [1, 2, 3].forEach(() => emit(CALL)) });
    expect((await costs())[0]).toBeCloseTo(3 * Number(COST), 12);
  });

  it('leaves the spans of our own calls alone, and those of a framework around them', async () => {
    server.replies(chatJson());
    const client = new openai.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1` });
    await trace.getTracer('langchain').startActiveSpan('ChatOpenAI', async (span) => {
      await client.chat.completions.create({ model: CHAT_MODEL, messages: [{ role: 'user', content: 'x' }] });
      span.setAttributes(CALL);
      span.end();
    });
    expect(telemetry.spans.map((span) => span.attributes['costel.cost.usd'])).toEqual([COST, undefined]);
    expect(await costs()).toEqual([Number(COST)]);
  });

  it('leaves spans of another instrumentation below our call alone', async () => {
    server.replies(chatJson());
    const client = new openai.OpenAI({
      apiKey: 'k',
      baseURL: `${server.url}/v1`,
      fetch: (url, init) => {
        emit(CALL, { scope: 'another-instrumentation' });
        return fetch(url, init);
      },
    });
    await client.chat.completions.create({ model: CHAT_MODEL, messages: [{ role: 'user', content: 'x' }] });
    expect(await costs()).toEqual([Number(COST)]);
  });

  it('still counts on the metrics where the host does not call onEnding', async () => {
    const processor = new CostSpanProcessor();
    const span = {
      attributes: CALL,
      startTime: [1_760_000_000, 0] as [number, number],
      duration: [1, 0] as [number, number],
      spanContext: () => ({ traceId: '1'.repeat(32), spanId: '1'.repeat(16), traceFlags: 1 }),
    };
    processor.onStart(span, context.active());
    processor.onEnd(span);
    await processor.forceFlush();
    await processor.shutdown();
    expect(await costs()).toHaveLength(1);
  });

  it('survives spans of any shape', () => {
    for (const value of [Number.NaN, -1, 1e30, '12', true]) {
      emit({ 'gen_ai.usage.input_tokens': value, 'gen_ai.usage.output_tokens': 5 });
    }
    expect(telemetry.spans).toHaveLength(5);
    trace.getTracer('x').startSpan('y', { kind: SpanKind.CLIENT }).end();
  });
});
