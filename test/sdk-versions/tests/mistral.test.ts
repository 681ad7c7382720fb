import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { collect } from '../../../packages/instrumentation/test/conformance/observe.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { json, ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import { mistralJson, mistralSse } from './mistral-replies.js';
import { trace } from './otel-api.js';
import { compareScenarios } from './support/compare.js';
import {
  comparableOfMistral,
  loadMistral as load,
  MISTRAL_ASK as ASK,
  MISTRAL_COPIES as COPIES,
  MISTRAL_MODEL as MODEL,
  mistralClientOf,
  mistralScenarios,
  type MistralClient as Client,
  type MistralModule,
} from './support/mistral-scenarios.js';

type Copy = (typeof COPIES)[number];

const server = new ProviderServer();
const telemetry = new Telemetry([new CostSpanProcessor()]);
const clientOf = (module: MistralModule): Client => mistralClientOf(module, server.url);
const SCENARIOS = mistralScenarios(server);

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

/** Versions 1 drop what the answer says of cached tokens, so all input is uncached to whoever uses them. */
const CHAT_COSTS: Readonly<Record<Copy, string>> = {
  'mistral-1': costOf('mistral_ai', MODEL, { input: 100, output: 10 }),
  'mistral-2': costOf('mistral_ai', MODEL, { input: 70, cache_read: 30, output: 10 }),
};
const CHAT_COST = 'that of a chat';
const COSTS: Readonly<Record<string, string>> = {
  'chat answers': CHAT_COST,
  'chat streams': CHAT_COST,
  'a stream read by its reader': CHAT_COST,
  'a stream teed': CHAT_COST,
  'a stream piped': CHAT_COST,
  'code is filled in': CHAT_COST,
  'code streams': CHAT_COST,
  'an agent answers': CHAT_COST,
  'an agent streams': CHAT_COST,
  'a conversation starts': costOf('mistral_ai', MODEL, { input: 100, output: 10 }),
  embeddings: costOf('mistral_ai', 'mistral-embed', { input: 42 }),
};

// An ES module cannot be loaded anew, so it is patched where it is: this comes before anything else.
for (const copy of COPIES) {
  compareScenarios<Client>(telemetry, {
    copy,
    scenarios: SCENARIOS,
    plain: () => clientOf(load(copy)),
    patched: () => clientOf(instrumentModule(load(copy))),
    seen: comparableOfMistral,
    proof: { scenario: 'chat answers', spans: [`chat ${MODEL}`] },
  });
}

describe.each(COPIES)('%s', (copy) => {
  const use = (): Client => clientOf(instrumentModule(load(copy)));

  it.each(Object.entries(COSTS))('reports once what it costs: %s', async (name, cost) => {
    const usd = cost === CHAT_COST ? CHAT_COSTS[copy] : cost;
    await SCENARIOS[name]?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.usd': usd,
      'costel.usage.quality': 'reported',
      'gen_ai.provider.name': 'mistral_ai',
      'server.port': server.port,
    });
    expect((await telemetry.points('costel.cost')).map(({ value }) => value)).toEqual([Number(usd)]);
  });

  it('estimates a stream that was left, aborted or cancelled', async () => {
    for (const [name, end] of [
      ['a stream that was left', 'broken_off'],
      ['a stream aborted', 'aborted'],
      ['a stream cancelled', 'broken_off'],
    ] as const) {
      await telemetry.reset();
      await SCENARIOS[name]?.(use());
      await until(() => telemetry.spans.length === 1, `the span of ${name}`);
      expect(telemetry.onlySpan.attributes).toMatchObject({
        'costel.usage.quality': 'estimated',
        'costel.stream.end': end,
      });
    }
  });

  it('does not bill what was refused, and does not call it free', async () => {
    await SCENARIOS['a request is refused']?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'not_billable',
      'http.response.status_code': 401,
    });
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBeUndefined();
  });

  it('counts the pages of a document', async () => {
    await SCENARIOS['a document is read']?.(use());
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.page': 3 });
  });

  it('counts what a classifier reads, estimated where the answer does not say', async () => {
    server.replies(json({ id: 'mod-1', model: 'mistral-moderation-latest', results: [] }));
    const request = { model: 'mistral-moderation-latest', inputs: ['is this a kind thing to say?'] };
    await use().classifiers.moderate(request);
    expect(telemetry.onlySpan.name).toBe('moderation mistral-moderation-latest');
    // 28 characters at 3.6 a token, rounded up.
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': 8,
    });
  });

  it('patches one client by wrapClient', async () => {
    server.replies(mistralJson());
    await wrapClient(clientOf(load(copy))).chat.complete(ASK);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(CHAT_COSTS[copy]);
  });
});

describe('speech of mistral-2', () => {
  it('is counted by the characters that are spoken', async () => {
    server.replies(json({ audio_data: 'AAAA' }));
    const client = clientOf(instrumentModule(load('mistral-2')));
    await client.audio.speech?.complete({ model: 'voxtral-mini-tts-latest', input: 'hello', voiceId: 'v' });
    expect(telemetry.onlySpan.name).toBe('speech voxtral-mini-tts-latest');
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.character': 5 });
  });
});

describe('mistral-2 with spans of its own', () => {
  it('is counted once, of an answer and of a stream', async () => {
    const { registerTracerProvider } = loadSdk('mistral-2', '@mistralai/mistralai/extra/observability/index.js') as {
      registerTracerProvider: (provider: unknown) => void;
    };
    registerTracerProvider(trace.getTracerProvider());
    try {
      const client = clientOf(instrumentModule(load('mistral-2')));
      server.replies(mistralJson());
      await client.chat.complete(ASK);
      server.replies(mistralSse());
      await collect(await client.chat.stream(ASK));
      await until(() => telemetry.spans.length === 4, 'two spans of ours and two of the SDK’s own');
    } finally {
      registerTracerProvider(undefined);
    }
    const native = telemetry.spans.filter(({ instrumentationScope }) =>
      instrumentationScope.name.startsWith('mistralai'),
    );
    expect(native.map(({ attributes }) => attributes['gen_ai.usage.input_tokens'])).toEqual([100, 100]);
    const ids = telemetry.spans.map((span) => span.spanContext().spanId);
    expect(native.every(({ parentSpanContext }) => ids.includes(parentSpanContext?.spanId ?? ''))).toBe(true);
    const costs = telemetry.spans.map(({ attributes }) => attributes['costel.cost.usd']).filter(Boolean);
    expect(costs).toEqual([CHAT_COSTS['mistral-2'], CHAT_COSTS['mistral-2']]);
    const [point] = await telemetry.points('costel.cost');
    expect(point?.value).toBeCloseTo(2 * Number(CHAT_COSTS['mistral-2']), 12);
  });
});
