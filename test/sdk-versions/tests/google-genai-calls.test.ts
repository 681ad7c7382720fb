import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { instrumentModule, withCostAttribution, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { untilCollected } from '../../../packages/instrumentation/test/support/collect-garbage.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { ProviderServer, silence, type Reply } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import {
  cacheJson,
  embedJson,
  functionCallJson,
  GEMINI,
  GEMINI_BUCKETS,
  generateJson,
  generateSse,
  googleError,
  imagesJson,
  interactionJson,
  interactionSse,
  predictJson,
  type GenAiClient,
  type GenAiModule,
  type GenAiOptions,
} from './support/google-genai.js';

const ASK = { model: GEMINI, contents: 'what is two and two?' };

/** 20 characters of the question at 3.6 a token, rounded up; without a role there is no frame. */
const ASKED_TOKENS = 6;

const server = new ProviderServer();
const telemetry = new Telemetry();

beforeAll(async () => {
  for (const level of ['warn', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  await server.start();
});
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const attributes = (): ReadableSpan['attributes'] => telemetry.onlySpan.attributes;

describe.each(['google-genai-3', 'google-genai-2'])('%s', (copy) => {
  const module = instrumentModule(loadSdk(copy, '@google/genai', true) as GenAiModule);

  function clientOf(reply: Reply | readonly Reply[], options: Partial<GenAiOptions> = {}): GenAiClient {
    server.replies(...(typeof reply === 'function' ? [reply] : reply));
    return new module.GoogleGenAI({
      apiKey: 'key',
      ...options,
      httpOptions: { baseUrl: server.url, ...options.httpOptions },
    });
  }

  it('reports an answer with its usage by bucket and its exact cost', async () => {
    await clientOf(generateJson()).models.generateContent(ASK);
    expect(telemetry.onlySpan.name).toBe(`generate_content ${GEMINI}`);
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'generate_content',
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.request.model': GEMINI,
      'gen_ai.response.model': GEMINI,
      'gen_ai.response.id': 'response_fixed',
      'gen_ai.response.finish_reasons': ['STOP'],
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.output_tokens': 30,
      'gen_ai.usage.reasoning.output_tokens': 20,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('gcp.gemini', GEMINI, GEMINI_BUCKETS),
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
    expect(attributes()).not.toHaveProperty('gen_ai.request.stream');
  });

  it('reports a stream that is read to its end', async () => {
    for await (const _ of await clientOf(generateSse()).models.generateContentStream(ASK)) expect(_).toBeDefined();
    expect(attributes()).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 30,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('gcp.gemini', GEMINI, GEMINI_BUCKETS),
    });
    expect(attributes()).toHaveProperty('gen_ai.response.time_to_first_chunk');
    expect(attributes()).not.toHaveProperty('costel.stream.end');
  });

  it('reports a cache by what its storage costs for as long as it is made to live', async () => {
    const config = { contents: 'a long text', ttl: '5400s' };
    await clientOf(cacheJson()).caches.create({ model: GEMINI, config });
    expect(telemetry.onlySpan.name).toBe(`create_cache ${GEMINI}`);
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'create_cache',
      'gen_ai.provider.name': 'gcp.gemini',
      'gen_ai.response.model': GEMINI,
      'gen_ai.response.id': 'cachedContents/fixed',
      'gen_ai.usage.input_tokens': 0,
      'costel.usage.cache_storage': 75_000,
      'costel.usage.quality': 'reported',
      // 75,000 token-hours at $1 a million.
      'costel.cost.usd': '0.075',
    });
    await telemetry.reset();
    const name = 'projects/p/locations/us-central1/cachedContents/1';
    await clientOf(cacheJson(name), { vertexai: true }).caches.create({ model: GEMINI, config });
    // On Vertex AI the 50,000 tokens are billed as input too.
    expect(attributes()).toMatchObject({
      'gen_ai.provider.name': 'gcp.vertex_ai',
      'gen_ai.usage.input_tokens': 50_000,
      'costel.cost.usd': costOf('gcp.vertex_ai', GEMINI, { input: 50_000, cache_storage: 75_000 }),
    });
  });

  it('a cache that is refused is billed by nobody', async () => {
    const config = { contents: 'short', ttl: '60s' };
    await expect(
      clientOf(googleError(400, 'INVALID_ARGUMENT')).caches.create({ model: GEMINI, config }),
    ).rejects.toThrow();
    expect(attributes()).toMatchObject({ 'costel.cost.status': 'not_billable', 'error.type': 'ApiError' });
  });

  it('estimates a stream that is left, from the question and the text seen', async () => {
    const stream = await clientOf(generateSse({ hold: true })).models.generateContentStream(ASK);
    for await (const _ of stream) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
      // "two and two " are 12 characters.
      'gen_ai.usage.output_tokens': 4,
      'costel.cost.usd': costOf('gcp.gemini', GEMINI, { input: ASKED_TOKENS, output: 4 }),
    });
  });

  it('estimates a stream that is aborted while it is read', async () => {
    const controller = new AbortController();
    const config = { abortSignal: controller.signal };
    const stream = await clientOf(generateSse({ hold: true })).models.generateContentStream({ ...ASK, config });
    await expect(async () => {
      for await (const _ of stream) controller.abort();
    }).rejects.toThrow(/abort/i);
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'aborted', 'costel.usage.quality': 'estimated' });
  });

  it('estimates a stream that ends in an error', async () => {
    const stream = await clientOf(generateSse({ failing: true })).models.generateContentStream(ASK);
    await expect(async () => {
      for await (const _ of stream) expect(_).toBeDefined();
    }).rejects.toThrow('overloaded');
    expect(attributes()).toMatchObject({
      'costel.usage.quality': 'estimated',
      'error.type': 'ApiError',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
      // "two and two make " are 17 characters.
      'gen_ai.usage.output_tokens': 5,
    });
  });

  it('finds a stream that nobody reads when it is collected', async () => {
    await clientOf(generateSse()).models.generateContentStream(ASK);
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped stream was noticed');
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'abandoned',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
    });
  });

  it('reports a call that nobody awaits', async () => {
    void clientOf(generateJson()).models.generateContent(ASK);
    await until(() => telemetry.spans.length > 0, 'the call was reported');
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported' });
  });

  it('does not bill an error answer', async () => {
    await expect(clientOf(googleError(429, 'RESOURCE_EXHAUSTED')).models.generateContent(ASK)).rejects.toThrow('429');
    expect(attributes()).toMatchObject({
      'error.type': 'ApiError',
      'http.response.status_code': 429,
      'costel.cost.status': 'not_billable',
      'costel.usage.quality': 'missing',
    });
  });

  it('says that usage is missing where a call times out or is aborted before the answer', async () => {
    const client = clientOf(silence, { httpOptions: { timeout: 30 } });
    await expect(client.models.generateContent(ASK)).rejects.toThrow(/abort|timeout/i);
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'missing', 'costel.cost.status': 'no_usage' });
  });

  it('reports a call once, however often the SDK repeats it', async () => {
    const retryOptions = { attempts: 3, initialDelay: 0.001, jitter: 0 };
    const client = clientOf([googleError(503, 'UNAVAILABLE'), generateJson()], { httpOptions: { retryOptions } });
    await client.models.generateContent(ASK);
    expect(server.seen).toHaveLength(2);
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported' });
  });

  it('reports each request of a tool loop and of a continued answer', async () => {
    const tool = {
      tool: () => Promise.resolve({ functionDeclarations: [{ name: 'add' }] }),
      callTool: () => Promise.resolve([{ functionResponse: { name: 'add', response: { result: 4 } } }]),
    };
    await clientOf([functionCallJson(), generateJson()]).models.generateContent({ ...ASK, config: { tools: [tool] } });
    expect(telemetry.spans).toHaveLength(2);
    await clientOf([generateJson({ continuationToken: 't' }), generateJson()]).models.generateContent(ASK);
    expect(telemetry.spans).toHaveLength(server.seen.length + 2);
  });

  it('reports chats and their streams', async () => {
    const chat = clientOf([generateJson(), generateSse()]).chats.create({ model: GEMINI });
    await chat.sendMessage({ message: 'one' });
    for await (const _ of await chat.sendMessageStream({ message: 'two' })) expect(_).toBeDefined();
    const qualities = telemetry.spans.map(({ attributes: all }) => all['costel.usage.quality']);
    expect(qualities).toEqual(['reported', 'reported']);
  });

  it('tells Vertex AI apart', async () => {
    await clientOf(generateJson(), { vertexai: true }).models.generateContent({
      ...ASK,
      model: `publishers/google/models/${GEMINI}`,
    });
    expect(attributes()).toMatchObject({
      'gen_ai.provider.name': 'gcp.vertex_ai',
      'gen_ai.request.model': GEMINI,
      'costel.cost.usd': costOf('gcp.vertex_ai', GEMINI, GEMINI_BUCKETS),
    });
  });

  it('reports embeddings of the Gemini API and of Vertex AI', async () => {
    await clientOf(embedJson()).models.embedContent({ model: 'gemini-embedding-001', contents: ASK.contents });
    // Versions 2 of the SDK drop the 42 tokens that the answer states.
    const [input, quality] =
      copy === 'google-genai-2' ? ([ASKED_TOKENS, 'estimated'] as const) : ([42, 'reported'] as const);
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'embeddings',
      'gen_ai.usage.input_tokens': input,
      'costel.usage.quality': quality,
      'costel.cost.usd': costOf('gcp.gemini', 'gemini-embedding-001', { input }),
    });
    await telemetry.reset();
    const vertex = clientOf(predictJson(), { vertexai: true });
    await vertex.models.embedContent({ model: 'text-embedding-005', contents: ['a', 'b'] });
    expect(attributes()).toMatchObject({
      'gen_ai.usage.input_tokens': 12,
      'costel.cost.usd': costOf('gcp.vertex_ai', 'text-embedding-005', { input: 12 }),
    });
  });

  it('counts the images that were handed out', async () => {
    const client = clientOf(imagesJson(), { vertexai: true });
    await client.models.generateImages({ model: 'imagen-3.0-generate-001', prompt: 'a cat' });
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'image_generation',
      'costel.usage.image': 2,
      'costel.cost.usd': costOf('gcp.vertex_ai', 'imagen-3.0-generate-001', { image: 2 }),
    });
  });

  it('reports interactions', async () => {
    await clientOf(interactionJson()).interactions.create({ model: GEMINI, input: 'x' });
    const expected = {
      'gen_ai.response.id': 'interaction_fixed',
      'gen_ai.usage.input_tokens': 50,
      'gen_ai.usage.output_tokens': 12,
      'gen_ai.usage.reasoning.output_tokens': 4,
      'costel.cost.usd': costOf('gcp.gemini', GEMINI, { input: 50, output: 8, reasoning: 4 }),
    };
    expect(attributes()).toMatchObject(expected);
    await telemetry.reset();
    const ask = { model: GEMINI, input: 'x', stream: true } as const;
    for await (const _ of await clientOf(interactionSse()).interactions.create(ask)) expect(_).toBeDefined();
    expect(attributes()).toMatchObject({ ...expected, 'gen_ai.request.stream': true });
  });

  it('estimates an interaction whose stream is cancelled', async () => {
    const ask = { model: GEMINI, input: 'what is two and two?', stream: true } as const;
    const stream = await clientOf(interactionSse({ hold: true })).interactions.create(ask);
    const reader = stream.getReader();
    for (let event = 0; event < 4; event += 1) await reader.read();
    await reader.cancel();
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
      // "two and two make four" are 21 characters.
      'gen_ai.usage.output_tokens': 6,
    });
  });

  it('carries attribution', async () => {
    const client = clientOf(generateJson());
    await withCostAttribution({ feature: 'search', user: 'u-1' }, () => client.models.generateContent(ASK));
    expect(attributes()).toMatchObject({ 'costel.feature': 'search', 'user.id': 'u-1' });
  });

  it('can be patched where a bundle hands over the class alone', async () => {
    const { GoogleGenAI } = loadSdk(copy, '@google/genai', true) as GenAiModule;
    instrumentModule(GoogleGenAI);
    server.replies(generateJson());
    for (const apiKey of ['one', 'two']) {
      const client = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: server.url } });
      expect(Object.getOwnPropertyDescriptor(client, 'models')).toMatchObject({ enumerable: true, writable: true });
      await client.models.generateContent(ASK);
    }
    expect(telemetry.spans).toHaveLength(2);
  });

  it('can be patched for one client, whose module may be patched too', async () => {
    const plain = loadSdk(copy, '@google/genai', true) as GenAiModule;
    const options = { apiKey: 'k', httpOptions: { baseUrl: server.url } };
    const [wrapped, other] = [wrapClient(new plain.GoogleGenAI(options)), new plain.GoogleGenAI(options)];
    server.replies(generateJson(), generateJson(), interactionJson());
    await wrapped.models.generateContent(ASK);
    await other.models.generateContent(ASK);
    await wrapped.interactions.create({ model: GEMINI, input: 'x' });
    expect(telemetry.spans).toHaveLength(2);
    await telemetry.reset();
    await wrapClient(clientOf(generateJson())).models.generateContent(ASK);
    expect(telemetry.spans).toHaveLength(1);
  });
});
