import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { untilCollected } from '../../../packages/instrumentation/test/support/collect-garbage.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import { bedrockError, BedrockServer, bedrockSilence, type BedrockReply } from './support/bedrock-server.js';
import {
  bedrockConfig,
  CLAUDE,
  CLAUDE_BUCKETS,
  CONVERSE_BUCKETS,
  CONVERSE_INPUT,
  converseJson,
  converseStream,
  INVOKE_INPUT,
  invokeCounted,
  invokeJson,
  invokeStream,
  NOVA,
  type BedrockClient,
  type BedrockConfig,
  type BedrockModule,
} from './support/bedrock.js';

const SDK = '@aws-sdk/client-bedrock-runtime';

/** 20 characters of the question at 3.6 a token, rounded up, and 4 for the message's frame. */
const ASKED_TOKENS = 10;

const server = new BedrockServer();
const telemetry = new Telemetry();
const clients: BedrockClient[] = [];
beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const attributes = (): ReadableSpan['attributes'] => telemetry.onlySpan.attributes;

describe('bedrock-3', () => {
  const module = instrumentModule(loadSdk('bedrock-3', SDK, true) as BedrockModule);

  function clientOf(reply: BedrockReply | readonly BedrockReply[], config: Partial<BedrockConfig> = {}): BedrockClient {
    server.replies(...(typeof reply === 'function' ? [reply] : reply));
    const client = new module.BedrockRuntimeClient(bedrockConfig(server.url, config));
    clients.push(client);
    return client;
  }

  const converse = () => new module.ConverseCommand(CONVERSE_INPUT);
  const streamed = async (reply: BedrockReply) =>
    (await clientOf(reply).send(new module.ConverseStreamCommand(CONVERSE_INPUT))).stream ?? [];

  it('reports a conversation with its usage by bucket, its exact cost and its region', async () => {
    await clientOf(converseJson()).send(converse());
    expect(telemetry.onlySpan.name).toBe(`chat ${NOVA}`);
    expect(attributes()).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'aws.bedrock',
      'gen_ai.request.model': NOVA,
      'gen_ai.response.finish_reasons': ['end_turn'],
      'gen_ai.usage.input_tokens': 96,
      'gen_ai.usage.cache_read.input_tokens': 16,
      'gen_ai.usage.output_tokens': 12,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('aws.bedrock', NOVA, CONVERSE_BUCKETS),
      'costel.region': 'us-west-2',
      'server.address': '127.0.0.1',
      'server.port': server.port,
    });
  });

  it('knows the server and the region of a client from the start once it has sent', async () => {
    const client = clientOf(converseJson());
    await client.send(converse());
    await client.send(converse());
    expect(telemetry.spans.map((span) => span.attributes['server.port'])).toEqual([server.port, server.port]);
  });

  it('prices an inference profile by its own name, also inside an ARN', async () => {
    const client = clientOf(converseJson());
    const arn = `arn:aws:bedrock:us-west-2:123456789012:inference-profile/${NOVA}`;
    await client.send(new module.ConverseCommand({ ...CONVERSE_INPUT, modelId: arn }));
    expect(attributes()['gen_ai.request.model']).toBe(NOVA);
    await telemetry.reset();
    const own = 'arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc';
    await client.send(new module.ConverseCommand({ ...CONVERSE_INPUT, modelId: own }));
    expect(attributes()).toMatchObject({ 'gen_ai.request.model': own, 'costel.cost.status': 'unpriced' });
  });

  it('prices the model that a prompt router chose', async () => {
    const chosen = 'arn:aws:bedrock:us-west-2::foundation-model/amazon.nova-micro-v1:0';
    const client = clientOf(converseJson({ trace: { promptRouter: { invokedModelId: chosen } } }));
    await client.send(
      new module.ConverseCommand({ ...CONVERSE_INPUT, modelId: 'arn:aws:bedrock:us-west-2:1:prompt-router/x' }),
    );
    expect(attributes()).toMatchObject({
      'gen_ai.response.model': 'amazon.nova-micro-v1:0',
      'costel.cost.usd': costOf('aws.bedrock', 'amazon.nova-micro-v1:0', CONVERSE_BUCKETS),
    });
  });

  it("reports an invoked model by the usage in the model's own body", async () => {
    await clientOf(invokeJson()).send(new module.InvokeModelCommand(INVOKE_INPUT));
    expect(attributes()).toMatchObject({
      'gen_ai.request.model': CLAUDE,
      'gen_ai.response.id': 'msg_fixed',
      'gen_ai.usage.input_tokens': 40,
      'gen_ai.usage.cache_read.input_tokens': 10,
      'gen_ai.usage.output_tokens': 6,
      'costel.cost.usd': costOf('aws.bedrock', CLAUDE, CLAUDE_BUCKETS),
    });
  });

  it("reports an invoked model by Bedrock's headers where its body has no counts, or is large", async () => {
    const modelId = 'meta.llama3-1-8b-instruct-v1:0';
    const expected = {
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 3,
      'costel.cost.usd': costOf('aws.bedrock', modelId, { input: 21, output: 3 }),
    };
    for (const body of [{ generation: 'four' }, { generation: 'x'.repeat(2 ** 20) }]) {
      await clientOf(invokeCounted(body)).send(new module.InvokeModelCommand({ modelId, body: '{"prompt":"x"}' }));
      expect(attributes()).toMatchObject(expected);
      await telemetry.reset();
    }
  });

  it('tells embeddings and images by the model', async () => {
    const client = clientOf(invokeCounted({ embedding: [0.5] }));
    for (const modelId of ['amazon.titan-embed-text-v2:0', 'amazon.nova-canvas-v1:0'])
      await client.send(new module.InvokeModelCommand({ modelId, body: '{}' }));
    expect(telemetry.spans.map((span) => span.attributes['gen_ai.operation.name'])).toEqual([
      'embeddings',
      'image_generation',
    ]);
  });

  it('reports streams that are read to their end', async () => {
    for await (const event of await streamed(converseStream())) expect(event).toBeDefined();
    expect(attributes()).toMatchObject({
      'gen_ai.request.stream': true,
      'gen_ai.usage.input_tokens': 96,
      'gen_ai.usage.output_tokens': 12,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('aws.bedrock', NOVA, CONVERSE_BUCKETS),
    });
    await telemetry.reset();
    const { body } = await clientOf(invokeStream()).send(new module.InvokeModelWithResponseStreamCommand(INVOKE_INPUT));
    for await (const event of (body ?? []) as AsyncIterable<object>) expect(event).toBeDefined();
    expect(attributes()).toMatchObject({
      'gen_ai.usage.input_tokens': 40,
      'gen_ai.usage.output_tokens': 6,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('aws.bedrock', CLAUDE, CLAUDE_BUCKETS),
    });
  });

  it('estimates a stream that is left, from the question and the text seen', async () => {
    let seen = 0;
    for await (const _ of await streamed(converseStream({ hold: true }))) {
      seen += 1;
      if (seen === 3) break;
    }
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
      // "two and two make " are 17 characters.
      'gen_ai.usage.output_tokens': 5,
      'costel.cost.usd': costOf('aws.bedrock', NOVA, { input: ASKED_TOKENS, output: 5 }),
    });
  });

  it('keeps the input that an invoked stream reported before it was left', async () => {
    const { body } = await clientOf(invokeStream({ hold: true })).send(
      new module.InvokeModelWithResponseStreamCommand(INVOKE_INPUT),
    );
    let seen = 0;
    for await (const _ of (body ?? []) as AsyncIterable<object>) {
      seen += 1;
      if (seen === 3) break;
    }
    expect(attributes()).toMatchObject({ 'costel.stream.end': 'broken_off', 'costel.usage.quality': 'estimated' });
    expect(Number(attributes()['gen_ai.usage.input_tokens'])).toBeGreaterThan(0);
    expect(attributes()['gen_ai.usage.output_tokens']).toBe(5);
  });

  it.each([
    ['ends in an exception', { failing: true }, 'ThrottlingException'],
    ['is damaged', { corrupt: true }, 'Error'],
  ])('estimates a stream that %s', async (_name, how, errorType) => {
    const stream = await streamed(converseStream(how));
    await expect(async () => {
      for await (const event of stream) expect(event).toBeDefined();
    }).rejects.toThrow();
    expect(attributes()).toMatchObject({
      'costel.usage.quality': 'estimated',
      'error.type': errorType,
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
      'gen_ai.usage.output_tokens': 5,
    });
  });

  it('finds a stream that nobody reads when it is collected', async () => {
    await clientOf(converseStream()).send(new module.ConverseStreamCommand(CONVERSE_INPUT));
    await untilCollected(() => telemetry.spans.length > 0, 'the dropped stream was noticed');
    expect(attributes()).toMatchObject({
      'costel.stream.end': 'abandoned',
      'costel.usage.quality': 'estimated',
      'gen_ai.usage.input_tokens': ASKED_TOKENS,
    });
  });

  it('does not bill an error answer', async () => {
    await expect(clientOf(bedrockError('ThrottlingException', 429)).send(converse())).rejects.toThrow('refused');
    expect(attributes()).toMatchObject({
      'error.type': 'ThrottlingException',
      'http.response.status_code': 429,
      'costel.cost.status': 'not_billable',
    });
  });

  it('says that usage is missing where a call times out or is aborted before the answer', async () => {
    await expect(clientOf(bedrockSilence, { requestHandler: { requestTimeout: 30 } }).send(converse())).rejects.toThrow(
      'timed out',
    );
    expect(attributes()).toMatchObject({
      'error.type': 'TimeoutError',
      'costel.usage.quality': 'missing',
      'costel.cost.status': 'no_usage',
    });
    await telemetry.reset();
    const controller = new AbortController();
    const sending = clientOf(bedrockSilence).send(converse(), { abortSignal: controller.signal });
    await until(() => server.seen.length > 0, 'the request arrived');
    controller.abort();
    await expect(sending).rejects.toThrow(/abort/i);
    expect(attributes()).toMatchObject({ 'error.type': 'AbortError', 'costel.usage.quality': 'missing' });
  });

  it('reports a call once, however often the SDK repeats it', async () => {
    const replies = [bedrockError('ServiceUnavailableException', 503), converseJson()];
    await clientOf(replies, { maxAttempts: 2 }).send(converse());
    expect(server.seen).toHaveLength(2);
    expect(attributes()).toMatchObject({ 'costel.usage.quality': 'reported' });
  });

  it('reports calls that a callback takes, that nobody awaits, and that a client keeps its handlers for', async () => {
    const client = clientOf(converseJson(), { cacheMiddleware: true });
    await new Promise((resolve) => {
      client.send(converse(), resolve);
    });
    void client.send(converse());
    await client.send(converse());
    await until(() => telemetry.spans.length === 3, 'all calls were reported');
    expect(telemetry.spans.map((span) => span.attributes['costel.usage.quality'])).toEqual(
      Array.from({ length: 3 }, () => 'reported'),
    );
  });

  it('can be patched for one client, whose module may be patched too', async () => {
    const plain = loadSdk('bedrock-3', SDK, true) as BedrockModule;
    server.replies(converseJson());
    const wrapped = wrapClient(new plain.BedrockRuntimeClient(bedrockConfig(server.url)));
    const other = new plain.BedrockRuntimeClient(bedrockConfig(server.url));
    clients.push(wrapped, other);
    await wrapped.send(new plain.ConverseCommand(CONVERSE_INPUT));
    await other.send(new plain.ConverseCommand(CONVERSE_INPUT));
    expect(attributes()).toMatchObject({
      'costel.cost.usd': costOf('aws.bedrock', NOVA, CONVERSE_BUCKETS),
      'costel.region': 'us-west-2',
      'server.port': server.port,
    });
    await wrapClient(clientOf(converseJson())).send(converse());
    expect(telemetry.spans).toHaveLength(2);
  });

  it('can be patched where a bundle hands over the class alone', async () => {
    const plain = loadSdk('bedrock-3', SDK, true) as BedrockModule;
    instrumentModule(plain.BedrockRuntimeClient);
    server.replies(converseJson());
    const client = new plain.BedrockRuntimeClient(bedrockConfig(server.url));
    clients.push(client);
    await client.send(new plain.ConverseCommand(CONVERSE_INPUT));
    await client.send(new plain.ConverseCommand(CONVERSE_INPUT));
    expect(telemetry.spans).toHaveLength(2);
  });
});
