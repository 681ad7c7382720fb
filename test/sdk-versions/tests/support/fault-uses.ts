import { collect } from '../../../../packages/instrumentation/test/conformance/observe.js';
import {
  chatJson,
  chatSse,
  chatToolCall,
  rateLimited,
} from '../../../../packages/instrumentation/test/support/openai-replies.js';
import { json, sse, type ProviderServer } from '../../../../packages/instrumentation/test/support/provider-server.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import { loadAi } from '../ai-sdk.js';
import { mistralJson, mistralRefused, mistralSse } from '../mistral-replies.js';
import { at } from './canaries.js';

/** Uses an SDK and tells what its user sees of it. */
export interface FaultUse {
  readonly copy: string;
  /** Loads a copy, of its own where the SDK allows that, and lets it be instrumented. */
  readonly load: (instrument: <Module>(module: Module) => Module) => unknown;
  readonly use: (module: unknown) => Promise<unknown>;
}

const ASK = [{ role: 'user', content: 'x' }];
const nameOf = (error: unknown): string => (error as Error).constructor.name;

/** A URL of its own each time, so that no host is remembered from before the fault. */
const unseen = (server: ProviderServer): string => `${server.url}/${Math.random()}`;

async function left(stream: unknown): Promise<void> {
  for await (const _ of stream as AsyncIterable<unknown>) break;
}

const read = (stream: unknown): Promise<unknown> => collect(stream as AsyncIterable<unknown>);

/** An answer, a stream that is read, one that is left, and an error. */
async function uses(server: ProviderServer, ask: (stream: boolean) => Promise<unknown>): Promise<unknown> {
  const first = JSON.parse(JSON.stringify(await ask(false))) as unknown;
  const stream = await read(await ask(true));
  await left(await ask(true));
  const error = await ask(false).catch(nameOf);
  return { first, stream, error, requests: server.seen.length };
}

const stainless = (server: ProviderServer, copy: string, moduleName: string): FaultUse => ({
  copy,
  load: (instrument) => instrument(loadSdk(copy, moduleName, true)),
  use: (module) => {
    const client = new (at(module, 'default'))({ apiKey: 'k', baseURL: unseen(server), maxRetries: 0 });
    server.replies(chatJson(), chatSse(), chatSse({ hold: true }), rateLimited());
    return uses(server, (stream) => at(client, 'chat', 'completions', 'create')({ model: 'm', messages: ASK, stream }));
  },
});

const mistral = (server: ProviderServer): FaultUse => ({
  copy: 'mistral-1',
  load: (instrument) => {
    forgetPackages(['@mistralai/mistralai']);
    return instrument(loadSdk('mistral-1', '@mistralai/mistralai'));
  },
  use: (module) => {
    const settings = { apiKey: 'k', serverURL: unseen(server), retryConfig: { strategy: 'none' } };
    const client = new (at(module, 'Mistral'))(settings);
    server.replies(mistralJson(), mistralSse(), mistralSse({ hold: true }), mistralRefused());
    const ask = { model: 'mistral-small-latest', messages: ASK };
    return uses(server, (stream) => at(client, 'chat', stream ? 'stream' : 'complete')(ask));
  },
});

const cohereAnswer = {
  id: 'c-1',
  finish_reason: 'COMPLETE',
  message: { role: 'assistant', content: [{ type: 'text', text: 'four' }] },
  usage: { billed_units: { input_tokens: 10, output_tokens: 5 } },
};
const cohereEvents = [
  { type: 'content-delta', index: 0, delta: { message: { content: { text: 'four' } } } },
  { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: cohereAnswer.usage } },
].map((data) => ({ event: data.type, data }));

const cohere = (server: ProviderServer): FaultUse => ({
  copy: 'cohere-8',
  load: (instrument) => {
    forgetPackages(['cohere-ai']);
    return instrument(loadSdk('cohere-8', 'cohere-ai'));
  },
  use: (module) => {
    const client = new (at(module, 'CohereClientV2'))({ token: 'k', environment: unseen(server) });
    const refused = json({ message: 'no' }, { status: 400 });
    server.replies(json(cohereAnswer), sse(cohereEvents), sse(cohereEvents, { hold: true }), refused);
    const ask = { model: 'command-a-03-2025', messages: ASK };
    return uses(server, (stream) => at(client, stream ? 'chatStream' : 'chat')(ask, { maxRetries: 0 }));
  },
});

const ai = (server: ProviderServer): FaultUse => ({
  copy: 'ai-7',
  load: (instrument) => {
    forgetPackages(['ai', '@ai-sdk/openai']);
    const module = instrument(loadAi('ai-7'));
    return { ai: module, openai: loadSdk('ai-7', '@ai-sdk/openai') };
  },
  use: async (module) => {
    const openai = (at(module, 'openai', 'createOpenAI') as unknown as (options: object) => object)({
      apiKey: 'k',
      baseURL: unseen(server),
    });
    const model = await at({ openai }, 'openai', 'chat')('gpt-4o');
    const settings = { model, prompt: 'x', maxRetries: 0 };
    const generate = async (): Promise<unknown> => {
      const { text, finishReason, usage } = (await at(module, 'ai', 'generateText')(settings)) as Record<
        string,
        unknown
      >;
      return { text, finishReason, usage };
    };
    // Not awaited: the result of `streamText` is no promise, and its errors go to this function.
    const stream = (): unknown =>
      Reflect.get(
        Object(Reflect.apply(at(module, 'ai', 'streamText'), undefined, [{ ...settings, onError: () => undefined }])),
        'textStream',
      );
    server.replies(chatJson(), chatSse(), chatSse({ hold: true }), rateLimited());
    return uses(server, async (isStream) => (isStream ? stream() : generate()));
  },
});

const langchain = (server: ProviderServer): FaultUse => ({
  copy: 'langchain-1',
  load: (instrument) => {
    forgetPackages(['@langchain/core', '@langchain/openai', 'openai']);
    const core = instrument(loadSdk('langchain-1', '@langchain/core/language_models/chat_models'));
    return { core, openai: loadSdk('langchain-1', '@langchain/openai') };
  },
  use: (module) => {
    const configuration = { baseURL: unseen(server) };
    const model = new (at(module, 'openai', 'ChatOpenAI'))({
      apiKey: 'k',
      model: 'gpt-4o',
      maxRetries: 0,
      configuration,
    });
    server.replies(chatJson(), chatSse(), chatSse({ hold: true }), rateLimited());
    const contents = async function* (stream: AsyncIterable<{ readonly content: unknown }>) {
      for await (const { content } of stream) yield content;
    };
    return uses(server, async (isStream) =>
      isStream
        ? contents((await at(model, 'stream')('x')) as AsyncIterable<{ readonly content: unknown }>)
        : ((await at(model, 'invoke')('x')) as { readonly content: unknown }).content,
    );
  },
});

const mcp: FaultUse = {
  copy: 'mcp-1',
  load: (instrument) => {
    forgetPackages(['@modelcontextprotocol/sdk']);
    const client = instrument(loadSdk('mcp-1', '@modelcontextprotocol/sdk/client/index.js'));
    const server = loadSdk('mcp-1', '@modelcontextprotocol/sdk/server/mcp.js');
    return { client, server, memory: loadSdk('mcp-1', '@modelcontextprotocol/sdk/inMemory.js') };
  },
  use: async (module) => {
    const server = new (at(module, 'server', 'McpServer'))({ name: 'tools', version: '1' });
    const answer = () => ({ content: [{ type: 'text', text: 'sun' }] });
    await at(server, 'registerTool')('weather', { description: 'tells it' }, answer);
    const pair = Reflect.apply(at(module, 'memory', 'InMemoryTransport', 'createLinkedPair'), undefined, []) as unknown;
    const [near, far] = pair as readonly unknown[];
    const client = new (at(module, 'client', 'Client'))({ name: 'app', version: '1' });
    await Promise.all([at(server, 'connect')(far), at(client, 'connect')(near)]);
    const first = await at(client, 'callTool')({ name: 'weather' });
    await at(client, 'close')();
    const error = await at(client, 'callTool')({ name: 'weather' }).catch(nameOf);
    return { first, error };
  },
};

/** A loop with a tool, whose calls the framework makes itself. */
const aiTools = (server: ProviderServer): FaultUse => ({
  ...ai(server),
  copy: 'ai-7 with a tool',
  use: async (module) => {
    const openai = (at(module, 'openai', 'createOpenAI') as unknown as (options: object) => object)({
      apiKey: 'k',
      baseURL: unseen(server),
    });
    const add = {
      inputSchema: Reflect.apply(at(module, 'ai', 'jsonSchema'), undefined, [
        { type: 'object', properties: {} },
      ]) as unknown,
      execute: () => Promise.resolve(4),
    };
    const stopWhen: unknown = Reflect.apply(at(module, 'ai', 'stepCountIs'), undefined, [3]);
    server.replies(chatToolCall(), chatJson());
    const model = await at({ openai }, 'openai', 'chat')('gpt-4o');
    const result = (await at(module, 'ai', 'generateText')({ model, prompt: 'x', tools: { add }, stopWhen })) as {
      readonly text: string;
      readonly steps: readonly unknown[];
    };
    return [result.text, result.steps.length, server.seen.length];
  },
});

/** Every SDK and framework whose answers come over HTTP in JSON and event streams, and MCP. */
export const faultUses = (server: ProviderServer): readonly FaultUse[] => [
  stainless(server, 'groq-1', 'groq-sdk'),
  stainless(server, 'together-0', 'together-ai'),
  mistral(server),
  cohere(server),
  ai(server),
  aiTools(server),
  langchain(server),
  mcp,
];
