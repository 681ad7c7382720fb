import { collect, outcome, unhandledDuring } from '../../../../packages/instrumentation/test/conformance/observe.js';
import {
  chatJson,
  chatSse,
  completionJson,
  embeddingJson,
  rateLimited,
} from '../../../../packages/instrumentation/test/support/openai-replies.js';
import { json, type ProviderServer } from '../../../../packages/instrumentation/test/support/provider-server.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import type { Scenario } from './compare.js';

export const LANGCHAIN_COPIES = ['langchain-0', 'langchain-1'] as const;

export type LangChainCopy = (typeof LANGCHAIN_COPIES)[number];

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

export interface Embedder {
  embedDocuments(texts: readonly string[]): Promise<readonly (readonly number[])[]>;
  embedQuery(text: string): Promise<readonly number[]>;
}

/** What the tests use of LangChain. */
export interface LangChainModules {
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
export function loadLangChain(copy: LangChainCopy): LangChainModules {
  forgetPackages(['@langchain/core', '@langchain/openai', 'openai']);
  type OfOpenAi = Pick<LangChainModules, 'ChatOpenAI' | 'OpenAI' | 'OpenAIEmbeddings'>;
  const { ChatOpenAI, OpenAI, OpenAIEmbeddings } = loadSdk(copy, '@langchain/openai') as OfOpenAi;
  const llms = loadSdk(copy, '@langchain/core/language_models/llms') as Pick<LangChainModules, 'BaseLLM'>;
  const embeddings = loadSdk(copy, '@langchain/core/embeddings') as Pick<LangChainModules, 'Embeddings'>;
  const models = loadSdk(copy, '@langchain/core/language_models/chat_models') as Pick<
    LangChainModules,
    'BaseChatModel'
  >;
  const messages = loadSdk(copy, '@langchain/core/messages') as Pick<LangChainModules, 'AIMessage' | 'AIMessageChunk'>;
  const outputs = loadSdk(copy, '@langchain/core/outputs') as Pick<
    LangChainModules,
    'ChatGenerationChunk' | 'GenerationChunk'
  >;
  return { ChatOpenAI, OpenAI, OpenAIEmbeddings, ...llms, ...embeddings, ...models, ...messages, ...outputs };
}

const USAGE = { input_tokens: 100, output_tokens: 7, total_tokens: 107, input_token_details: { cache_read: 40 } };

/** A chat model whose provider has no patched SDK. */
function homeMade(
  { BaseChatModel, AIMessage, AIMessageChunk, ChatGenerationChunk }: LangChainModules,
  url: string,
): ChatModel {
  class ChatHome extends BaseChatModel {
    readonly model = 'mistral-small-latest';
    _llmType(): string {
      return 'home';
    }
    getLsParams(): Settings {
      return { ls_provider: 'mistral', ls_model_name: this.model, ls_model_type: 'chat' };
    }
    async _generate(): Promise<unknown> {
      const response = await fetch(`${url}/home`, { method: 'POST' });
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

/** A model of plain text whose provider has no patched SDK; `usage` as such models state it, if they do. */
function homeMadeText({ BaseLLM, GenerationChunk }: LangChainModules, usage?: Settings): TextModel {
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
export function homeMadeEmbeddings({ Embeddings }: LangChainModules): Embedder {
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

export const EMBEDDING_MODEL = 'text-embedding-3-small';

const seen = ({ content, usage_metadata: usage }: Message): unknown => ({ content, usage });

async function seenStream(model: ChatModel): Promise<unknown> {
  const chunks = await collect(await model.stream('two and two?'));
  return JSON.parse(
    JSON.stringify(chunks, (key, value: unknown) => (key === 'id' || key === 'lc_kwargs' ? undefined : value)),
  );
}

/** What is done with the models; each queues its replies, so that both runs see the same. */
export function langChainScenarios(server: ProviderServer): Readonly<Record<string, Scenario<LangChainModules>>> {
  const openAiSettings = () => ({ apiKey: 'key', maxRetries: 0, configuration: { baseURL: `${server.url}/v1` } });
  const openAi = ({ ChatOpenAI }: LangChainModules): ChatModel =>
    new ChatOpenAI({ ...openAiSettings(), model: 'gpt-4o' });
  return {
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
      return seen(await homeMade(modules, server.url).invoke('two and two?'));
    },
    'a model without a patched SDK streamed': (modules) => seenStream(homeMade(modules, server.url)),
    'a model without a patched SDK refused': (modules) => {
      server.replies(json({}, { status: 429 }));
      return outcome(() => homeMade(modules, server.url).invoke('two and two?'));
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
        void homeMade(modules, server.url).invoke('two and two?');
      });
    },
  };
}
