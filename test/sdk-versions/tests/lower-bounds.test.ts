import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { collect } from '../../../packages/instrumentation/test/conformance/observe.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { bytes, json, ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { loadSdk } from './load-sdk.js';
import {
  bedrockConfig,
  CONVERSE_BUCKETS,
  CONVERSE_INPUT,
  CONVERSE_USAGE,
  NOVA,
  type BedrockModule,
} from './support/bedrock.js';
import { eventFrame } from './support/event-stream.js';
import { GEMINI, GEMINI_BUCKETS, generateJson, generateSse, type GenAiModule } from './support/google-genai.js';
import { chatJson, LLAMA, type OllamaModule } from './support/ollama.js';

/** The oldest versions that are said to be supported, beside the ones that everything is tested with. */
const server = new ProviderServer();
const telemetry = new Telemetry();

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const costs = () => telemetry.spans.map(({ attributes }) => attributes['costel.cost.usd']);

describe('the oldest supported version', () => {
  it('of @google/genai, 2.0: an answer and a stream are counted', async () => {
    const { GoogleGenAI } = instrumentModule(loadSdk('google-genai-2-0', '@google/genai', true) as GenAiModule);
    server.replies(generateJson(), generateSse());
    const client = new GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: server.url } });
    await client.models.generateContent({ model: GEMINI, contents: 'x' });
    await collect(await client.models.generateContentStream({ model: GEMINI, contents: 'x' }));
    const cost = costOf('gcp.gemini', GEMINI, GEMINI_BUCKETS);
    expect(costs()).toEqual([cost, cost]);
  });

  it('of @aws-sdk/client-bedrock-runtime, 3.704: an answer and a stream are counted', async () => {
    const module = instrumentModule(loadSdk('bedrock-3-704', '@aws-sdk/client-bedrock-runtime', true) as BedrockModule);
    // This version speaks HTTP/1.1 where one direction is enough.
    const frames = [
      eventFrame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'four' } }),
      eventFrame('metadata', { usage: CONVERSE_USAGE, metrics: { latencyMs: 1 } }),
    ];
    server.replies(
      json({ output: { message: { role: 'assistant', content: [{ text: 'four' }] } }, usage: CONVERSE_USAGE }),
      bytes(Buffer.concat(frames), 'application/vnd.amazon.eventstream'),
    );
    const client = new module.BedrockRuntimeClient(bedrockConfig(server.url));
    await client.send(new module.ConverseCommand(CONVERSE_INPUT));
    const { stream } = await client.send(new module.ConverseStreamCommand(CONVERSE_INPUT));
    if (stream !== undefined) await collect(stream);
    client.destroy();
    const cost = costOf('aws.bedrock', NOVA, CONVERSE_BUCKETS);
    expect(costs()).toEqual([cost, cost]);
  });

  it('of ollama, 0.5: an answer is counted', async () => {
    const { Ollama } = instrumentModule(loadSdk('ollama-0-5', 'ollama', true) as OllamaModule);
    server.replies(chatJson());
    await new Ollama({ host: server.url }).chat({ model: LLAMA, messages: [{ role: 'user', content: 'x' }] });
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.usage.quality': 'reported' });
  });
});
