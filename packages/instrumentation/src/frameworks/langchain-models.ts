import {
  createStreamReader,
  estimateRequestTokens,
  estimateTokens,
  findProvider,
  readUsage,
  type StreamReader,
  type UsageReading,
} from '@costel/pricing';
import { context, type Context } from '@opentelemetry/api';
import { callThrough } from '../calls/intercept.js';
import { listenToPromise } from '../calls/listen.js';
import { isAsyncIterable, observeIterable } from '../calls/observe-iterable.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { replaceMethod } from '../patching/replace-method.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { MethodDefinition, SdkDefinition, SdkPatcher, ServerHint } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded, reportTrouble } from '../telemetry/trouble.js';
import { ownerOf } from './owner-of.js';
import { replaceModel } from './replace-model.js';

/*
 * A model of LangChain does its calling in `_generate` and `_streamResponseChunks`, which each class implements:
 * below LangChain's own cache, above the provider's SDK. Where that SDK is patched its call counts and the model's span
 * is no call; where it is not, the model's `usage_metadata` is what there is. The classes are seen when a method of the
 * base class first runs on one.
 */

type Fields = Readonly<Record<string, unknown>>;

/** Names of providers in LangChain's own metadata that `@costel/pricing` does not know. */
const PROVIDER_NAMES: Readonly<Record<string, string>> = {
  amazon_bedrock: 'aws.bedrock',
  google_vertexai: 'gcp.vertex_ai',
  mistralai: 'mistral_ai',
};

/** LangChain's own words for a model, e.g. provider `openai` and name `gpt-4o`. */
function standardParameters(model: Fields): Fields {
  const read = model['getLsParams'];
  return (typeof read === 'function' ? asRecord(Reflect.apply(read, model, [{}])) : undefined) ?? {};
}

function readServer(self: unknown): ServerHint {
  const model = asRecord(self) ?? {};
  const stated = standardParameters(model)['ls_provider'];
  // Models of plain text have no such parameters; what they say of their type names the provider, as a rule.
  const type = typeof model['_llmType'] === 'function' ? (Reflect.apply(model['_llmType'], model, []) as unknown) : '';
  const named = (asText(stated) ?? asText(type) ?? '').toLowerCase();
  const provider = PROVIDER_NAMES[named] ?? findProvider(named)?.name ?? named;
  return { client: self, baseUrl: undefined, provider };
}

function readBody(args: readonly unknown[], self: unknown): Fields {
  const model = asRecord(self) ?? {};
  const [asked] = args;
  const name = asText(model['model']) ?? asText(model['modelName']);
  return { model: name ?? asText(standardParameters(model)['ls_model_name']) ?? '', [fieldOf(asked)]: asked };
}

/** Models of plain text are asked by prompts, the others by messages. */
function fieldOf(asked: unknown): 'prompt' | 'messages' {
  const first: unknown = Array.isArray(asked) ? asked[0] : asked;
  return typeof first === 'string' ? 'prompt' : 'messages';
}

/** The messages' text once: they keep the arguments that they were made of beside it. */
function readText(body: unknown): unknown {
  const { messages, prompt } = asRecord(body) ?? {};
  if (prompt !== undefined) return { prompt };
  return Array.isArray(messages)
    ? { messages: messages.map((message) => ({ content: asRecord(message)?.['content'] })) }
    : {};
}

/** A model of plain text that says no usage: the lengths of what went in and came out. */
function readAnswer(answer: unknown, request: unknown, provider: string): UsageReading | undefined {
  const reading = readUsage('langchain', provider, answer);
  if (reading === undefined || reading.quality !== 'missing' || asRecord(request)?.['prompt'] === undefined)
    return reading;
  const generations: unknown = asRecord(answer)?.['generations'];
  const texts = Array.isArray(generations) ? generations.flat().map((made) => asText(asRecord(made)?.['text'])) : [];
  const output = texts.reduce((sum, text) => sum + estimateTokens(text ?? ''), 0);
  return { ...reading, usage: { input: estimateRequestTokens(request), output }, quality: 'estimated' };
}

/** Chunks of plain text have no message around them. */
function createReader(_request: unknown, provider: string): StreamReader {
  const reader = createStreamReader('langchain', provider);
  return {
    push(chunk) {
      const fields = asRecord(chunk);
      const isPlain = fields !== undefined && fields['message'] === undefined;
      reader.push(isPlain ? { text: fields['text'], message: {} } : chunk);
    },
    finish: (options) => reader.finish(options),
  };
}

const CALL = { api: 'langchain', operation: 'chat', isFramework: true, resourcePath: [], readBody, readText } as const;

/** Another model makes the request: one that the application made, or the same one under another name. */
function replacing(name: string): Pick<MethodDefinition, 'method' | 'replaceSelf'> {
  return {
    method: name,
    replaceSelf(self, request, body) {
      const replaced = replaceModel(self, name, asText(body['model']) ?? '', request['model']);
      if (replaced === undefined || name === '_generate') return replaced;
      const { original } = replaced;
      return {
        ...replaced,
        original(...args) {
          return runningIn(context.active(), Reflect.apply(original, this, args));
        },
      };
    },
  };
}

const GENERATE: MethodDefinition = {
  ...CALL,
  ...replacing('_generate'),
  readAnswer,
  listen: listenToPromise({
    onValue: (value, call) => {
      call.onBody(value);
    },
  }),
};

/** A stream that fails as soon as it is read, as a generator does whose request fails. */
function failingStream(error: Error): AsyncIterator<unknown> & AsyncIterable<unknown> {
  return {
    async next() {
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

const STREAM: MethodDefinition = {
  ...CALL,
  ...replacing('_streamResponseChunks'),
  isStreaming: true,
  createReader,
  refuse: failingStream,
  listen: (result, call) => {
    if (isAsyncIterable(result)) {
      call.onStream();
      observeIterable(result, call);
    } else {
      call.onUnread('raw_response');
    }
    return result;
  },
};

/** Runs something in a context, or, where that fails, as it is. */
function runIn(active: Context, run: () => unknown): unknown {
  let hasRun = false;
  try {
    return context.with(active, () => {
      hasRun = true;
      return run();
    });
  } catch (error) {
    if (hasRun) throw error;
    reportTrouble('context', error);
    return run();
  }
}

/** A generator runs when it is asked for more: then, too, inside its call's span. */
function runningIn(active: Context | undefined, result: unknown): unknown {
  if (active === undefined || !isAsyncIterable(result)) return result;
  for (const name of ['next', 'return', 'throw'] as const) {
    const method: unknown = Reflect.get(result, name);
    if (typeof method !== 'function') continue;
    const value = (...args: unknown[]): unknown => runIn(active, () => Reflect.apply(method, result, args) as unknown);
    Object.defineProperty(result, name, { value, writable: true, configurable: true, enumerable: false });
  }
  return result;
}

/** Patches the class of a model, once however often it is seen. */
function patchModel(model: unknown, base: unknown, recorder: Recorder): readonly string[] {
  if (typeof model !== 'object' || model === null) return [];
  return [GENERATE, STREAM].flatMap((method) => {
    const owner = ownerOf(model, method.method);
    // The base class compares its own method to tell whether a model can stream.
    if (owner === undefined || owner === base) return [];
    const isPatched = replaceMethod(owner, method.method, (original) => {
      const called: AnyFunction =
        method === GENERATE
          ? original
          : function (...args) {
              const active = guarded('context', () => context.active());
              return runningIn(active, Reflect.apply(original, this, args));
            };
      return function (...args) {
        return callThrough(called, this, args, { recorder, sdk: LANGCHAIN, method });
      };
    });
    return isPatched ? [method.method] : [];
  });
}

/** Methods of the base class that every use of a model goes through. */
const ENTRY_POINTS = ['generate', '_streamIterator', 'streamEvents'] as const;

function basePrototype(moduleExports: unknown): object | undefined {
  const { BaseChatModel, BaseLLM } = asRecord(moduleExports) ?? {};
  const base: unknown = ((BaseChatModel ?? BaseLLM) as { prototype?: unknown } | undefined)?.prototype;
  return typeof base === 'object' && base !== null ? base : undefined;
}

function patchModule(moduleExports: unknown, _sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  const base = basePrototype(moduleExports);
  if (base === undefined) return [];
  return ENTRY_POINTS.filter((name) => {
    if (!Object.hasOwn(base, name)) return false;
    return replaceMethod(base, name, (original) => {
      return function (...args) {
        guarded('patch', () => patchModel(this, base, recorder));
        return Reflect.apply(original, this, args);
      };
    });
  });
}

/** Patches the class of one model. */
function patchClient(model: unknown, _sdk: SdkDefinition, recorder: Recorder): readonly string[] {
  const fields = asRecord(model);
  const isModel = typeof fields?.['_llmType'] === 'function' && typeof fields['_generate'] === 'function';
  if (!isModel) return [];
  const streams: unknown = fields['_streamResponseChunks'];
  return patchModel(model, baseOf(model, streams), recorder);
}

/** The prototype of LangChain's base class, which alone has the method that streams anything. */
function baseOf(model: unknown, streams: unknown): unknown {
  for (let at: unknown = model; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, '_streamIterator')) return typeof streams === 'function' ? at : undefined;
  }
  return undefined;
}

const PATCHER: SdkPatcher = { patchModule, unpatchModule: () => undefined, patchClient };

const FILES = ['language_models/chat_models', 'language_models/llms'];

/** LangChain's chat models and models of plain text, of any provider. */
export const LANGCHAIN: SdkDefinition = {
  moduleName: '@langchain/core',
  files: FILES.flatMap((file) => [`dist/${file}.cjs`, `dist/${file}.js`]),
  requirePaths: FILES.map((file) => `@langchain/core/${file}`),
  clientExports: [],
  tested: { from: [0, 3], below: [2, 0] },
  methods: [GENERATE, STREAM],
  patcher: PATCHER,
  defaultProvider: '',
  providerByClass: {},
  readRequest: (body, method) => ({
    model: asText(body['model']) ?? '',
    stream: method === STREAM,
    operation: body['prompt'] === undefined ? undefined : 'text_completion',
  }),
  readServer,
};
