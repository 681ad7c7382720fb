import { SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { chatBody, embeddingJson, rateLimited } from '../../../packages/instrumentation/test/support/openai-replies.js';
import {
  SOUND,
  speechSound,
  transcriptJson,
} from '../../../packages/instrumentation/test/support/openai-media-replies.js';
import { json, ProviderServer, silence, sse } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { STAINLESS_SDKS, loadFresh } from './stainless-sdks.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const modules = new Map(STAINLESS_SDKS.map((sdk) => [sdk.copy, instrumentModule(loadFresh(sdk))]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const USAGE = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };

describe.each(STAINLESS_SDKS)('a call of $copy', (sdk) => {
  const { provider, chatModel } = sdk;
  const clientOf = (options: Record<string, unknown> = {}) => {
    const module = modules.get(sdk.copy);
    if (module === undefined) throw new Error(`${sdk.copy} is not installed`);
    return new module.default({ apiKey: 'key', baseURL: server.url, maxRetries: 0, ...options });
  };
  const ASK = { model: chatModel, messages: [{ role: 'user', content: 'two and two?' }] };
  const cost = () => costOf(provider, chatModel, { input: 100, output: 20 });
  const answer = () => json({ ...chatBody(), model: chatModel, usage: USAGE });
  const chunk = (more: Record<string, unknown>) => ({
    data: {
      id: 'chatcmpl-fixed',
      model: chatModel,
      choices: [{ index: 0, delta: { content: 'four' }, finish_reason: null }],
      ...more,
    },
  });
  // Both state the usage of a stream unasked: Groq in a field of its own, Together where OpenAI does.
  const stated = provider === 'groq' ? { x_groq: { id: 'req', usage: USAGE } } : { usage: USAGE };
  const stream = (options: { hold?: boolean } = {}) =>
    sse([chunk({}), chunk({}), ...(options.hold === true ? [] : [chunk(stated)])], options);
  const attributes = () => telemetry.onlySpan.attributes;

  it('that answers JSON is one span with usage and exact cost', async () => {
    server.replies(answer());
    await clientOf().chat.completions.create(ASK);
    expect(telemetry.onlySpan.name).toBe(`chat ${chatModel}`);
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': provider,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': cost(),
      'server.address': '127.0.0.1',
    });
  });

  it('that streams has the usage of its last chunk', async () => {
    server.replies(stream());
    const chunks: unknown[] = [];
    const opened = (await clientOf().chat.completions.create({ ...ASK, stream: true })) as AsyncIterable<unknown>;
    for await (const part of opened) chunks.push(part);
    expect(chunks).toHaveLength(3);
    expect(server.seen[0]?.body).toEqual({ ...ASK, stream: true });
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported', 'costel.cost.usd': cost() });
  });

  it('whose stream is broken off is estimated', async () => {
    server.replies(stream({ hold: true }));
    const opened = (await clientOf().chat.completions.create({ ...ASK, stream: true })) as AsyncIterable<unknown>;
    for await (const _ of opened) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'costel.cost.status': 'priced',
    });
  });

  it('that nobody awaits, and one taken raw, are each a span', async () => {
    server.replies(answer());
    void clientOf().chat.completions.create(ASK);
    await (await clientOf().chat.completions.create(ASK).asResponse()).json();
    await until(() => telemetry.spans.length > 0 && server.seen.length === 2, 'both were answered');
    const raw = telemetry.spans.find((span) => span.attributes['costel.usage.quality'] === 'reported');
    expect(raw?.attributes['costel.cost.usd']).toBe(cost());
  });

  it('that ends in a 429 or a time-out has no cost that is known', async () => {
    server.replies(rateLimited());
    await expect(clientOf().chat.completions.create(ASK)).rejects.toThrow();
    server.replies(silence);
    await expect(clientOf().chat.completions.create(ASK, { timeout: 40 })).rejects.toThrow();
    const [limited, late] = telemetry.spans;
    expect(limited?.status.code).toBe(SpanStatusCode.ERROR);
    expect(limited?.attributes).toMatchObject({
      'error.type': 'RateLimitError',
      'costel.cost.status': 'not_billable',
    });
    expect(late?.attributes).toMatchObject({
      'error.type': 'APIConnectionTimeoutError',
      'costel.usage.quality': 'missing',
      'costel.cost.status': 'no_usage',
    });
  });

  it('that embeds, listens or speaks has what it is billed by', async () => {
    const client = clientOf();
    const file = new File([SOUND], 'sound.mp3', { type: 'audio/mpeg' });
    server.replies(embeddingJson(), transcriptJson({ duration: 29.2 }), transcriptJson({}), speechSound());
    await client.embeddings.create({ model: 'm', input: 'hello' });
    await client.audio.transcriptions.create({ model: 'w', file, response_format: 'verbose_json' });
    await client.audio.translations.create({ model: 'w', file });
    await client.audio.speech.create({ model: 's', voice: 'v', input: 'two and two' });
    expect(telemetry.spans.map(({ name }) => name)).toEqual([
      'embeddings m',
      'transcription w',
      'transcription w',
      'speech s',
    ]);
    expect(telemetry.spans.map((span) => span.attributes['costel.usage.quality'])).toEqual([
      'reported',
      'reported',
      'missing',
      'reported',
    ]);
    const [embedded, heard, , spoken] = telemetry.spans;
    expect(embedded?.attributes['gen_ai.usage.input_tokens']).toBe(42);
    expect(heard?.attributes['costel.usage.audio_second']).toBe(30);
    expect(spoken?.attributes['costel.usage.character']).toBe(11);
  });

  it('is seen once by a client that is wrapped after its module was', async () => {
    server.replies(answer());
    await wrapClient(clientOf()).chat.completions.create(ASK);
    expect(telemetry.spans).toHaveLength(1);
  });

  it('of a client that alone is wrapped is known for its own SDK, whatever its address', async () => {
    server.replies(answer());
    const client = wrapClient(new (loadFresh(sdk).default)({ apiKey: 'key', baseURL: server.url }));
    await client.chat.completions.create(ASK);
    expect(attributes()['gen_ai.provider.name']).toBe(provider);
  });

  it('to its own address names the provider by it', async () => {
    const seen: string[] = [];
    server.replies(answer());
    const client = clientOf({
      baseURL: undefined,
      fetch: (url: unknown, init: RequestInit) => {
        seen.push(new URL(String(url)).hostname);
        return fetch(server.url, {
          method: 'POST',
          body: init.body ?? null,
          headers: { 'content-type': 'application/json' },
        });
      },
    });
    await client.chat.completions.create(ASK);
    expect(attributes()).toMatchObject({ 'gen_ai.provider.name': provider, 'server.address': seen[0] });
  });
});

describe('a call of together-0', () => {
  it('that completes, draws or ranks has what it is billed by', async () => {
    const module = modules.get('together-0');
    if (module === undefined) throw new Error('together-0 is not installed');
    const client = new module.default({ apiKey: 'key', baseURL: server.url });
    const usage = { prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 };
    server.replies(
      json({ id: 'c', model: 'm', choices: [{ text: 'four' }], usage: USAGE }),
      json({ id: 'i', model: 'm', data: [{ url: 'a' }, { url: 'b' }] }),
      json({ id: 'r', model: 'm', results: [], usage }),
    );
    await client.completions.create({ model: 'm', prompt: 'two and two?' });
    await client.images.generate({ model: 'm', prompt: 'a house', n: 2 });
    await client.rerank.create({ model: 'm', query: 'q', documents: ['a'] });
    const [completed, drawn, ranked] = telemetry.spans;
    expect(completed?.attributes['gen_ai.usage.input_tokens']).toBe(100);
    expect(drawn?.attributes).toMatchObject({
      'gen_ai.operation.name': 'image_generation',
      'costel.usage.image': 2,
    });
    expect(ranked?.attributes).toMatchObject({ 'gen_ai.operation.name': 'rerank', 'gen_ai.usage.input_tokens': 9 });
  });
});
