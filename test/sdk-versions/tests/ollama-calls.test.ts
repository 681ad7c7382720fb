import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { ProviderServer, type Reply } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import {
  chatJson,
  embedJson,
  generateJson,
  lines,
  LLAMA,
  notFound,
  type OllamaClient,
  type OllamaModule,
} from './support/ollama.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const ask = () => ({ model: LLAMA, messages: [{ role: 'user', content: 'what is two and two?' }] });

/** 20 characters of the question at 3.6 a token, rounded up, and 4 for the message's frame. */
const ASKED_TOKENS = 10;

const attributes = (): ReadableSpan['attributes'] => telemetry.onlySpan.attributes;

describe('ollama-0', () => {
  const module = instrumentModule(loadSdk('ollama-0', 'ollama', true) as OllamaModule);

  function clientOf(...replies: readonly Reply[]): OllamaClient {
    server.replies(...replies);
    return new module.Ollama({ host: server.url });
  }

  it('reports usage; without a price of the user for the machine there is no cost, and it is not zero', async () => {
    await clientOf(chatJson()).chat(ask());
    expect(telemetry.onlySpan.name).toBe(`chat ${LLAMA}`);
    expect(attributes()).toMatchObject({
      'gen_ai.provider.name': 'ollama',
      'gen_ai.request.model': LLAMA,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 26,
      'gen_ai.usage.output_tokens': 12,
      'costel.usage.quality': 'reported',
      'costel.cost.status': 'unpriced',
      'costel.cost.reason': 'unknown_model',
      'server.port': server.port,
    });
    expect(attributes()).not.toHaveProperty('costel.cost.usd');
  });

  it('reports generated and embedded text', async () => {
    await clientOf(generateJson()).generate({ model: LLAMA, prompt: 'x' });
    await clientOf(embedJson()).embed({ model: 'nomic-embed-text', input: 'x' });
    expect(telemetry.spans.map(({ name }) => name)).toEqual([
      `text_completion ${LLAMA}`,
      'embeddings nomic-embed-text',
    ]);
    expect(telemetry.spans.map((span) => span.attributes['gen_ai.usage.input_tokens'])).toEqual([26, 7]);
  });

  it.each(['message', 'response'] as const)('reports a stream of %s that is read to its end', async (field) => {
    const client = clientOf(lines({ field }));
    const stream =
      field === 'message'
        ? await client.chat({ ...ask(), stream: true })
        : await client.generate({ model: LLAMA, prompt: 'x', stream: true });
    for await (const chunk of stream) expect(chunk).toBeDefined();
    expect(attributes()).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.usage.input_tokens': 26,
      'gen_ai.usage.output_tokens': 12,
      'costel.usage.quality': 'reported',
    });
  });

  it('estimates a stream that is left', async () => {
    for await (const _ of await clientOf(lines({ hold: true })).chat({ ...ask(), stream: true })) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
      'gen_ai.usage.output_tokens': 4,
    });
  });

  it('estimates streams that are aborted, before and while they are read', async () => {
    const client = clientOf(lines({ hold: true }));
    const unread = await client.chat({ ...ask(), stream: true });
    unread.abort();
    const read = await client.chat({ ...ask(), stream: true });
    await expect(async () => {
      for await (const _ of read) client.abort();
    }).rejects.toThrow(/abort/i);
    const ends = telemetry.spans.map(({ attributes: all }) => [all['costel.stream.end'], all['costel.usage.quality']]);
    expect(ends).toEqual([
      ['aborted', 'estimated'],
      ['aborted', 'estimated'],
    ]);
  });

  it('estimates a stream that ends in an error', async () => {
    const stream = await clientOf(lines({ error: true })).chat({ ...ask(), stream: true });
    await expect(async () => {
      for await (const chunk of stream) expect(chunk).toBeDefined();
    }).rejects.toThrow('out of memory');
    expect(attributes()).toMatchObject({ 'error.type': 'Error', 'costel.usage.quality': 'estimated' });
  });

  it('does not bill an error answer', async () => {
    await expect(clientOf(notFound()).chat(ask())).rejects.toThrow('not found');
    expect(attributes()).toMatchObject({
      'error.type': 'ResponseError',
      'http.response.status_code': 404,
      'costel.cost.status': 'not_billable',
    });
  });

  it('reports a call that nobody awaits', async () => {
    void clientOf(chatJson()).chat(ask());
    await until(() => telemetry.spans.length > 0, 'the call was reported');
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported' });
  });

  it('can be patched for one client, whose module may be patched too', async () => {
    const plain = loadSdk('ollama-0', 'ollama', true) as OllamaModule;
    server.replies(chatJson());
    const wrapped = wrapClient(new plain.Ollama({ host: server.url }));
    await wrapped.chat(ask());
    await new plain.Ollama({ host: server.url }).chat(ask());
    expect(telemetry.spans).toHaveLength(1);
    await wrapClient(clientOf(chatJson())).chat(ask());
    expect(telemetry.spans).toHaveLength(2);
  });

  it('can be patched where a bundle hands over the class alone', async () => {
    const { Ollama } = loadSdk('ollama-0', 'ollama', true) as OllamaModule;
    instrumentModule(Ollama);
    server.replies(chatJson());
    await new Ollama({ host: server.url }).chat(ask());
    expect(telemetry.spans).toHaveLength(1);
  });
});
