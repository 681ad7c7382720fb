import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { collect, prototypeNames } from '../../../packages/instrumentation/test/conformance/observe.js';
import { copyFolder } from './load-sdk.js';
import type { Script, SocketServer } from './local-web-sockets.js';

/** A client of a session, as far as the tests use it. */
export interface SessionClient extends AsyncIterable<unknown> {
  readonly socket: object;
  readonly url: URL;
  on(event: string, listener: (...args: never[]) => void): this;
  once(event: string, listener: (...args: never[]) => void): this;
  emitted(event: string): Promise<unknown>;
  send(event: object): void;
  sendRaw?(data: string): void;
  close(props?: { code: number; reason: string }): void;
}

type Client = object;

export interface SessionModules {
  readonly openai: {
    readonly OpenAI: new (options: object) => Client;
    readonly AzureOpenAI: new (options: object) => Client;
  };
  readonly realtimeWs: {
    readonly OpenAIRealtimeWS: {
      new (props: object, client: Client): SessionClient;
      azure(client: Client, props?: object): Promise<SessionClient>;
    };
  };
  readonly realtimeWebSocket: {
    readonly OpenAIRealtimeWebSocket: new (props: object, client: Client) => SessionClient;
  };
  readonly responsesWs: { readonly ResponsesWS: new (client: Client, options?: object) => SessionClient };
}

/** Where each copy of the SDK is resolved from. */
export const SESSION_COPIES = {
  'openai-6': fileURLToPath(new URL('../../sdks/openai-6/', import.meta.url)),
  'openai-7': copyFolder('.'),
} as const;

export type SessionCopy = keyof typeof SESSION_COPIES;

/** Loads the SDK and its socket clients, as a copy of its own. */
export function loadSessions(copy: SessionCopy): SessionModules {
  const require = createRequire(`${SESSION_COPIES[copy]}package.json`);
  for (const file of Object.keys(require.cache)) {
    if (file.includes('/node_modules/openai/')) Reflect.deleteProperty(require.cache, file);
  }
  return {
    openai: require('openai') as SessionModules['openai'],
    realtimeWs: require('openai/realtime/ws') as SessionModules['realtimeWs'],
    realtimeWebSocket: require('openai/realtime/websocket') as SessionModules['realtimeWebSocket'],
    responsesWs: require('openai/resources/responses/ws') as SessionModules['responsesWs'],
  };
}

export const REALTIME_MODEL = 'gpt-realtime';

/** Input 100 (40 cached, 30 of sound of which 10 cached), output 50 (45 of sound). */
const REALTIME_USAGE = {
  total_tokens: 150,
  input_tokens: 100,
  output_tokens: 50,
  input_token_details: {
    text_tokens: 70,
    audio_tokens: 30,
    cached_tokens: 40,
    cached_tokens_details: { text_tokens: 30, audio_tokens: 10 },
  },
  output_token_details: { text_tokens: 5, audio_tokens: 45 },
};

export const SESSION_CREATED = {
  type: 'session.created',
  event_id: 'e0',
  session: {
    id: 'sess_1',
    model: REALTIME_MODEL,
    audio: { input: { transcription: { model: 'gpt-4o-mini-transcribe' } } },
  },
};

/** The messages of one response. */
export function realtimeResponse(id: string, more: Record<string, unknown> = {}): object[] {
  return [
    { type: 'response.created', response: { id, status: 'in_progress' } },
    { type: 'response.output_audio.delta', response_id: id, delta: 'AAAA' },
    { type: 'response.output_audio_transcript.delta', response_id: id, delta: 'four' },
    { type: 'response.done', response: { id, status: 'completed', usage: REALTIME_USAGE, ...more } },
  ];
}

export const TRANSCRIBED = {
  type: 'conversation.item.input_audio_transcription.completed',
  item_id: 'item_1',
  transcript: 'two and two?',
  usage: {
    type: 'tokens',
    input_tokens: 20,
    output_tokens: 4,
    total_tokens: 24,
    input_token_details: { text_tokens: 2, audio_tokens: 18 },
  },
};

const RESPONSE_USAGE = {
  input_tokens: 100,
  output_tokens: 20,
  total_tokens: 120,
  input_tokens_details: { cached_tokens: 60 },
  output_tokens_details: { reasoning_tokens: 5 },
};

/** The events of one response over the Responses API's socket. */
export function responseEvents(id: string): object[] {
  const response = { id, object: 'response', model: 'gpt-4o-2024-08-06', status: 'in_progress', usage: null };
  return [
    { type: 'response.created', sequence_number: 0, response },
    { type: 'response.output_text.delta', sequence_number: 1, delta: 'four' },
    {
      type: 'response.completed',
      sequence_number: 2,
      response: { ...response, status: 'completed', usage: RESPONSE_USAGE },
    },
  ];
}

export interface SessionContext {
  readonly modules: SessionModules;
  readonly server: SocketServer;
}

/** Opens a realtime session against the server. */
export function openRealtime({ modules, server }: SessionContext, kind: 'ws' | 'websocket' = 'ws'): SessionClient {
  const client = new modules.openai.OpenAI({ apiKey: 'key', baseURL: `https://${server.host}/v1` });
  const { OpenAIRealtimeWS } = modules.realtimeWs;
  const { OpenAIRealtimeWebSocket } = modules.realtimeWebSocket;
  return kind === 'ws'
    ? new OpenAIRealtimeWS({ model: REALTIME_MODEL }, client)
    : new OpenAIRealtimeWebSocket({ model: REALTIME_MODEL }, client);
}

/** Opens a socket of the Responses API against the server. */
export function openResponses({ modules, server }: SessionContext): SessionClient {
  const client = new modules.openai.OpenAI({ apiKey: 'key', baseURL: `http://${server.host}/v1` });
  return new modules.responsesWs.ResponsesWS(client);
}

/** Waits until a client has said a type of event so many times. */
export function heard(client: SessionClient, type: string, times = 1): Promise<void> {
  return new Promise((resolve) => {
    let count = 0;
    client.on(type, () => {
      count += 1;
      if (count === times) resolve();
    });
  });
}

/** Waits until the client's socket is closed. */
export function closed(client: SessionClient): Promise<void> {
  const { socket } = client as unknown as {
    socket: { addEventListener?(type: string, done: () => void): void; on?(type: string, done: () => void): void };
  };
  return new Promise((resolve) => {
    if (socket.addEventListener !== undefined) socket.addEventListener('close', () => resolve());
    else socket.on?.('close', () => resolve());
  });
}

const ONE_RESPONSE: Script = { connected: [SESSION_CREATED], 'response.create': realtimeResponse('resp_1') };

async function talk(client: SessionClient, message: object, end: string): Promise<unknown> {
  const log: unknown[] = [];
  client.on('event', (event: unknown) => log.push(['event', event]));
  client.on('error', (error: Error) => log.push(['error', error.constructor.name, error.message]));
  client.on(end, (event: { type: string }) => log.push([event.type]));
  const done = heard(client, end);
  client.send(message);
  await done;
  client.close();
  await closed(client);
  return log;
}

async function opened(client: SessionClient): Promise<SessionClient> {
  await client.emitted('session.created');
  return client;
}

/** Runs one use of a session and returns everything that its user could see of it. */
export const SESSION_SCENARIOS: Readonly<Record<string, (context: SessionContext) => Promise<unknown>>> = {
  'a realtime session answers': async (context) => {
    context.server.follows(ONE_RESPONSE);
    return talk(await opened(openRealtime(context)), { type: 'response.create' }, 'response.done');
  },
  'a realtime session over the global WebSocket answers': async (context) => {
    context.server.follows(ONE_RESPONSE);
    return talk(await opened(openRealtime(context, 'websocket')), { type: 'response.create' }, 'response.done');
  },
  'a session looks as it did': async (context) => {
    context.server.follows(ONE_RESPONSE);
    const client = await opened(openRealtime(context));
    const seen = {
      classes: prototypeNames(client),
      keys: Object.keys(client),
      enumerable: Object.keys(Object.getPrototypeOf(client) as object),
      methods: [client.on.name, client.on.length, client.send.name, client.send.length],
      url: [client.url.pathname, client.url.search],
      chain: client.on('x', () => undefined) === client,
    };
    client.close();
    await closed(client);
    return seen;
  },
  'a listener that throws is as loud as it was': async (context) => {
    context.server.follows(ONE_RESPONSE);
    const client = await opened(openRealtime(context));
    const thrown: unknown[] = [];
    client.on('error', (error: Error) => thrown.push(error.message));
    const emitter = client as unknown as { _emit(event: string, ...args: unknown[]): void };
    client.on('odd', () => {
      throw new Error('listener');
    });
    try {
      emitter._emit('odd', {});
    } catch (error) {
      thrown.push((error as Error).message);
    }
    client.close();
    await closed(client);
    return thrown;
  },
  'an error event reaches its listener': async (context) => {
    const error = {
      type: 'error',
      event_id: 'e9',
      error: { type: 'invalid_request_error', code: 'no', message: 'no' },
    };
    context.server.follows({ connected: [SESSION_CREATED], 'response.create': [error, ...realtimeResponse('resp_1')] });
    return talk(await opened(openRealtime(context)), { type: 'response.create' }, 'response.done');
  },
  'the provider hangs up in the middle': async (context) => {
    const [created, delta] = realtimeResponse('resp_1');
    context.server.follows({
      connected: [SESSION_CREATED],
      'response.create': [created ?? {}, delta ?? {}, 'hang up'],
    });
    const client = await opened(openRealtime(context));
    const log: string[] = [];
    client.on('event', (event: { type: string }) => log.push(event.type));
    const done = closed(client);
    client.send({ type: 'response.create' });
    await done;
    return log;
  },
  'what is sent arrives as it was': async (context) => {
    context.server.follows(ONE_RESPONSE);
    const client = await opened(openRealtime(context));
    const message = Object.freeze({ type: 'response.create', response: Object.freeze({ instructions: 'be brief' }) });
    const done = heard(client, 'response.done');
    client.send(message);
    await done;
    client.close();
    await closed(client);
    return context.server.received;
  },
  'the Responses API over a socket answers': async (context) => {
    context.server.follows({ 'response.create': responseEvents('resp_1') });
    return talk(openResponses(context), { type: 'response.create', model: 'gpt-4o', input: 'x' }, 'response.completed');
  },
  'the Responses API over a socket is iterated': async (context) => {
    context.server.follows({ 'response.create': [...responseEvents('resp_1'), 'hang up'] });
    const client = openResponses(context);
    client.on('error', () => undefined);
    const events = collect(client);
    client.send({ type: 'response.create', model: 'gpt-4o', input: 'x' });
    return events;
  },
};
