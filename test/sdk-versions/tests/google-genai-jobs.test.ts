import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { finishOpenCalls, instrumentModule, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { json, ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { formatPicoUsd, priceCall, type Usage } from '../../../packages/pricing/src/index.js';
import { loadSdk } from './load-sdk.js';
import { SocketServer, useLocalWebSockets, type Script } from './local-web-sockets.js';

interface Session {
  sendClientContent(content: object): void;
  sendToolResponse(response: object): void;
  close(): void;
}

interface Client {
  readonly live: { connect(parameters: object): Promise<Session> };
  readonly batches: { get(parameters: object): Promise<object> };
  readonly interactions: { create(parameters: object): Promise<object>; get(id: string): Promise<object> };
  readonly models: { generateVideos(parameters: object): Promise<object> };
  readonly operations: {
    getVideosOperation(parameters: object): Promise<object>;
    get(parameters: object): Promise<object>;
  };
}

interface Module {
  readonly GoogleGenAI: new (options: object) => Client;
  readonly GenerateVideosOperation: new () => object;
}

const LIVE = 'gemini-2.5-flash-native-audio-preview-09-2025';
const server = new ProviderServer();
const sockets = new SocketServer();
const telemetry = new Telemetry();
const local = useLocalWebSockets();

beforeAll(async () => {
  for (const level of ['warn', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  await server.start();
  await sockets.start();
});
beforeEach(() => telemetry.reset());
afterAll(async () => {
  local.undo();
  telemetry.stop();
  await server.stop();
  await sockets.stop();
});

const part = (text: string) => ({ serverContent: { modelTurn: { role: 'model', parts: [{ text }] } } });

const counted = (prompt: number, response: number) => ({
  promptTokenCount: prompt,
  responseTokenCount: response,
  totalTokenCount: prompt + response,
  promptTokensDetails: [{ modality: 'TEXT', tokenCount: prompt }],
  responseTokensDetails: [{ modality: 'AUDIO', tokenCount: response }],
});

const COMPLETE = { serverContent: { turnComplete: true } };

const batchPrice = (model: string, usage: Usage): string => {
  const at = { provider: 'gcp.gemini', requestModel: model, serviceTier: 'batch', quality: 'reported' } as const;
  const { costPicoUsd } = priceCall({ ...at, usage, atMs: Date.parse('2026-11-20T10:00:00Z') });
  return costPicoUsd === undefined ? 'no price' : formatPicoUsd(costPicoUsd);
};

describe.each(['google-genai-3', 'google-genai-2'])('%s', (copy) => {
  const plain = loadSdk(copy, '@google/genai', true) as Module;
  const patched = instrumentModule(loadSdk(copy, '@google/genai', true) as Module);
  const clientOf = (baseUrl: string, module = patched, options: object = {}): Client =>
    new module.GoogleGenAI({ apiKey: 'key', ...options, httpOptions: { baseUrl } });
  const calls = () => telemetry.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] !== undefined);

  /** Opens a session, sends one content, and waits until so many messages came. */
  async function talk(script: Script, expected: number, module = patched) {
    sockets.follows({ setup: [{ setupComplete: {} }], ...script });
    const seen: unknown[] = [];
    let isClosed = false;
    const callbacks = {
      onmessage: (message: unknown) => seen.push(JSON.parse(JSON.stringify(message))),
      onclose: () => {
        isClosed = true;
      },
    };
    const parameters = { model: LIVE, callbacks };
    const session = await clientOf(`http://${sockets.host}`, module).live.connect(parameters);
    session.sendClientContent({ turns: 'two and two?' });
    await until(() => seen.length >= expected, 'all messages came');
    session.close();
    await until(() => isClosed, 'the session closed');
    return { seen, own: Object.keys(session), prototype: Object.getPrototypeOf(session).constructor.name, parameters };
  }

  it('tells each answer of a live session as a call below the session, by the last counts stated of it', async () => {
    const clientContent = [
      part('four'),
      { ...part('!'), usageMetadata: counted(12, 3) },
      { ...COMPLETE, usageMetadata: counted(12, 9) },
      part('anything else?'),
      COMPLETE,
      { usageMetadata: counted(30, 5) },
    ];
    await withCostAttribution({ feature: 'voice' }, () => talk({ clientContent }, 7));
    const session = telemetry.spans.find(({ name }) => name === `live_session ${LIVE}`);
    expect(calls().map(({ attributes }) => attributes['gen_ai.usage.output_tokens'])).toEqual([9, 5]);
    const [first] = calls();
    expect(first?.name).toBe(`generate_content ${LIVE}`);
    expect(first?.parentSpanContext?.spanId).toBe(session?.spanContext().spanId);
    expect(first?.attributes).toMatchObject({
      'gen_ai.provider.name': 'gcp.gemini',
      'costel.feature': 'voice',
      'costel.usage.quality': 'reported',
      'costel.usage.output_audio': 9,
      'costel.cost.usd': costOf('gcp.gemini', LIVE, { input: 12, output_audio: 9 }),
    });
  });

  it('tells what a model says before and after a tool as two answers', async () => {
    const clientContent = [
      { toolCall: { functionCalls: [{ id: '1', name: 'add' }] }, usageMetadata: counted(20, 2) },
      part('four'),
      { ...COMPLETE, usageMetadata: counted(40, 4) },
    ];
    await talk({ clientContent }, 4);
    expect(calls().map(({ attributes }) => attributes['gen_ai.usage.input_tokens'])).toEqual([20, 40]);
  });

  it('does not call an answer free that the connection cut off', async () => {
    await talk({ clientContent: [part('four')] }, 2);
    expect(calls().map(({ attributes }) => attributes['costel.usage.quality'])).not.toContain('reported');
    expect(calls()).toHaveLength(1);
  });

  it('changes nothing of a live session', async () => {
    const script = { clientContent: [part('four'), { ...COMPLETE, usageMetadata: counted(12, 9) }] };
    const [before, after] = [await talk(script, 3, plain), await talk(script, 3)];
    expect(after.seen).toEqual(before.seen);
    expect(after.own).toEqual(before.own);
    expect(after.prototype).toBe(before.prototype);
    expect(Object.keys(after.parameters)).toEqual(Object.keys(before.parameters));
  });

  it('counts each answer of a batch once, at the batch price and in its time', async () => {
    const model = 'gemini-2.5-flash';
    const answer = (id: string) => ({
      responseId: id,
      modelVersion: model,
      candidates: [{ content: { parts: [{ text: 'four' }] } }],
      usageMetadata: { promptTokenCount: 100, candidatesTokenCount: 10, totalTokenCount: 110 },
    });
    const name = `batches/${copy}`;
    const batch = (state: string, responses?: readonly object[]) =>
      json({
        name,
        metadata: {
          state,
          model: `models/${model}`,
          displayName: 'nightly',
          createTime: '2026-11-20T10:00:00Z',
          endTime: '2026-11-20T11:00:00Z',
          output: responses === undefined ? {} : { inlinedResponses: { inlinedResponses: responses } },
        },
      });
    server.replies(
      batch('BATCH_STATE_RUNNING'),
      batch('BATCH_STATE_SUCCEEDED', [
        { response: answer('one') },
        { error: { code: 3, message: 'no' } },
        { response: answer('two') },
      ]),
    );
    for (let look = 0; look < 3; look += 1) await clientOf(server.url).batches.get({ name });
    expect(telemetry.spans.map(({ attributes }) => attributes['gen_ai.response.id'])).toEqual(['one', 'two']);
    const [span] = telemetry.spans;
    expect(hrTimeToMilliseconds(span?.startTime ?? [0, 0])).toBe(Date.parse('2026-11-20T10:00:00Z'));
    expect(span?.attributes).toMatchObject({
      'costel.service_tier': 'batch',
      'costel.cost.usd': batchPrice(model, { input: 100, output: 10 }),
    });
  });

  it('leaves an interaction in the background open until its end is seen, and counts no other that is looked at', async () => {
    const model = 'gemini-2.5-flash';
    const id = `interaction-${copy}`;
    const usage = { total_input_tokens: 50, total_output_tokens: 8, total_thought_tokens: 4, total_tokens: 62 };
    const state = (status: string, more: object = {}) => json({ id, model, status, outputs: [], ...more });
    server.replies(
      state('in_progress'),
      state('in_progress'),
      state('completed', { updated: '2099-01-01T00:00:00Z', usage }),
      json({ id: `${id}-other`, model, status: 'completed', outputs: [], usage }),
    );
    const client = clientOf(server.url);
    await client.interactions.create({ model, input: 'x', background: true });
    await client.interactions.get(id);
    expect(calls()).toEqual([]);
    for (const looked of [id, `${id}-other`]) await client.interactions.get(looked);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 50,
      'costel.cost.usd': costOf('gcp.gemini', model, { input: 50, output: 8, reasoning: 4 }),
    });
    expect(hrTimeToMilliseconds(telemetry.onlySpan.endTime)).toBe(Date.parse('2099-01-01T00:00:00Z'));
  });

  describe('a video', () => {
    const model = 'veo-3.1-generate-001';
    const name = `projects/p/locations/us-central1/publishers/google/models/${model}/operations/${copy}`;
    const made = { done: true, response: { videos: [{ gcsUri: 'gs://a' }, { gcsUri: 'gs://b' }] } };
    const clientOfVertex = () => clientOf(server.url, patched, { vertexai: true });
    const look = async (id: string) => {
      const operation = new patched.GenerateVideosOperation();
      Object.assign(operation, { name: id });
      await clientOfVertex().operations.getVideosOperation({ operation });
    };

    it('is one call until its end is seen, billed by the seconds that were asked for', async () => {
      server.replies(json({ name }), json({ name }), json({ name, ...made }));
      const asked = { model, prompt: 'a house', config: { durationSeconds: 6, numberOfVideos: 2 } };
      await clientOfVertex().models.generateVideos(asked);
      for (let time = 0; time < 3; time += 1) await look(name);
      expect(telemetry.onlySpan.name).toBe(`video_generation ${model}`);
      expect(telemetry.onlySpan.attributes).toMatchObject({
        'costel.usage.video_second': 12,
        'costel.usage.quality': 'reported',
        'costel.cost.usd': costOf('gcp.vertex_ai', model, { video_second: 12 }),
      });
    });

    it('that another process asked for has no known seconds, and so no known cost', async () => {
      server.replies(json({ name: `${name}-elsewhere`, ...made }));
      await look(`${name}-elsewhere`);
      expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.cost.status': 'no_usage' });
    });

    it('whose end nobody saw is not free', async () => {
      server.replies(json({ name: `${name}-lost` }));
      await clientOfVertex().models.generateVideos({ model, prompt: 'a house' });
      finishOpenCalls();
      expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.cost.status': 'no_usage' });
    });
  });
});
