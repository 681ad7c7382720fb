import {
  chatJson,
  chatSse,
  chatToolCall,
  embeddingJson,
  rateLimited,
  responseJson,
  responseSse,
} from '../../../packages/instrumentation/test/support/openai-replies.js';
import { messageJson, messageSse } from '../../../packages/instrumentation/test/support/anthropic-replies.js';
import {
  collect,
  deepFreeze,
  outcome,
  prototypeNames,
  unhandledDuring,
} from '../../../packages/instrumentation/test/conformance/observe.js';
import type { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';

type Options = Readonly<Record<string, unknown>>;

export interface AiStream {
  readonly textStream: AsyncIterable<string> & ReadableStream<string>;
  readonly fullStream: AsyncIterable<Record<string, unknown>>;
  readonly text: Promise<string>;
  readonly usage: Promise<unknown>;
  readonly finishReason: Promise<unknown>;
  toTextStreamResponse(): Response;
  consumeStream(options?: Options): Promise<void>;
}

export interface AiModel {
  doGenerate(options: Options): Promise<Record<string, unknown>>;
  doStream(options: Options): Promise<{ readonly stream: ReadableStream<Record<string, unknown>> }>;
}

type MakeModel = (model: string) => AiModel;

/** A provider of the AI SDK: a function with makers for each of its APIs. */
export type AiProvider = MakeModel & {
  chat: MakeModel;
  responses: MakeModel;
  textEmbeddingModel: MakeModel;
};

/** What is used of the module `ai`. */
export interface AiModule {
  generateText(options: Options): Promise<Record<string, unknown>>;
  streamText(options: Options): AiStream;
  generateObject(options: Options): Promise<Record<string, unknown>>;
  streamObject(options: Options): {
    readonly partialObjectStream: AsyncIterable<unknown>;
    readonly object: Promise<unknown>;
  };
  embed(options: Options): Promise<Record<string, unknown>>;
  embedMany(options: Options): Promise<Record<string, unknown>>;
  wrapLanguageModel(options: Options): AiModel;
  stepCountIs(count: number): unknown;
  jsonSchema(schema: unknown): unknown;
  tool(definition: unknown): unknown;
  readonly Experimental_Agent: new (settings: Options) => {
    generate(options: Options): Promise<Record<string, unknown>>;
  };
}

export interface AiContext {
  readonly ai: AiModule;
  readonly openai: AiProvider;
  readonly anthropic: MakeModel;
  readonly server: ProviderServer;
}

export type AiScenario = (context: AiContext) => Promise<unknown>;

const ASK = { prompt: 'two and two?', maxRetries: 0 };
const CALL_OPTIONS = { prompt: [{ role: 'user', content: [{ type: 'text', text: 'two and two?' }] }] };

const addTool = (ai: AiModule): unknown =>
  ai.tool({
    description: 'adds',
    inputSchema: ai.jsonSchema({ type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } }),
    execute: async ({ a, b }: { a: number; b: number }) => a + b,
  });

const ANSWER = { type: 'object', properties: { answer: { type: 'number' } }, required: ['answer'] };

/** Fields that tell a result, without ids and dates, which the SDK makes up. */
function told(result: Record<string, unknown>): unknown {
  const { text, finishReason, usage, object, embedding, embeddings, warnings, providerMetadata } = result;
  const steps = result['steps'] as readonly unknown[] | undefined;
  return { text, finishReason, usage, object, embedding, embeddings, warnings, providerMetadata, steps: steps?.length };
}

/** Runs and tells the result. */
const tells = (run: () => Promise<Record<string, unknown>>): Promise<unknown> => outcome(async () => told(await run()));

const withoutIds = (part: Record<string, unknown>): unknown =>
  JSON.parse(
    JSON.stringify(part, (key, value: unknown) =>
      ['id', 'timestamp', 'headers', 'messageId', 'toolCallId', 'performance'].includes(key) ? undefined : value,
    ),
  );

async function firstOf<Item>(iterable: AsyncIterable<Item>): Promise<Item | undefined> {
  for await (const item of iterable) return item;
  return undefined;
}

async function readAll(stream: ReadableStream<unknown>): Promise<unknown[]> {
  const items: unknown[] = [];
  const reader = stream.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) items.push(part.value);
  return items;
}

/** Each a use of the AI SDK that shows everything its user could see. */
export const AI_SCENARIOS: Readonly<Record<string, AiScenario>> = {
  'generateText by chat completions': async ({ ai, openai, server }) => {
    server.replies(chatJson());
    return tells(() => ai.generateText({ ...ASK, model: openai.chat('gpt-4o') }));
  },
  'generateText by responses': async ({ ai, openai, server }) => {
    server.replies(responseJson());
    return tells(() => ai.generateText({ ...ASK, model: openai.responses('gpt-4o') }));
  },
  'generateText by messages': async ({ ai, anthropic, server }) => {
    server.replies(messageJson());
    return tells(() => ai.generateText({ ...ASK, model: anthropic('claude-sonnet-4-6') }));
  },
  'a loop of tools': async ({ ai, openai, server }) => {
    server.replies(chatToolCall(), chatJson());
    const model = openai.chat('gpt-4o');
    return tells(() => ai.generateText({ ...ASK, model, tools: { add: addTool(ai) }, stopWhen: ai.stepCountIs(3) }));
  },
  'streamText read as text': async ({ ai, openai, server }) => {
    server.replies(chatSse());
    const stream = ai.streamText({ ...ASK, model: openai.chat('gpt-4o') });
    return [await collect(stream.textStream), await stream.text, await stream.usage, await stream.finishReason];
  },
  'streamText read as parts': async ({ ai, openai, server }) => {
    server.replies(responseSse());
    const parts: unknown[] = [];
    for await (const part of ai.streamText({ ...ASK, model: openai.responses('gpt-4o') }).fullStream)
      parts.push(withoutIds(part));
    return parts;
  },
  'streamText by messages': async ({ ai, anthropic, server }) => {
    server.replies(messageSse());
    const stream = ai.streamText({ ...ASK, model: anthropic('claude-sonnet-4-6') });
    return [await collect(stream.textStream), await stream.usage];
  },
  'streamText as a response': async ({ ai, openai, server }) => {
    server.replies(chatSse());
    const response = ai.streamText({ ...ASK, model: openai.chat('gpt-4o') }).toTextStreamResponse();
    return [response.status, await response.text()];
  },
  'streamText consumed by itself': async ({ ai, openai, server }) => {
    server.replies(chatSse());
    const stream = ai.streamText({ ...ASK, model: openai.chat('gpt-4o') });
    await stream.consumeStream();
    return stream.text;
  },
  'streamText teed': async ({ ai, openai, server }) => {
    server.replies(chatSse());
    const [left, right] = ai.streamText({ ...ASK, model: openai.chat('gpt-4o') }).textStream.tee();
    return Promise.all([readAll(left), readAll(right)]);
  },
  'streamText left after a chunk': async ({ ai, openai, server }) => {
    server.replies(chatSse({ hold: true }));
    return firstOf(ai.streamText({ ...ASK, model: openai.chat('gpt-4o') }).textStream);
  },
  'streamText aborted': async ({ ai, openai, server }) => {
    server.replies(chatSse({ hold: true }));
    const controller = new AbortController();
    const stream = ai.streamText({ ...ASK, model: openai.chat('gpt-4o'), abortSignal: controller.signal });
    const types: unknown[] = [];
    for await (const { type } of stream.fullStream) {
      types.push(type);
      if (type === 'text-delta') controller.abort();
    }
    return types;
  },
  generateObject: async ({ ai, openai, server }) => {
    server.replies(responseJson());
    const model = openai.responses('gpt-4o');
    return tells(() => ai.generateObject({ ...ASK, model, schema: ai.jsonSchema(ANSWER) }));
  },
  streamObject: async ({ ai, openai, server }) => {
    server.replies(responseSse());
    const model = openai.responses('gpt-4o');
    const stream = ai.streamObject({ ...ASK, model, schema: ai.jsonSchema(ANSWER) });
    return [await collect(stream.partialObjectStream), await stream.object];
  },
  embed: async ({ ai, openai, server }) => {
    server.replies(embeddingJson());
    return tells(() =>
      ai.embed({ model: openai.textEmbeddingModel('text-embedding-3-small'), value: 'x', maxRetries: 0 }),
    );
  },
  embedMany: async ({ ai, openai, server }) => {
    server.replies(embeddingJson());
    const model = openai.textEmbeddingModel('text-embedding-3-small');
    return tells(() => ai.embedMany({ model, values: ['x'], maxRetries: 0 }));
  },
  'an agent': async ({ ai, openai, server }) => {
    server.replies(chatJson());
    const agent = new ai.Experimental_Agent({ model: openai.chat('gpt-4o') });
    return tells(() => agent.generate({ prompt: 'two and two?' }));
  },
  'a rejected request': async ({ ai, openai, server }) => {
    server.replies(rateLimited());
    return outcome(() => ai.generateText({ ...ASK, model: openai.chat('gpt-4o') }));
  },
  'a rejected request is retried': async ({ ai, openai, server }) => {
    server.replies(rateLimited(), chatJson());
    const model = openai.chat('gpt-4o');
    return [await tells(() => ai.generateText({ ...ASK, maxRetries: 1, model })), server.seen.length];
  },
  'a failing call that nobody awaits': async ({ ai, openai, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void ai.generateText({ ...ASK, model: openai.chat('gpt-4o') });
    });
  },
  'a failing call of a model that nobody awaits': async ({ openai, server }) => {
    server.replies(rateLimited());
    return unhandledDuring(() => {
      void openai.chat('gpt-4o').doGenerate(CALL_OPTIONS);
    });
  },
  'a model called directly': async ({ openai, server }) => {
    server.replies(chatJson());
    const promise = openai.chat('gpt-4o').doGenerate(CALL_OPTIONS);
    return [prototypeNames(promise), withoutIds(await promise)];
  },
  'a model streamed directly': async ({ openai, server }) => {
    server.replies(chatSse());
    const result = await openai.chat('gpt-4o').doStream(CALL_OPTIONS);
    const { stream } = result;
    // Node tells apart the streams that its own pipes make; to a program they are `ReadableStream`s.
    const seen = [stream instanceof ReadableStream, Object.prototype.toString.call(stream)];
    return [Object.keys(result), seen, (await readAll(stream)).length, stream.locked];
  },
  'a model streamed directly, teed': async ({ openai, server }) => {
    server.replies(chatSse());
    const { stream } = await openai.chat('gpt-4o').doStream(CALL_OPTIONS);
    const [left, right] = stream.tee();
    const read = await Promise.all([readAll(left), readAll(right)]);
    return [read.map((items) => items.length), stream.locked, await outcome(() => stream.tee())];
  },
  'a model streamed directly, piped': async ({ openai, server }) => {
    server.replies(chatSse());
    const { stream } = await openai.chat('gpt-4o').doStream(CALL_OPTIONS);
    const types = await readAll(stream.pipeThrough(new TransformStream()));
    return [types.length, await outcome(() => stream.pipeTo(new WritableStream()))];
  },
  'a model streamed directly, cancelled': async ({ openai, server }) => {
    server.replies(chatSse({ hold: true }));
    const { stream } = await openai.chat('gpt-4o').doStream(CALL_OPTIONS);
    const reader = stream.getReader();
    await reader.read();
    return [await outcome(() => reader.cancel('enough')), await reader.read()];
  },
  'the model looks as it did': async ({ openai }) => {
    const model = openai.chat('gpt-4o') as unknown as Record<string, unknown>;
    const prototype = Object.getPrototypeOf(model) as object;
    const { value, ...descriptor } = Object.getOwnPropertyDescriptor(prototype, 'doGenerate') ?? {};
    const method = value as { name: string; length: number };
    return [Object.keys(model), prototypeNames(model), method.name, method.length, descriptor];
  },
  'the module looks as it did': async ({ ai }) => {
    const functions = Object.entries(ai).filter(([, value]) => typeof value === 'function');
    return functions.map(([name, value]: [string, unknown]) => {
      const named = value as { name: string; length: number };
      return [name, named.name, named.length];
    });
  },
  'frozen arguments': async ({ ai, openai, server }) => {
    server.replies(chatJson());
    const messages = deepFreeze([{ role: 'user', content: 'two and two?' }]);
    return tells(() => ai.generateText(Object.freeze({ model: openai.chat('gpt-4o'), messages, maxRetries: 0 })));
  },
  'middleware around a model': async ({ ai, openai, server }) => {
    server.replies(chatJson());
    const middleware = { wrapGenerate: ({ doGenerate }: { doGenerate: () => unknown }) => doGenerate() };
    const model = ai.wrapLanguageModel({ model: openai.chat('gpt-4o'), middleware });
    return tells(() => ai.generateText({ ...ASK, model }));
  },
  'middleware that answers itself': async ({ ai, openai, server }) => {
    server.replies(rateLimited());
    const answer = {
      content: [{ type: 'text', text: 'cached' }],
      finishReason: 'stop',
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      warnings: [],
    };
    const model = ai.wrapLanguageModel({
      model: openai.chat('gpt-4o'),
      middleware: { wrapGenerate: async () => answer },
    });
    return outcome(async () => (await ai.generateText({ ...ASK, model }))['text']);
  },
};
