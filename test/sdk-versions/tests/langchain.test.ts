import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CostSpanProcessor, llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { collect, outcome, unhandledDuring } from '../../../packages/instrumentation/test/conformance/observe.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import {
  chatJson,
  chatSse,
  completionJson,
  embeddingJson,
  rateLimited,
} from '../../../packages/instrumentation/test/support/openai-replies.js';
import { json, ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { forgetPackages, loadSdk } from './load-sdk.js';

const COPIES = ['langchain-0', 'langchain-1'] as const;

type Copy = (typeof COPIES)[number];

interface Message {
  readonly content: unknown;
  readonly usage_metadata?: unknown;
}

interface ChatModel {
  invoke(input: string, options?: Readonly<Record<string, unknown>>): Promise<Message>;
  stream(input: string, options?: Readonly<Record<string, unknown>>): Promise<AsyncIterable<Message>>;
  batch(inputs: readonly string[]): Promise<readonly Message[]>;
}

type Settings = Readonly<Record<string, unknown>>;

interface TextModel {
  invoke(input: string): Promise<string>;
  stream(input: string): Promise<AsyncIterable<string>>;
}

interface Embedder {
  embedDocuments(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  embedQuery(text: string): Promise<readonly number[]>;
}

interface Modules {
  readonly ChatOpenAI: new (settings: Settings) => ChatModel;
  readonly OpenAI: new (settings: Settings) => TextModel;
  readonly OpenAIEmbeddings: new (settings: Settings) => Embedder;
  readonly BaseLLM: new (settings: Settings) => TextModel;
  readonly Embeddings: new (settings: Settings) => object;
  readonly GenerationChunk: new (fields: Settings) => unknown;
  readonly BaseChatModel: new (settings: Settings) => ChatModel;
  readonly AIMessage: new (fields: Settings) => Message;
  readonly AIMessageChunk: new (fields: Settings) => Message;
  readonly ChatGenerationChunk: new (fields: Settings) => unknown;
}

/** Loads a version anew, with the `openai` that its model of OpenAI uses. */
function load(copy: Copy): Modules {
  forgetPackages(['@langchain/core', '@langchain/openai', 'openai']);
  type OfOpenAi = Pick<Modules, 'ChatOpenAI' | 'OpenAI' | 'OpenAIEmbeddings'>;
  const { ChatOpenAI, OpenAI, OpenAIEmbeddings } = loadSdk(copy, '@langchain/openai') as OfOpenAi;
  const llms = loadSdk(copy, '@langchain/core/language_models/llms') as Pick<Modules, 'BaseLLM'>;
  const embeddings = loadSdk(copy, '@langchain/core/embeddings') as Pick<Modules, 'Embeddings'>;
  const models = loadSdk(copy, '@langchain/core/language_models/chat_models') as Pick<Modules, 'BaseChatModel'>;
  const messages = loadSdk(copy, '@langchain/core/messages') as Pick<Modules, 'AIMessage' | 'AIMessageChunk'>;
  const outputs = loadSdk(copy, '@langchain/core/outputs') as Pick<Modules, 'ChatGenerationChunk' | 'GenerationChunk'>;
  return { ChatOpenAI, OpenAI, OpenAIEmbeddings, ...llms, ...embeddings, ...models, ...messages, ...outputs };
}

const server = new ProviderServer();
const plain = new Map(COPIES.map((copy) => [copy, load(copy)]));
const telemetry = new Telemetry([new CostSpanProcessor()]);
const [instrumentation] = llmInstrumentations();
const patched = new Map(COPIES.map((copy) => [copy, load(copy)]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.stop();
});

const USAGE = { input_tokens: 100, output_tokens: 7, total_tokens: 107, input_token_details: { cache_read: 40 } };

/** A chat model whose provider has no patched SDK. */
function homeMade({ BaseChatModel, AIMessage, AIMessageChunk, ChatGenerationChunk }: Modules): ChatModel {
  class ChatHome extends BaseChatModel {
    readonly model = 'mistral-small-latest';
    _llmType(): string {
      return 'home';
    }
    getLsParams(): Settings {
      return { ls_provider: 'mistral', ls_model_name: this.model, ls_model_type: 'chat' };
    }
    async _generate(): Promise<unknown> {
      const response = await fetch(`${server.url}/home`, { method: 'POST' });
      if (!response.ok) throw Object.assign(new Error('refused'), { status: response.status });
      const message = new AIMessage({
        content: 'four',
        usage_metadata: USAGE,
        response_metadata: { model: this.model },
      });
      return { generations: [{ text: 'four', message }] };
    }
    async *_streamResponseChunks(): AsyncGenerator {
      yield new ChatGenerationChunk({ text: 'fo', message: new AIMessageChunk({ content: 'fo' }) });
      yield new ChatGenerationChunk({ text: 'ur', message: new AIMessageChunk({ content: 'ur' }) });
      const message = new AIMessageChunk({ content: '', usage_metadata: USAGE });
      yield new ChatGenerationChunk({ text: '', message });
    }
  }
  return new ChatHome({ maxRetries: 0 });
}

const openAi = ({ ChatOpenAI }: Modules): ChatModel =>
  new ChatOpenAI({ model: 'gpt-4o', apiKey: 'key', maxRetries: 0, configuration: { baseURL: `${server.url}/v1` } });

/** A model of plain text whose provider has no patched SDK; `usage` as such models state it, if they do. */
function homeMadeText({ BaseLLM, GenerationChunk }: Modules, usage?: Settings): TextModel {
  class TextHome extends BaseLLM {
    readonly model = 'mistral-small-latest';
    _llmType(): string {
      return 'mistral';
    }
    invocationParams(): Settings {
      return {};
    }
    async _generate(prompts: readonly string[]): Promise<unknown> {
      const llmOutput = usage === undefined ? {} : { tokenUsage: usage };
      return { generations: prompts.map(() => [{ text: 'four' }]), llmOutput };
    }
    async *_streamResponseChunks(): AsyncGenerator {
      yield new GenerationChunk({ text: 'fo' });
      yield new GenerationChunk({ text: 'ur' });
    }
  }
  return new TextHome({ maxRetries: 0 });
}

/** Embeddings whose provider has no patched SDK. */
function homeMadeEmbeddings({ Embeddings }: Modules): Embedder {
  class MistralAIEmbeddings extends Embeddings implements Embedder {
    readonly model = 'mistral-embed';
    async embedDocuments(texts: readonly string[]): Promise<readonly (readonly number[])[]> {
      return texts.map(() => [1, 2]);
    }
    async embedQuery(text: string): Promise<readonly number[]> {
      return (await this.embedDocuments([text]))[0] ?? [];
    }
  }
  return new MistralAIEmbeddings({ maxRetries: 0 });
}

const EMBEDDING_MODEL = 'text-embedding-3-small';

const openAiSettings = () => ({ apiKey: 'key', maxRetries: 0, configuration: { baseURL: `${server.url}/v1` } });

const seen = ({ content, usage_metadata: usage }: Message): unknown => ({ content, usage });

async function seenStream(model: ChatModel): Promise<unknown> {
  const chunks = await collect(await model.stream('two and two?'));
  return JSON.parse(
    JSON.stringify(chunks, (key, value: unknown) => (key === 'id' || key === 'lc_kwargs' ? undefined : value)),
  );
}

const SCENARIOS: Readonly<Record<string, (modules: Modules) => Promise<unknown>>> = {
  'OpenAI’s model invoked': async (modules) => {
    server.replies(chatJson());
    return seen(await openAi(modules).invoke('two and two?'));
  },
  'OpenAI’s model streamed': (modules) => {
    server.replies(chatSse());
    return seenStream(openAi(modules));
  },
  'OpenAI’s model refused': (modules) => {
    server.replies(rateLimited());
    return outcome(() => openAi(modules).invoke('two and two?'));
  },
  'a batch': async (modules) => {
    server.replies(chatJson());
    return (await openAi(modules).batch(['a', 'b'])).map(seen);
  },
  'a stream that was left': async (modules) => {
    server.replies(chatSse());
    for await (const chunk of await openAi(modules).stream('two and two?')) return seen(chunk);
    return undefined;
  },
  'a model without a patched SDK invoked': async (modules) => {
    server.replies(json({}));
    return seen(await homeMade(modules).invoke('two and two?'));
  },
  'a model without a patched SDK streamed': (modules) => seenStream(homeMade(modules)),
  'a model without a patched SDK refused': (modules) => {
    server.replies(json({}, { status: 429 }));
    return outcome(() => homeMade(modules).invoke('two and two?'));
  },
  'OpenAI’s model of plain text': (modules) => {
    server.replies(completionJson());
    return new modules.OpenAI({ ...openAiSettings(), model: 'gpt-3.5-turbo-instruct' }).invoke('two and two?');
  },
  'OpenAI’s embeddings': (modules) => {
    server.replies(embeddingJson());
    return new modules.OpenAIEmbeddings({ ...openAiSettings(), model: EMBEDDING_MODEL }).embedDocuments(['a']);
  },
  'a text model without a patched SDK': (modules) =>
    homeMadeText(modules, { promptTokens: 100, completionTokens: 7 }).invoke('two and two?'),
  'a text model that says no usage': (modules) => homeMadeText(modules).invoke('two and two?'),
  'a text model streamed': async (modules) => collect(await homeMadeText(modules).stream('two and two?')),
  'embeddings without a patched SDK': (modules) => homeMadeEmbeddings(modules).embedDocuments(['two and two?']),
  'a query embedded without a patched SDK': (modules) => homeMadeEmbeddings(modules).embedQuery('two and two?'),
  'a failing call that nobody awaits': (modules) => {
    server.replies(json({}, { status: 400 }));
    return unhandledDuring(() => {
      void homeMade(modules).invoke('two and two?');
    });
  },
};

describe.each(COPIES)('%s', (copy) => {
  const use = (from: ReadonlyMap<Copy, Modules>): Modules => {
    const modules = from.get(copy);
    if (modules === undefined) throw new Error(`${copy} is not installed`);
    return modules;
  };
  const costs = () => telemetry.spans.map(({ attributes }) => attributes['costel.cost.usd']).filter(Boolean);
  const counted = async () =>
    (await telemetry.points('costel.cost')).reduce((sum, { value }) => sum + Number(value), 0);

  it.each(Object.entries(SCENARIOS))('behaves with instrumentation as without: %s', async (_name, scenario) => {
    const expected = await scenario(use(plain));
    expect(telemetry.spans).toEqual([]);
    expect(await scenario(use(patched))).toEqual(expected);
    expect(telemetry.spans.length).toBeGreaterThan(0);
  });

  const CHAT_COST = costOf('openai', 'gpt-4o', { input: 176, cache_read: 1024, output: 100, reasoning: 200 });
  const TEXT_COST = costOf('openai', 'gpt-3.5-turbo-instruct', { input: 5, output: 2 });
  const EMBEDDING_COST = costOf('openai', EMBEDDING_MODEL, { input: 42 });
  const HOME_COST = costOf('mistral_ai', 'mistral-small-latest', { input: 60, cache_read: 40, output: 7 });

  it.each([
    ['OpenAI’s model invoked', [CHAT_COST]],
    ['OpenAI’s model streamed', [CHAT_COST]],
    ['a batch', [CHAT_COST, CHAT_COST]],
    ['a model without a patched SDK invoked', [HOME_COST]],
    ['a model without a patched SDK streamed', [HOME_COST]],
    ['OpenAI’s model of plain text', [TEXT_COST]],
    // The older version's SDK of OpenAI is not among those that are patched, so the text is all that tells: `a` is a token.
    [
      'OpenAI’s embeddings',
      [copy === 'langchain-0' ? costOf('openai', EMBEDDING_MODEL, { input: 1 }) : EMBEDDING_COST],
    ],
    ['a text model without a patched SDK', [costOf('mistral_ai', 'mistral-small-latest', { input: 100, output: 7 })]],
    // 12 characters at 3.6 a token are 4, and 4 more are 2.
    ['a text model that says no usage', [costOf('mistral_ai', 'mistral-small-latest', { input: 4, output: 2 })]],
    ['a text model streamed', [costOf('mistral_ai', 'mistral-small-latest', { input: 4, output: 2 })]],
    ['embeddings without a patched SDK', [costOf('mistral_ai', 'mistral-embed', { input: 4 })]],
    ['a query embedded without a patched SDK', [costOf('mistral_ai', 'mistral-embed', { input: 4 })]],
  ])('bills once: %s', async (name, expected) => {
    await SCENARIOS[name]?.(use(patched));
    expect(costs()).toEqual(expected);
    expect(await counted()).toBeCloseTo(
      expected.reduce((sum, usd) => sum + Number(usd), 0),
      12,
    );
    const calls = telemetry.spans.filter(({ attributes }) => attributes['gen_ai.operation.name'] !== undefined);
    expect(calls).toHaveLength(expected.length);
  });

  it('leaves the base class of embeddings what it was', () => {
    const looks = (modules: Modules): unknown => {
      const made = homeMadeEmbeddings(modules);
      const base: unknown = Object.getPrototypeOf(made.constructor);
      const { Embeddings } = modules;
      const { name, length } = Embeddings;
      return [made instanceof Embeddings, base === Embeddings, name, length, Object.keys(made), made.constructor.name];
    };
    expect(looks(use(patched))).toEqual(looks(use(plain)));
  });

  it('names model and provider as LangChain does', async () => {
    await SCENARIOS['a model without a patched SDK invoked']?.(use(patched));
    expect(telemetry.onlySpan.name).toBe('chat mistral-small-latest');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.provider.name': 'mistral_ai',
      'gen_ai.operation.name': 'chat',
    });
    expect(telemetry.onlySpan.attributes['server.address']).toBeUndefined();
  });

  it('does not bill a refused call, and does not call it free', async () => {
    await SCENARIOS['a model without a patched SDK refused']?.(use(patched));
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.status': 'not_billable',
      'error.type': 'Error',
    });
  });
});

describe('langchain-1, whose SDK is patched', () => {
  it('puts the SDK’s call below the model’s span, of a stream too', async () => {
    for (const name of ['OpenAI’s model invoked', 'OpenAI’s model streamed']) {
      await telemetry.reset();
      await SCENARIOS[name]?.(patched.get('langchain-1') ?? load('langchain-1'));
      const ids = telemetry.spans.map((span) => span.spanContext().spanId);
      expect(telemetry.spans.some(({ parentSpanContext }) => ids.includes(parentSpanContext?.spanId ?? ''))).toBe(true);
    }
  });
});
