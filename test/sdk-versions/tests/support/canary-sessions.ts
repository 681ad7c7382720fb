import {
  budgetGuard,
  instrumentModule,
  recordCost,
  withCostAttribution,
} from '../../../../packages/instrumentation/src/index.js';
import { loadOpenAi } from '../../../../packages/instrumentation/test/support/sdk-copies.js';
import { json, ProviderServer, sse, text } from '../../../../packages/instrumentation/test/support/provider-server.js';
import { until } from '../../../../packages/instrumentation/test/support/telemetry.js';
import { aiContext, loadAi } from '../ai-sdk.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import type { SocketServer } from '../local-web-sockets.js';
import { closed, heard, loadSessions, openRealtime, openResponses, SESSION_CREATED } from '../openai-sessions.js';
import { ANSWER, at, drain, KEY, PROMPT, quietly, QUOTING, QuotingError, SYSTEM, TOOL } from './canaries.js';
import type { CanaryPath } from './canary-jobs.js';

/*
 * Conversations over sockets, tools, refusals by the guard, and errors of everybody around a call. Each is handed
 * canaries wherever it takes content, and answered with them wherever there is content or an error's message.
 */

const MODEL = 'gpt-4o';
const MESSAGES = [
  { role: 'system' as const, content: SYSTEM },
  { role: 'user' as const, content: PROMPT },
];
const USAGE = { input_tokens: 30, output_tokens: 4, total_tokens: 34 };
const CHAT = {
  id: 'c-1',
  object: 'chat.completion',
  created: 1,
  model: MODEL,
  choices: [{ index: 0, message: { role: 'assistant', content: ANSWER }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 30, completion_tokens: 4, total_tokens: 34 },
};
const chunk = (content: string) =>
  ({
    data: { ...CHAT, object: 'chat.completion.chunk', usage: null, choices: [{ index: 0, delta: { content } }] },
  }) as const;

const failed = { type: 'error', event_id: 'e9', error: { type: 'x', code: PROMPT, message: QUOTING } };
const realtimeAnswer = (id: string) => [
  { type: 'response.created', response: { id, status: 'in_progress' } },
  { type: 'response.output_text.delta', response_id: id, delta: ANSWER },
  { type: 'response.function_call_arguments.done', response_id: id, name: TOOL, arguments: `{"a":"${PROMPT}"}` },
  failed,
  {
    type: 'response.done',
    response: {
      id,
      status: 'failed',
      status_details: { error: { message: QUOTING } },
      output: [{ text: ANSWER }],
      usage: USAGE,
    },
  },
];
const transcribed = {
  type: 'conversation.item.input_audio_transcription.completed',
  item_id: 'item_1',
  transcript: PROMPT,
  usage: { type: 'tokens', ...USAGE },
};
const responsesAnswer = [
  { type: 'response.created', response: { id: 'resp_1', model: MODEL, status: 'in_progress', instructions: SYSTEM } },
  { type: 'response.output_text.delta', delta: ANSWER },
  {
    type: 'response.failed',
    response: { id: 'resp_1', model: MODEL, status: 'failed', error: { code: 'x', message: QUOTING }, usage: USAGE },
  },
];

const socketPaths = (sockets: SocketServer): readonly CanaryPath[] => {
  const openAi = () => {
    const modules = loadSessions('openai-7');
    for (const module of Object.values(modules)) instrumentModule(module, {});
    return { modules, server: sockets };
  };
  return [
    {
      name: 'realtime sessions',
      atLeast: 3,
      run: async () => {
        for (const ending of [
          realtimeAnswer('resp_1'),
          [...realtimeAnswer('resp_2').slice(0, 2), 'hang up' as const],
        ]) {
          sockets.follows({ connected: [SESSION_CREATED], 'response.create': [transcribed, ...ending] });
          const session = openRealtime(openAi());
          session.on('error', () => undefined);
          await session.emitted('session.created');
          session.send({ type: 'session.update', session: { instructions: SYSTEM, tools: [{ name: TOOL }] } });
          session.send({ type: 'conversation.item.create', item: { content: [{ type: 'input_text', text: PROMPT }] } });
          const end = closed(session);
          const done = ending.includes('hang up') ? end : heard(session, 'response.done');
          session.send({ type: 'response.create', response: { instructions: SYSTEM } });
          await done;
          session.close();
          await end;
        }
      },
    },
    {
      name: 'sockets of the Responses API',
      atLeast: 1,
      run: async () => {
        sockets.follows({ 'response.create': [...responsesAnswer, failed] });
        const session = openResponses(openAi());
        const done = new Promise<void>((resolve) => {
          session.on('error', () => resolve());
        });
        session.send({ type: 'response.create', model: MODEL, input: PROMPT, instructions: SYSTEM });
        await done;
        session.close();
        await closed(session);
      },
    },
    {
      name: 'live sessions of Google',
      atLeast: 2,
      run: async () => {
        const module = instrumentModule(loadSdk('google-genai-3', '@google/genai', true), {});
        sockets.follows({
          setup: [{ setupComplete: {} }],
          clientContent: [
            {
              serverContent: {
                inputTranscription: { text: PROMPT },
                modelTurn: { role: 'model', parts: [{ text: ANSWER }] },
              },
            },
            { toolCall: { functionCalls: [{ id: '1', name: TOOL, args: { a: PROMPT } }] } },
            {
              serverContent: { turnComplete: true },
              usageMetadata: { promptTokenCount: 9, responseTokenCount: 5, totalTokenCount: 14 },
            },
            'hang up',
          ],
        });
        const client = new (at(module, 'GoogleGenAI'))({
          apiKey: KEY,
          httpOptions: { baseUrl: `http://${sockets.host}` },
        });
        let isClosed = false;
        const callbacks = { onmessage: () => undefined, onclose: () => (isClosed = true) };
        const config = { systemInstruction: SYSTEM };
        const session = await at(client, 'live', 'connect')({ model: 'gemini-2.5-flash-live', callbacks, config });
        void at(session, 'sendClientContent')({ turns: PROMPT });
        await until(() => isClosed, 'the session closed');
      },
    },
  ];
};

const toolsPath: CanaryPath = {
  name: 'tools of the Model Context Protocol',
  atLeast: 3,
  run: async () => {
    forgetPackages(['@modelcontextprotocol/sdk']);
    const { Client } = instrumentModule(
      loadSdk('mcp-1', '@modelcontextprotocol/sdk/client/index.js') as { Client: unknown },
      {},
    );
    const { McpServer } = loadSdk('mcp-1', '@modelcontextprotocol/sdk/server/mcp.js') as { McpServer: unknown };
    const { InMemoryTransport } = loadSdk('mcp-1', '@modelcontextprotocol/sdk/inMemory.js') as {
      InMemoryTransport: unknown;
    };
    const server = new (at({ McpServer }, 'McpServer'))({ name: 'tools', version: '1' });
    const answer = () => ({ content: [{ type: 'text', text: ANSWER }] });
    await at(server, 'registerTool')('weather', { description: SYSTEM }, answer);
    await at(server, 'registerTool')('broken', { description: SYSTEM }, () => {
      throw new QuotingError();
    });
    const pair = Reflect.apply(at(InMemoryTransport, 'createLinkedPair'), InMemoryTransport, []) as unknown as object[];
    const client = new (at({ Client }, 'Client'))({ name: 'app', version: '1' });
    await Promise.all([at(server, 'connect')(pair[1]), at(client, 'connect')(pair[0])]);
    for (const name of ['weather', 'broken'])
      await quietly(() => at(client, 'callTool')({ name, arguments: { a: PROMPT } }));
    Reflect.set(pair[0] ?? {}, 'send', () => Promise.reject(new QuotingError()));
    await quietly(() => at(client, 'callTool')({ name: 'weather', arguments: { a: PROMPT } }));
  },
};

/** An aggregator whose only budget is spent. */
function spentBudget(): object {
  const at = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();
  const budget = {
    id: 'month',
    revision: 'r1',
    name: 'month',
    filters: {},
    group_by: [],
    limit_usd: '1',
    period: { start: at(-1e6), end: at(1e6) },
    unlisted_at_most_usd: '0',
    scopes: [{ scope: {}, spent_usd: '1', granted_usd: '0', pending: false }],
  };
  return { as_of: at(0), guards: 1, counted: [], budgets: [budget] };
}

/** `baseURL` holds a key too: some servers take it there. */
function openAiClient(server: ProviderServer, more: object = {}) {
  const { OpenAI } = instrumentModule(loadOpenAi('openai-7', true), { includeUsage: true });
  return new OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1?key=${KEY}`, maxRetries: 0, logLevel: 'off', ...more });
}

const guardPath = (server: ProviderServer): CanaryPath => ({
  name: 'refusals by a guard',
  atLeast: 6,
  run: async () => {
    const downgrades = [
      () => undefined,
      () => {
        throw new QuotingError();
      },
      () => ({ model: PROMPT.length }) as never,
      ({ request }: { request: object }) => ({ ...request, model: 'gpt-4o-mini' }),
    ];
    const aggregator = new ProviderServer();
    await aggregator.start();
    aggregator.replies(json(spentBudget()));
    const client = openAiClient(server);
    for (const downgrade of downgrades) {
      const guard = budgetGuard({ url: aggregator.url, token: KEY, downgrade });
      await guard.ready();
      server.replies(json(CHAT));
      await quietly(() => client.chat.completions.create({ model: MODEL, messages: MESSAGES }));
      server.replies(sse([chunk(ANSWER)], { done: true }));
      await quietly(async () =>
        drain(await client.chat.completions.create({ model: MODEL, messages: MESSAGES, stream: true })),
      );
      guard.stop();
    }
    aggregator.replies(text(QUOTING, 'application/json', 500));
    const lost = budgetGuard({ url: aggregator.url, token: KEY, whenUnknown: 'refuse' });
    await lost.refresh();
    await quietly(() => client.chat.completions.create({ model: MODEL, messages: MESSAGES }));
    lost.stop();
    await aggregator.stop();
  },
});

const errorsPath = (server: ProviderServer): CanaryPath => ({
  name: 'errors that quote everything',
  atLeast: 8,
  run: async () => {
    const ask = { model: MODEL, messages: MESSAGES };
    const failing = openAiClient(server, { fetch: () => Promise.reject(new QuotingError()) });
    await quietly(() => failing.chat.completions.create(ask));
    await quietly(() => failing.chat.completions.create(ask).asResponse());
    const client = openAiClient(server);
    const broken = text(`{"choices": ${PROMPT} ${ANSWER}`, 'application/json');
    const stream = sse([chunk(ANSWER), { data: { error: { message: QUOTING, code: PROMPT } } }]);
    const notJson = sse([chunk(ANSWER), { data: `{"${PROMPT}` }]);
    for (const reply of [broken, json({ error: { message: QUOTING, type: PROMPT, code: PROMPT } }, { status: 429 })]) {
      server.replies(reply);
      await quietly(() => client.chat.completions.create(ask));
    }
    for (const reply of [stream, notJson]) {
      server.replies(reply);
      await quietly(async () => drain(await client.chat.completions.create({ ...ask, stream: true })));
    }
    server.replies(sse([chunk(ANSWER)], { hold: true }));
    await quietly(async () => {
      for await (const _ of await client.chat.completions.create({ ...ask, stream: true })) throw new QuotingError();
    });
    server.replies(() => undefined);
    const reason = Object.assign(new Error(QUOTING), { name: PROMPT });
    await quietly(() => client.chat.completions.create(ask, { signal: AbortSignal.abort(reason) }));
    server.replies(json(CHAT));
    await quietly(() =>
      withCostAttribution({ feature: 'x' }, () => {
        throw new QuotingError();
      }),
    );
    await quietly(() =>
      client.chat.completions.create({
        ...ask,
        get model(): string {
          throw new QuotingError();
        },
      }),
    );
    recordCost({ kind: 'x', name: 'y', costUsd: QUOTING });
    const hostile = {
      kind: 'x',
      get name(): string {
        throw new QuotingError();
      },
      costUsd: '1',
    };
    await quietly(() => recordCost(hostile));
    instrumentModule({ default: PROMPT, OpenAI: SYSTEM });
  },
});

const frameworkPath = (server: ProviderServer): CanaryPath => ({
  name: 'tools and errors of frameworks',
  atLeast: 3,
  run: async () => {
    const ai = instrumentModule(loadAi('ai-7'), { captureContent: 'none' });
    const { openai } = aiContext('ai-7', ai, server);
    const called = {
      ...CHAT,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'add', arguments: `{"a":"${PROMPT}"}` } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    };
    const add = ai.tool({
      description: SYSTEM,
      inputSchema: ai.jsonSchema({ type: 'object', properties: { a: { type: 'string' } } }),
      execute: () => Promise.reject(new QuotingError()),
    });
    server.replies(json(called), json(CHAT), json({ error: { message: QUOTING } }, { status: 400 }));
    const settings = { model: openai.chat(MODEL), system: SYSTEM, prompt: PROMPT, maxRetries: 0 };
    await quietly(() => ai.generateText({ ...settings, tools: { add }, stopWhen: ai.stepCountIs(3) }));
    await quietly(() => ai.generateText(settings));
  },
});

/** Conversations, tools, refusals and errors. */
export function canarySessions(server: ProviderServer, sockets: SocketServer): readonly CanaryPath[] {
  return [...socketPaths(sockets), toolsPath, guardPath(server), errorsPath(server), frameworkPath(server)];
}
