import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { embeddingJson } from '../../../packages/instrumentation/test/support/openai-replies.js';
import { AI_COPIES, aiContext, loadAi } from './ai-sdk.js';
import { forgetPackages, loadSdk } from './load-sdk.js';
import { mistralJson, mistralSse } from './mistral-replies.js';
import {
  AGENT,
  answering,
  ASK,
  chat,
  CHAT_USD,
  clientOf,
  fresh,
  freshAnthropic,
  message,
  MESSAGE_USD,
  MESSAGES,
  SAID,
  stream,
  twice,
  within,
  type Attributes,
  type NestedCase,
} from './nested-calls.js';
import { manuallyInstrument, SIDE_BY_SIDE } from './nested-peers.js';
import { SIDE_BY_SIDE_OF_OTHERS } from './nested-peers-of-others.js';
import { context, trace } from './otel-api.js';

const EMBEDDING_USD = Number(costOf('openai', 'text-embedding-3-small', { input: 42 }));
const MISTRAL_USD = Number(costOf('mistral_ai', 'mistral-small-latest', { input: 70, cache_read: 30, output: 10 }));

/** Frameworks, agents, gateways and tools around the SDK, in every order of ends. */
const AROUND_THE_SDK: readonly NestedCase[] = [
  {
    name: 'a framework over the SDK',
    usd: CHAT_USD,
    run: (server) => within('ChatModel', SAID, () => chat(fresh(), server)),
  },
  {
    name: 'a framework over a stream',
    usd: CHAT_USD,
    run: (server) => within('ChatModel', SAID, () => stream(fresh(), server)),
  },
  {
    name: 'a framework whose span ends before the stream is read',
    usd: CHAT_USD,
    run: async (server) => {
      answering(server);
      const span = trace.getTracer('framework').startSpan('ChatModel');
      const chunks = await context.with(trace.setSpan(context.active(), span), () =>
        clientOf(fresh(), server).chat.completions.create({
          ...ASK,
          stream: true,
          stream_options: { include_usage: true },
        }),
      );
      span.setAttributes(SAID).end();
      for await (const chunk of chunks) if (chunk.id === '') throw new Error('no id');
    },
  },
  {
    name: 'an agent that rolls two calls up, one of them in a tool',
    usd: 2 * CHAT_USD,
    run: (server) =>
      within('invoke_agent helper', twice(AGENT), async () => {
        const module = fresh();
        await chat(module, server);
        await within('execute_tool look', { 'gen_ai.operation.name': 'execute_tool' }, () => chat(module, server));
      }),
  },
  {
    name: 'a workflow of agents, each of which rolls up',
    usd: 2 * CHAT_USD,
    run: (server) =>
      within('invoke_workflow', { ...twice(AGENT), 'gen_ai.operation.name': 'invoke_workflow' }, async () => {
        for (const agent of ['first', 'second']) await within(agent, AGENT, () => chat(fresh(), server));
      }),
  },
  {
    name: 'a model inside a tool of a model, both real',
    usd: 2 * CHAT_USD,
    run: (server) =>
      within('chat gpt-4o', { ...SAID, 'gen_ai.response.id': 'outer-answer' }, () =>
        within('execute_tool ask', { 'gen_ai.operation.name': 'execute_tool' }, () => chat(fresh(), server)),
      ),
  },
  {
    name: 'a gateway that passes the provider’s answer on',
    usd: CHAT_USD,
    run: async (server) => {
      const id = answering(server);
      await within('gateway', { ...SAID, 'gen_ai.response.id': id }, async () => {
        await clientOf(fresh(), server).chat.completions.create(ASK);
      });
    },
  },
  {
    name: 'a framework over embeddings, which have no response id',
    usd: EMBEDDING_USD,
    run: (server) => {
      const said = {
        'gen_ai.operation.name': 'embeddings',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'text-embedding-3-small',
        'gen_ai.usage.input_tokens': 42,
      };
      return within('embed', said, async () => {
        server.replies(embeddingJson());
        await clientOf(fresh(), server).embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
      });
    },
  },
  {
    name: 'a callback’s span beside the SDK’s, without a response id',
    usd: CHAT_USD,
    run: async (server) => {
      const span = trace.getTracer('callbacks').startSpan('ChatModel');
      await chat(fresh(), server);
      span.setAttributes(SAID).end();
    },
  },
  {
    name: 'callbacks of two others beside the SDK’s, without a response id',
    usd: CHAT_USD,
    run: async (server) => {
      const spans = ['callbacks', 'more callbacks'].map((scope) => trace.getTracer(scope).startSpan('ChatModel'));
      await chat(fresh(), server);
      for (const span of spans) span.setAttributes(SAID).end();
    },
  },
  {
    name: 'two callbacks beside two equal calls',
    usd: 2 * CHAT_USD,
    run: async (server) => {
      const spans = ['a', 'b'].map((name) => trace.getTracer('callbacks').startSpan(name));
      const module = fresh();
      await chat(module, server);
      await chat(module, server);
      for (const span of spans) span.setAttributes(SAID).end();
    },
  },
  {
    name: 'two emitters, neither of them ours',
    usd: CHAT_USD,
    run: () =>
      within('ChatModel', SAID, () =>
        within('chat', { ...SAID, 'gen_ai.response.id': 'theirs' }, async () => undefined),
      ),
  },
];

const SAID_OF_MESSAGE: Attributes = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'claude-sonnet-4-6',
  'gen_ai.usage.input_tokens': 3172,
  'gen_ai.usage.cache_read.input_tokens': 1024,
  'gen_ai.usage.cache_write.input_tokens': 2048,
  'gen_ai.usage.output_tokens': 50,
};

/** SDKs that emit spans of their own. */
const NATIVE_SPANS: readonly NestedCase[] = [
  {
    name: 'spans of Anthropic’s SDK',
    usd: MESSAGE_USD,
    run: (server) => message(freshAnthropic('anthropic-1'), server),
  },
  {
    name: 'spans of Anthropic’s SDK, of a stream',
    usd: MESSAGE_USD,
    run: (server) => message(freshAnthropic('anthropic-1'), server, true),
  },
  {
    name: 'a framework over spans of Anthropic’s SDK',
    usd: MESSAGE_USD,
    run: (server) => within('ChatAnthropic', SAID_OF_MESSAGE, () => message(freshAnthropic('anthropic-1'), server)),
  },
  {
    name: 'spans of Mistral’s SDK, of an answer and a stream',
    usd: 2 * MISTRAL_USD,
    run: async (server) => {
      interface Client {
        readonly chat: {
          complete(body: object): Promise<unknown>;
          stream(body: object): Promise<AsyncIterable<unknown>>;
        };
      }
      const { registerTracerProvider } = loadSdk('mistral-2', '@mistralai/mistralai/extra/observability/index.js') as {
        registerTracerProvider: (provider: unknown) => void;
      };
      const { Mistral } = instrumentModule(loadSdk('mistral-2', '@mistralai/mistralai')) as {
        Mistral: new (options: object) => Client;
      };
      registerTracerProvider(trace.getTracerProvider());
      try {
        const client = new Mistral({ apiKey: 'key', serverURL: server.url });
        const body = { model: 'mistral-small-latest', messages: MESSAGES };
        // One id each: the replies are the same, and one id in a trace is one call.
        server.replies(mistralJson());
        await client.chat.complete(body);
        await within('request', {}, async () => {
          server.replies(mistralSse({ id: 'mistral-stream' }));
          for await (const event of await client.chat.stream(body)) if (event === null) throw new Error('no event');
        });
      } finally {
        registerTracerProvider(undefined);
      }
    },
  },
];

/** Frameworks with telemetry of their own. */
const FRAMEWORKS: readonly NestedCase[] = [
  ...AI_COPIES.map((copy): NestedCase => ({
    name: `${copy} with its own telemetry, of an answer and a stream`,
    usd: 2 * CHAT_USD,
    run: async (server) => {
      const { ai, openai } = aiContext(copy, instrumentModule(loadAi(copy)), server);
      const telemetry = { isEnabled: true, tracer: trace.getTracer('ai'), integrations: spansOfVersion7() };
      const options = { model: openai.chat('gpt-4o'), prompt: 'two and two?' };
      const own =
        copy === 'ai-7' ? { telemetry } : { experimental_telemetry: { isEnabled: true, tracer: telemetry.tracer } };
      answering(server);
      await ai.generateText({ ...options, ...own });
      answering(server);
      await ai.streamText({ ...options, ...own }).consumeStream();
    },
  })),
  {
    name: 'LangChain over a patched SDK, with callbacks of OpenInference',
    usd: 2 * CHAT_USD,
    run: async (server) => {
      interface ChatModel {
        invoke(input: string): Promise<unknown>;
        stream(input: string): Promise<AsyncIterable<unknown>>;
      }
      forgetPackages(['@langchain/core', '@langchain/openai', 'openai']);
      const load = (name: string) => loadSdk('langchain-1', name) as Record<string, unknown>;
      instrumentModule(load('openai'));
      const { ChatOpenAI } = load('@langchain/openai') as unknown as {
        ChatOpenAI: new (settings: object) => ChatModel;
      };
      instrumentModule(load('@langchain/core/language_models/chat_models'));
      manuallyInstrument(
        '@arizeai/openinference-instrumentation-langchain',
        'LangChainInstrumentation',
        load('@langchain/core/callbacks/manager'),
      );
      const model = new ChatOpenAI({ model: 'gpt-4o', apiKey: 'key', configuration: { baseURL: `${server.url}/v1` } });
      answering(server);
      await model.invoke('two and two?');
      answering(server);
      for await (const chunk of await model.stream('two and two?')) if (chunk === null) throw new Error('no chunk');
    },
  },
];

/** An integration of version 7 that does as `@ai-sdk/otel`: the same tokens on the agent's span and on the model's. */
function spansOfVersion7(): readonly object[] {
  const spans = new Map<string, { end(said: Attributes): void }>();
  const open = (name: string) => {
    const span = trace.getTracer('@ai-sdk/otel').startSpan(name);
    return { span, end: (said: Attributes) => span.setAttributes(said).end() };
  };
  return [
    {
      onStart: () => spans.set('agent', open('invoke_agent')),
      onEnd: () => spans.get('agent')?.end(AGENT),
      executeLanguageModelCall: ({ execute }: { execute: () => unknown }) => {
        const model = open('chat gpt-4o');
        spans.set('model', model);
        return context.with(trace.setSpan(context.active(), model.span), execute);
      },
      onLanguageModelCallEnd: () => spans.get('model')?.end(SAID),
    },
  ];
}

export const NESTED_CASES: readonly NestedCase[] = [
  ...AROUND_THE_SDK,
  ...NATIVE_SPANS,
  ...FRAMEWORKS,
  ...SIDE_BY_SIDE,
  ...SIDE_BY_SIDE_OF_OTHERS,
];
