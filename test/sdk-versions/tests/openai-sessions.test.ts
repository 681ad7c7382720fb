import { SpanStatusCode } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { finishOpenCalls, instrumentModule, withCostAttribution } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { SocketServer, useLocalWebSockets } from './local-web-sockets.js';
import {
  closed,
  heard,
  loadSessions,
  openRealtime,
  openResponses,
  realtimeResponse,
  REALTIME_MODEL,
  responseEvents,
  SESSION_COPIES,
  SESSION_CREATED,
  TRANSCRIBED,
  type SessionClient,
  type SessionCopy,
} from './openai-sessions.js';
import { trace } from './otel-api.js';

const server = new SocketServer();
const sockets = useLocalWebSockets();
const telemetry = new Telemetry();

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  sockets.undo();
  await server.stop();
});

const isSession = ({ name }: ReadableSpan): boolean => name.includes('_session');

describe.each(Object.keys(SESSION_COPIES) as SessionCopy[])('a session of %s', (copy) => {
  const modules = loadSessions(copy);
  for (const module of [modules.openai, modules.realtimeWs, modules.realtimeWebSocket, modules.responsesWs])
    instrumentModule(module);
  const context = { modules, server };
  const calls = () => telemetry.spans.filter((span) => !isSession(span));
  const session = () => telemetry.spans.find(isSession);
  const hangUp = async (client: SessionClient) => {
    client.close();
    await closed(client);
    await until(() => session() !== undefined, 'the session ended');
  };
  const REALTIME_COST = costOf('openai', REALTIME_MODEL, {
    input: 40,
    cache_read: 30,
    input_audio: 20,
    cache_read_audio: 10,
    output: 5,
    output_audio: 45,
  });

  it.each(['ws', 'websocket'] as const)('over %s has a call for each answer, below its own span', async (kind) => {
    server.follows({
      connected: [SESSION_CREATED],
      'response.create': [...realtimeResponse('resp_1'), ...realtimeResponse('resp_2')],
    });
    const client = openRealtime(context, kind);
    await heard(client, 'session.created');
    const done = heard(client, 'response.done', 2);
    client.send({ type: 'response.create' });
    await done;
    await hangUp(client);
    expect(session()?.name).toBe('realtime_session gpt-realtime');
    expect(session()?.status.code).toBe(SpanStatusCode.UNSET);
    expect(Object.keys(session()?.attributes ?? {}).filter((name) => /usage|cost|operation/.test(name))).toEqual([]);
    expect(calls().map((span) => span.attributes['gen_ai.response.id'])).toEqual(['resp_1', 'resp_2']);
    for (const call of calls()) {
      expect(call.name).toBe('chat gpt-realtime');
      expect(call.parentSpanContext?.spanId).toBe(session()?.spanContext().spanId);
      expect(call.attributes).toMatchObject({
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-realtime',
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 50,
        'costel.usage.output_audio': 45,
        'costel.usage.quality': 'reported',
        'costel.cost.usd': REALTIME_COST,
        'server.address': '127.0.0.1',
      });
      expect(call.attributes['gen_ai.response.time_to_first_chunk']).toBeGreaterThanOrEqual(0);
    }
  });

  it('is priced for what was written down by another model', async () => {
    server.follows({ connected: [SESSION_CREATED, TRANSCRIBED, ...realtimeResponse('resp_1')] });
    const client = openRealtime(context);
    await heard(client, 'response.done');
    await hangUp(client);
    expect(calls().map(({ name }) => name)).toEqual(['transcription gpt-4o-mini-transcribe', 'chat gpt-realtime']);
    expect(calls()[0]?.attributes).toMatchObject({
      'costel.usage.input_audio': 18,
      'costel.cost.usd': costOf('openai', 'gpt-4o-mini-transcribe', { input: 2, input_audio: 18, output: 4 }),
    });
  });

  it('whose connection breaks leaves no answer out and none free', async () => {
    const [created, delta] = realtimeResponse('resp_1');
    server.follows({ connected: [SESSION_CREATED, created ?? {}, delta ?? {}, 'hang up'] });
    const client = openRealtime(context);
    client.on('error', () => undefined);
    await closed(client);
    await until(() => session() !== undefined, 'the session ended');
    expect(calls().map(({ attributes }) => attributes)).toMatchObject([
      { 'costel.stream.end': 'broken_off', 'costel.usage.quality': 'missing', 'costel.cost.status': 'no_usage' },
    ]);
  });

  it('that is never opened is an error and no call', async () => {
    server.follows({ connected: ['hang up'] });
    const client = openRealtime(context);
    client.on('error', () => undefined);
    await closed(client);
    await until(() => session() !== undefined, 'the session ended');
    expect(session()?.status.code).toBe(SpanStatusCode.ERROR);
    expect(calls()).toEqual([]);
  });

  it('that is open when the process ends is finished with its calls', async () => {
    server.follows({ connected: [SESSION_CREATED, ...realtimeResponse('resp_1').slice(0, 2)] });
    const client = openRealtime(context);
    await heard(client, 'response.output_audio.delta');
    finishOpenCalls();
    expect(calls()).toHaveLength(1);
    expect(session()).toBeDefined();
    client.close();
    await closed(client);
    expect(telemetry.spans).toHaveLength(2);
  });

  it('belongs to whoever opened it, and each request of the Responses API to whoever sent it', async () => {
    server.follows({ connected: [SESSION_CREATED], 'response.create': realtimeResponse('resp_1') });
    const realtime = withCostAttribution({ feature: 'phone', user: 'u-1' }, () => {
      const client = openRealtime(context);
      client.on('error', () => undefined);
      return client;
    });
    await heard(realtime, 'session.created');
    const spoken = heard(realtime, 'response.done');
    realtime.send({ type: 'response.create' });
    await spoken;
    await hangUp(realtime);
    expect(calls()[0]?.attributes).toMatchObject({ 'costel.feature': 'phone', 'user.id': 'u-1' });
    await telemetry.reset();
    server.follows({ 'response.create': responseEvents('resp_1') });
    const client = openResponses(context);
    const answered = heard(client, 'response.completed', 2);
    for (const feature of ['search', 'chat'])
      withCostAttribution({ feature }, () => {
        client.send({ type: 'response.create', model: 'gpt-4o', input: 'two and two?', safety_identifier: 'u-2' });
      });
    await answered;
    await hangUp(client);
    expect(calls().map(({ attributes }) => attributes)).toMatchObject([
      { 'costel.feature': 'search', 'user.id': 'u-2' },
      { 'costel.feature': 'chat', 'user.id': 'u-2' },
    ]);
  });

  it('of the Responses API has a call for each response', async () => {
    server.follows({ 'response.create': responseEvents('resp_1') });
    const client = openResponses(context);
    const done = heard(client, 'response.completed');
    trace.getTracer('test').startActiveSpan('handler', (handler) => {
      client.send({ type: 'response.create', model: 'gpt-4o', input: 'two and two?' });
      handler.end();
    });
    await done;
    await hangUp(client);
    expect(session()?.name).toBe('responses_session');
    const [call] = calls().filter(({ name }) => name !== 'handler');
    expect(call?.name).toBe('chat gpt-4o');
    expect(call?.parentSpanContext?.spanId).toBe(session()?.spanContext().spanId);
    expect(call?.attributes).toMatchObject({
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.response.model': 'gpt-4o-2024-08-06',
      'gen_ai.response.id': 'resp_1',
      'gen_ai.usage.input_tokens': 100,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('openai', 'gpt-4o', { input: 40, cache_read: 60, output: 15, reasoning: 5 }),
    });
  });

  it('of the Responses API that is refused or broken off is told so', async () => {
    const refusal = { type: 'error', status: 400, error: { code: 'previous_response_not_found', message: 'no' } };
    server.follows({ 'response.create': [refusal] });
    const refused = openResponses(context);
    const told = heard(refused, 'error');
    refused.send({ type: 'response.create', model: 'gpt-4o', input: 'x' });
    await told;
    await hangUp(refused);
    expect(calls()[0]?.attributes).toMatchObject({ 'error.type': '_OTHER', 'costel.cost.status': 'not_billable' });
    await telemetry.reset();
    server.follows({ 'response.create': [...responseEvents('resp_1').slice(0, 2), 'hang up'] });
    const broken = openResponses(context);
    broken.on('error', () => undefined);
    broken.send({ type: 'response.create', model: 'gpt-4o', input: 'two and two?' });
    await until(() => session() !== undefined, 'the session ended');
    expect(calls()[0]?.attributes).toMatchObject({
      'costel.stream.end': 'broken_off',
      'costel.usage.quality': 'estimated',
      'costel.cost.status': 'priced',
    });
  });
});
