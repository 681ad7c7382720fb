import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { finishOpenCalls, instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { prototypeNames } from '../../../packages/instrumentation/test/conformance/observe.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import { bedrockJson, BedrockServer, bedrockStream, type BedrockReply } from './support/bedrock-server.js';
import { bedrockConfig, type BedrockModule } from './support/bedrock.js';
import { chunkFrame } from './support/event-stream.js';

type Command = new (input: object) => object;

interface Module extends BedrockModule {
  readonly InvokeModelWithBidirectionalStreamCommand: Command;
  readonly StartAsyncInvokeCommand: Command;
  readonly GetAsyncInvokeCommand: Command;
}

interface Client {
  send(command: object): Promise<Record<string, unknown>>;
  destroy(): void;
}

const SDK = '@aws-sdk/client-bedrock-runtime';
const SONIC = 'amazon.nova-sonic-v1:0';
const REEL = 'amazon.nova-reel-v1:1';
const server = new BedrockServer();
const plain = loadSdk('bedrock-3', SDK, true) as Module;
const telemetry = new Telemetry();
const patched = instrumentModule(loadSdk('bedrock-3', SDK, true) as Module);
const clients: Client[] = [];

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

function clientOf(module: Module, ...replies: BedrockReply[]): Client {
  server.replies(...replies);
  const client = new module.BedrockRuntimeClient(bedrockConfig(server.url)) as unknown as Client;
  clients.push(client);
  return client;
}

async function* spoken(): AsyncGenerator<object> {
  for (const event of [{ sessionStart: {} }, { audioInput: { content: 'AAAA' } }, { sessionEnd: {} }])
    yield { chunk: { bytes: Buffer.from(JSON.stringify({ event })) } };
}

const usageEvent = (speechIn: number, textIn: number, speechOut: number, textOut: number) =>
  chunkFrame({
    event: {
      usageEvent: {
        sessionId: 'session_fixed',
        totalInputTokens: speechIn + textIn,
        totalOutputTokens: speechOut + textOut,
        details: {
          total: {
            input: { speechTokens: speechIn, textTokens: textIn },
            output: { speechTokens: speechOut, textTokens: textOut },
          },
        },
      },
    },
  });

const ANSWER = [
  chunkFrame({ event: { textOutput: { content: 'four' } } }),
  usageEvent(20, 5, 0, 0),
  chunkFrame({ event: { audioOutput: { content: 'AAAA' } } }),
  usageEvent(50, 5, 30, 7),
];

/** What the application sees of a conversation. */
async function converse(module: Module, ...replies: BedrockReply[]): Promise<unknown[]> {
  const command = new module.InvokeModelWithBidirectionalStreamCommand({ modelId: SONIC, body: spoken() });
  const { body } = await clientOf(module, ...replies).send(command);
  const seen: unknown[] = [];
  for await (const event of body as AsyncIterable<{ readonly chunk: { readonly bytes: Uint8Array } }>)
    seen.push([prototypeNames(event), Buffer.from(event.chunk.bytes).toString()]);
  return [seen, server.seen.map(({ path }) => path)];
}

describe('a stream in both directions', () => {
  it('is one call with the last total that it states, by text and speech', async () => {
    await converse(patched, bedrockStream(ANSWER));
    expect(telemetry.onlySpan.name).toBe(`chat ${SONIC}`);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.response.id': 'session_fixed',
      'gen_ai.usage.input_tokens': 55,
      'gen_ai.usage.output_tokens': 37,
      'costel.usage.input_audio': 50,
      'costel.usage.output_audio': 30,
      'costel.usage.quality': 'reported',
    });
  });

  it('that states nothing before it is cut off is not free', async () => {
    await converse(patched, bedrockStream(ANSWER.slice(0, 1), { cut: true }));
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.cost.status': 'no_usage' });
  });

  it('is to the application what it was', async () => {
    expect(await converse(patched, bedrockStream(ANSWER))).toEqual(await converse(plain, bedrockStream(ANSWER)));
  });
});

describe('an asynchronous invocation', () => {
  const SUBMITTED = '2026-11-20T10:00:00.000Z';
  const ENDED = '2026-11-20T10:04:00.000Z';
  const stateOf = (invocationArn: string, status: string) =>
    bedrockJson({
      invocationArn,
      modelArn: `arn:aws:bedrock:us-west-2::foundation-model/${REEL}`,
      status,
      submitTime: SUBMITTED,
      ...(status === 'InProgress' ? {} : { endTime: ENDED }),
      outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket' } },
    });
  const arnOf = (name: string) => `arn:aws:bedrock:us-west-2:123456789012:async-invoke/${name}`;
  const start = (client: Client, modelInput: object) =>
    client.send(
      new patched.StartAsyncInvokeCommand({
        modelId: REEL,
        modelInput,
        outputDataConfig: { s3OutputDataConfig: { s3Uri: 's3://bucket' } },
      }),
    );
  const look = (client: Client, invocationArn: string) =>
    client.send(new patched.GetAsyncInvokeCommand({ invocationArn }));
  const VIDEO = { taskType: 'TEXT_VIDEO', videoGenerationConfig: { durationSeconds: 12 } };

  it('is one call until its end is seen, a video by the seconds that were asked for', async () => {
    const arn = arnOf('video');
    const client = clientOf(
      patched,
      bedrockJson({ invocationArn: arn }),
      stateOf(arn, 'InProgress'),
      stateOf(arn, 'Completed'),
    );
    await start(client, VIDEO);
    await look(client, arn);
    expect(telemetry.spans).toEqual([]);
    await look(client, arn);
    await look(client, arn);
    expect(telemetry.onlySpan.name).toBe(`video_generation ${REEL}`);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.video_second': 12,
      'costel.usage.quality': 'reported',
    });
  });

  it.each([
    [
      'several shots',
      { taskType: 'MULTI_SHOT_MANUAL', multiShotManualParams: { shots: [{}, {}, {}] } },
      18,
      'reported',
    ],
    ['no length', { taskType: 'TEXT_VIDEO' }, 6, 'estimated'],
    ['a length as text', { prompt: 'a house', duration: '9s' }, 9, 'reported'],
  ])('of %s is as long as that makes it', async (name, input, seconds, quality) => {
    const arn = arnOf(name);
    const client = clientOf(patched, bedrockJson({ invocationArn: arn }), stateOf(arn, 'Completed'));
    await start(client, input);
    await look(client, arn);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.video_second': seconds,
      'costel.usage.quality': quality,
    });
  });

  it('that failed is not billed', async () => {
    const arn = arnOf('failed');
    const client = clientOf(patched, bedrockJson({ invocationArn: arn }), stateOf(arn, 'Failed'));
    await start(client, VIDEO);
    await look(client, arn);
    expect(telemetry.onlySpan.attributes['costel.cost.status']).toBe('not_billable');
  });

  it('that another process started, or whose end nobody saw, is not free', async () => {
    const client = clientOf(patched, stateOf(arnOf('elsewhere'), 'Completed'));
    await look(client, arnOf('elsewhere'));
    const { startTime, endTime } = telemetry.onlySpan;
    expect([hrTimeToMilliseconds(startTime), hrTimeToMilliseconds(endTime)]).toEqual([
      Date.parse(SUBMITTED),
      Date.parse(ENDED),
    ]);
    server.replies(bedrockJson({ invocationArn: arnOf('lost') }));
    await start(client, VIDEO);
    finishOpenCalls();
    expect(telemetry.spans.map(({ attributes }) => attributes['costel.cost.status'])).toEqual(['no_usage', 'no_usage']);
  });
});
