import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setActiveGuard, type RequestWays } from '../../../packages/instrumentation/src/guard/active-guard.js';
import { BudgetExceededError } from '../../../packages/instrumentation/src/guard/budget-exceeded-error.js';
import type { GuardedCall } from '../../../packages/instrumentation/src/guard/guard-config.js';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { collect } from '../../../packages/instrumentation/test/conformance/observe.js';
import { messageJson, MESSAGE_MODEL } from '../../../packages/instrumentation/test/support/anthropic-replies.js';
import { chatJson, chatSse } from '../../../packages/instrumentation/test/support/openai-replies.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry, until } from '../../../packages/instrumentation/test/support/telemetry.js';
import { AI_COPIES, aiContext, loadAi } from './ai-sdk.js';
import { SocketServer, useLocalWebSockets } from './local-web-sockets.js';
import {
  heard,
  loadSessions,
  openRealtime,
  openResponses,
  realtimeResponse,
  responseEvents,
  SESSION_COPIES,
  SESSION_CREATED,
  type SessionCopy,
} from './openai-sessions.js';

/*
 * What becomes of calls that a budget guard has no room for, where the model is no argument of the call: a framework's
 * model, a socket's message.
 */

const server = new ProviderServer();
const sockets = new SocketServer();
const local = useLocalWebSockets();
const telemetry = new Telemetry();
const refusal = new BudgetExceededError({ code: 'budget_exceeded', budget: 'team', scope: {} });

beforeAll(async () => {
  await server.start();
  await sockets.start();
});
beforeEach(() => telemetry.reset());
afterEach(() => {
  setActiveGuard(undefined);
});
afterAll(async () => {
  local.undo();
  telemetry.stop();
  await server.stop();
  await sockets.stop();
});

const settled: unknown[] = [];

/** A guard without room, whose application answers every call but those that it answered itself with this request. */
function downgradeTo(answer: (call: GuardedCall) => Readonly<Record<string, unknown>> | undefined): void {
  settled.length = 0;
  setActiveGuard({
    admit: (call: GuardedCall, ways: RequestWays = {}) => {
      const request = answer(call);
      const canMake = request !== undefined && (ways.modelInstead === undefined || ways.modelInstead(request));
      const reservation = { settle: (settlement: unknown) => void settled.push(settlement) };
      return request === undefined || canMake === undefined
        ? { kind: 'refused', error: refusal }
        : { kind: 'downgraded', reservation, request, budget: 'team' };
    },
  });
}

const models = () => server.seen.map(({ body }) => body['model']);
const FALLBACK = {
  'costel.guard.decision': 'downgraded',
  'costel.guard.budget': 'team',
  'costel.fallback.model': 'gpt-4o',
  'costel.fallback.reason': 'budget',
};

describe.each(AI_COPIES)('a call of %s without room', (copy) => {
  const use = () => aiContext(copy, instrumentModule(loadAi(copy)), server);
  const ask = { prompt: 'two and two?', maxRetries: 0 };

  it('is made by the same model under another name', async () => {
    server.replies(chatJson());
    downgradeTo(({ request }) => ({ ...request, model: 'gpt-4o-mini' }));
    const { ai, openai } = use();
    const model = openai.chat('gpt-4o');
    const { text } = await ai.generateText({ ...ask, model });
    expect(text).toBe('four');
    expect(models()).toEqual(['gpt-4o-mini']);
    expect(Reflect.get(model, 'modelId')).toBe('gpt-4o');
    expect(telemetry.onlySpan.attributes).toMatchObject({ ...FALLBACK, 'gen_ai.request.model': 'gpt-4o-mini' });
    expect(settled).toHaveLength(1);
  });

  it('is made by another model, of another provider too, and is told as its call', async () => {
    server.replies(messageJson());
    const { ai, openai, anthropic } = use();
    downgradeTo(({ request }) => ({ ...request, model: anthropic(MESSAGE_MODEL) }));
    await ai.generateText({ ...ask, model: openai.chat('gpt-4o') });
    expect(models()).toEqual([MESSAGE_MODEL]);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      ...FALLBACK,
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': MESSAGE_MODEL,
    });
  });

  it('streams from the other model', async () => {
    server.replies(chatSse());
    downgradeTo(({ request }) => ({ ...request, model: 'gpt-4o-mini' }));
    const { ai, openai } = use();
    await collect(ai.streamText({ ...ask, model: openai.chat('gpt-4o') }).textStream);
    expect(models()).toEqual(['gpt-4o-mini']);
    expect(telemetry.onlySpan.attributes).toMatchObject(FALLBACK);
  });

  it.each([
    ['nothing that makes a request', { model: 5 }],
    ['a model that cannot', { model: { modelId: 'x' } }],
    ['no other request', undefined],
  ])('is refused with the typed error where the application has %s', async (_name, request) => {
    server.replies(chatJson());
    downgradeTo(() => request);
    const { ai, openai } = use();
    await expect(ai.generateText({ ...ask, model: openai.chat('gpt-4o') })).rejects.toBe(refusal);
    expect(server.seen).toEqual([]);
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.guard.decision': 'refused' });
  });
});

describe.each(Object.keys(SESSION_COPIES) as SessionCopy[])('a session of %s without room', (copy) => {
  const modules = loadSessions(copy);
  for (const module of [modules.openai, modules.realtimeWs, modules.realtimeWebSocket, modules.responsesWs])
    instrumentModule(module);
  const context = { modules, server: sockets };
  const ASK = { type: 'response.create', model: 'gpt-4o', input: 'two and two?' };
  const calls = () => telemetry.spans.filter(({ name }) => !name.includes('_session'));

  it('sends the cheaper request in the place of the application’s, as an object and as text', async () => {
    sockets.follows({ 'response.create': responseEvents('resp_1') });
    downgradeTo(({ request }) => ({ ...request, model: 'gpt-4o-mini' }));
    const client = openResponses(context);
    for (const send of [() => client.send(ASK), () => client.sendRaw?.(JSON.stringify(ASK))]) {
      const done = heard(client, 'response.completed');
      send();
      await done;
    }
    client.close();
    expect(sockets.received.map(({ model }) => model)).toEqual(['gpt-4o-mini', 'gpt-4o-mini']);
    expect(calls()).toHaveLength(2);
    expect(calls()[0]?.attributes).toMatchObject({ ...FALLBACK, 'gen_ai.request.model': 'gpt-4o-mini' });
    expect(settled).toHaveLength(2);
  });

  it('throws the typed error where a response is asked for, and sends nothing', async () => {
    sockets.follows({ connected: [SESSION_CREATED], 'response.create': responseEvents('resp_1') });
    downgradeTo(() => undefined);
    const client = openResponses(context);
    await heard(client, 'event');
    expect(() => {
      client.send(ASK);
    }).toThrow(refusal);
    client.close();
    await until(() => telemetry.spans.some(({ name }) => name.includes('_session')), 'the session ended');
    expect(sockets.received).toEqual([]);
    expect(calls().map(({ attributes }) => attributes['costel.cost.status'])).toEqual(['not_billable']);
  });

  it('refuses a realtime answer that is asked for; its model is the session’s and cannot be another', async () => {
    sockets.follows({ connected: [SESSION_CREATED], 'response.create': realtimeResponse('resp_1') });
    downgradeTo(({ request }) => request);
    const client = openRealtime(context);
    await heard(client, 'session.created');
    expect(() => {
      client.send({ type: 'response.create' });
    }).toThrow(refusal);
    client.send({ type: 'input_audio_buffer.clear' });
    await until(() => sockets.received.length === 1, 'what costs nothing was sent');
    client.close();
    expect(sockets.received.map(({ type }) => type)).toEqual(['input_audio_buffer.clear']);
  });

  it('settles what an allowed realtime answer reserved', async () => {
    sockets.follows({ connected: [SESSION_CREATED], 'response.create': realtimeResponse('resp_1') });
    settled.length = 0;
    const reservation = { settle: (settlement: unknown) => void settled.push(settlement) };
    setActiveGuard({ admit: () => ({ kind: 'allowed', reservation }) });
    const client = openRealtime(context);
    await heard(client, 'session.created');
    const done = heard(client, 'response.done');
    client.send({ type: 'response.create' });
    await done;
    client.close();
    expect(settled).toEqual([expect.objectContaining({ isBillable: true, costPicoUsd: expect.any(BigInt) as bigint })]);
  });
});
