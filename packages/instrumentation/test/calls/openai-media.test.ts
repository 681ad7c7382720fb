import { SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule } from '../../src/index.js';
import { costOf } from '../support/expectations.js';
import { chatBody, rateLimited } from '../support/openai-replies.js';
import {
  conversationJson,
  imageJson,
  imageSse,
  itemsJson,
  moderationJson,
  SOUND,
  speechSound,
  transcriptJson,
  transcriptSse,
  transcriptText,
} from '../support/openai-media-replies.js';
import { json, ProviderServer } from '../support/provider-server.js';
import { loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { Telemetry, until } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const modules = new Map(OPENAI_COPIES.map((copy) => [copy, instrumentModule(loadOpenAi(copy, true))]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

describe.each(OPENAI_COPIES)('a call of %s', (copy) => {
  const moduleOf = () => {
    const module = modules.get(copy);
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return module;
  };
  const clientOf = () => new (moduleOf().OpenAI)({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
  const attributes = () => telemetry.onlySpan.attributes;
  const drain = async (stream: AsyncIterable<unknown>) => {
    for await (const _ of stream);
  };
  const sound = () => new File([SOUND], 'sound.mp3', { type: 'audio/mpeg' });
  const picture = () => new File([SOUND], 'house.png', { type: 'image/png' });
  const DRAW = { model: 'gpt-image-1', prompt: 'a house' };
  const HEAR = { model: 'gpt-4o-transcribe' };

  it('that makes images has their tokens, whole and in parts', async () => {
    const client = clientOf();
    const cost = costOf('openai', 'gpt-image-1', { input: 10, input_image: 40, output_image: 272 });
    for (const call of [
      async () => (server.replies(imageJson()), client.images.generate(DRAW)),
      async () => (server.replies(imageJson()), client.images.edit({ ...DRAW, image: picture() })),
      async () => (
        server.replies(imageSse('image_generation')),
        drain(await client.images.generate({ ...DRAW, stream: true }))
      ),
      async () => (
        server.replies(imageSse('image_edit')),
        drain(await client.images.edit({ ...DRAW, image: picture(), stream: true }))
      ),
    ]) {
      await telemetry.reset();
      await call();
      expect(telemetry.onlySpan.name).toBe('image_generation gpt-image-1');
      expect(attributes()).toMatchObject({
        'gen_ai.operation.name': 'image_generation',
        'costel.usage.quality': 'reported',
        'costel.usage.input': 10,
        'costel.usage.input_image': 40,
        'costel.usage.output_image': 272,
        'costel.cost.usd': cost,
      });
    }
  });

  it('that makes an image and is left before it is whole is not free', async () => {
    server.replies(imageSse('image_generation', { hold: true }));
    for await (const _ of await clientOf().images.generate({ ...DRAW, stream: true })) break;
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'missing',
      'costel.cost.status': 'no_usage',
    });
  });

  it('that varies an image without counted tokens counts the image, at the price of the size that it has', async () => {
    server.replies(imageJson({}));
    await clientOf().images.createVariation({ image: picture(), model: 'dall-e-2' });
    expect(attributes()).toMatchObject({ 'costel.usage.image': 1, 'costel.cost.usd': '0.02' });
  });

  it('that writes sound down has its tokens, or its seconds', async () => {
    const client = clientOf();
    const cost = costOf('openai', 'gpt-4o-transcribe', { input: 3, input_audio: 37, output: 12 });
    for (const call of [
      async () => (server.replies(transcriptJson()), client.audio.transcriptions.create({ ...HEAR, file: sound() })),
      async () => (
        server.replies(transcriptSse()),
        drain(await client.audio.transcriptions.create({ ...HEAR, file: sound(), stream: true }))
      ),
    ]) {
      await telemetry.reset();
      await call();
      expect(telemetry.onlySpan.name).toBe('transcription gpt-4o-transcribe');
      expect(attributes()).toMatchObject({ 'costel.usage.input_audio': 37, 'costel.cost.usd': cost });
    }
    await telemetry.reset();
    server.replies(transcriptJson({ usage: { type: 'duration', seconds: 30 } }), transcriptJson({ duration: 29.5 }));
    await client.audio.transcriptions.create({ model: 'whisper-1', file: sound() });
    await client.audio.translations.create({ model: 'whisper-1', file: sound(), response_format: 'verbose_json' });
    // $0.006 a minute.
    expect(telemetry.spans.map((span) => span.attributes['costel.cost.usd'])).toEqual(['0.003', '0.003']);
  });

  it('that writes sound down as bare text, or is left early, is not free', async () => {
    const client = clientOf();
    server.replies(transcriptText(), transcriptSse({ hold: true }));
    await client.audio.transcriptions.create({ model: 'whisper-1', file: sound(), response_format: 'text' });
    const stream = await client.audio.transcriptions.create({ ...HEAR, file: sound(), stream: true });
    for await (const _ of stream) break;
    expect(telemetry.spans.map((span) => span.attributes['costel.cost.status'])).toEqual(['no_usage', 'no_usage']);
  });

  it('that speaks is billed by the characters that it was given, however its sound is taken', async () => {
    const client = clientOf();
    server.replies(speechSound());
    const body = { model: 'tts-1', voice: 'ash' as const, input: 'two and two, señor' };
    await (await client.audio.speech.create(body)).arrayBuffer();
    await client.audio.speech.create(body).asResponse();
    await until(() => telemetry.spans.length === 2, 'both calls ended');
    for (const { name, attributes: all } of telemetry.spans) {
      expect(name).toBe('speech tts-1');
      expect(all).toMatchObject({
        'gen_ai.operation.name': 'speech',
        'costel.usage.character': 18,
        'costel.usage.quality': 'reported',
        // $15 a million characters.
        'costel.cost.usd': '0.00027',
      });
    }
  });

  it('that moderates is a span that is billed nothing', async () => {
    server.replies(moderationJson());
    await clientOf().moderations.create({ input: 'hello', model: 'omni-moderation-latest' });
    expect(telemetry.onlySpan.name).toBe('moderation omni-moderation-latest');
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'moderation',
      'costel.cost.status': 'not_billable',
    });
    expect(attributes()['costel.cost.usd']).toBeUndefined();
  });

  it('that fails is an error without cost', async () => {
    server.replies(rateLimited());
    const client = clientOf();
    await expect(client.images.edit({ ...DRAW, image: picture() })).rejects.toThrow();
    await expect(client.audio.transcriptions.create({ ...HEAR, file: sound() })).rejects.toThrow();
    await expect(client.moderations.create({ input: 'x' })).rejects.toThrow();
    for (const span of telemetry.spans) {
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expect(span.attributes).toMatchObject({
        'error.type': 'RateLimitError',
        'costel.cost.status': 'not_billable',
      });
    }
    expect(telemetry.spans).toHaveLength(3);
  });

  it('that only keeps a conversation is no call of a model', async () => {
    const client = clientOf();
    server.replies(conversationJson(), itemsJson(), itemsJson());
    await client.conversations.create();
    await client.conversations.items.create('conv_fixed', {
      items: [{ type: 'message', role: 'user', content: 'hello' }],
    });
    await client.conversations.items.list('conv_fixed');
    expect(telemetry.spans).toEqual([]);
  });

  it('of an Azure deployment has the deployment as its request model and the price of what answered', async () => {
    const seen: string[] = [];
    server.replies(json({ ...chatBody(), model: 'gpt-4o-2024-08-06' }));
    const client = new (moduleOf().AzureOpenAI)({
      apiKey: 'k',
      endpoint: 'https://house.openai.azure.com',
      apiVersion: '2025-04-01-preview',
      deployment: 'our-chat',
      fetch: (url: unknown, init?: RequestInit) => {
        seen.push(String(url));
        return fetch(`${server.url}/v1/chat/completions`, init);
      },
    });
    await client.chat.completions.create({ model: 'our-chat', messages: [{ role: 'user', content: 'two and two?' }] });
    expect(seen).toEqual([
      'https://house.openai.azure.com/openai/deployments/our-chat/chat/completions?api-version=2025-04-01-preview',
    ]);
    expect(attributes()).toMatchObject({
      'gen_ai.provider.name': 'azure.ai.openai',
      'gen_ai.request.model': 'our-chat',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'server.address': 'house.openai.azure.com',
      'costel.cost.usd': costOf('azure.ai.openai', 'gpt-4o-2024-08-06', {
        input: 176,
        cache_read: 1024,
        output: 100,
        reasoning: 200,
      }),
    });
  });
});

describe.each(OPENAI_COPIES)('the server behind a client of %s', (copy) => {
  const routed = instrumentModule(loadOpenAi(copy, true), { providerByHost: { 'vllm.internal': 'house_vllm' } });

  it.each([
    ['https://api.openai.com/v1', 'openai'],
    ['https://eu.api.openai.com/v1', 'openai'],
    ['https://house.openai.azure.com/openai/v1', 'azure.ai.openai'],
    ['https://house.services.ai.azure.com/openai/v1', 'azure.ai.inference'],
    ['https://openrouter.ai/api/v1', 'openrouter'],
    ['https://api.deepseek.com', 'deepseek'],
    ['https://api.deepseek.com/beta', 'deepseek'],
    ['https://api.x.ai/v1', 'x_ai'],
    ['https://api.perplexity.ai', 'perplexity'],
    ['https://api.together.xyz/v1', 'together'],
    ['https://api.together.ai/v1', 'together'],
    ['https://api.groq.com/openai/v1', 'groq'],
    ['https://api.fireworks.ai/inference/v1', 'fireworks'],
    ['https://api.mistral.ai/v1', 'mistral_ai'],
    ['https://api.cerebras.ai/v1', 'cerebras'],
    ['https://api.moonshot.ai/v1', 'moonshot_ai'],
    ['https://generativelanguage.googleapis.com/v1beta/openai/', 'gcp.gemini'],
    ['https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/openapi', 'gcp.vertex_ai'],
    ['https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1', 'aws.bedrock'],
    ['https://api.anthropic.com/v1/', 'anthropic'],
    ['https://api.cohere.ai/compatibility/v1', 'cohere'],
    ['https://dashscope-intl.aliyuncs.com/compatible-mode/v1', 'alibaba_cloud'],
    ['https://api.z.ai/api/paas/v4', 'zai'],
    ['https://router.huggingface.co/v1', 'huggingface'],
    ['https://api.deepinfra.com/v1/openai', 'deepinfra'],
    ['https://api.sambanova.ai/v1', 'sambanova'],
    // vLLM, Ollama, LiteLLM and other servers of one's own: only `providerByHost` can tell.
    ['http://vllm.internal:8000/v1', 'house_vllm'],
    ['http://localhost:11434/v1', 'openai'],
  ])('%s is %s', async (baseURL, provider) => {
    server.replies(json(chatBody()));
    const client = new routed.OpenAI({
      apiKey: 'k',
      baseURL,
      fetch: (_url: unknown, init?: RequestInit) => fetch(`${server.url}/v1/chat/completions`, init),
    });
    await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'two and two?' }] });
    const { hostname, port, protocol } = new URL(baseURL);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.provider.name': provider,
      'server.address': hostname,
      'server.port': port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port),
    });
  });
});
