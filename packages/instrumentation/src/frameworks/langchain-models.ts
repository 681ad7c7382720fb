import { findProvider } from '@costel/pricing';
import { context, type Context } from '@opentelemetry/api';
import { callThrough } from '../calls/intercept.js';
import { listenToPromise } from '../calls/listen.js';
import { isAsyncIterable, observeIterable } from '../calls/observe-iterable.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { replaceMethod } from '../patching/replace-method.js';
import {
  asRecord,
  asText,
  type MethodDefinition,
  type SdkDefinition,
  type SdkPatcher,
  type ServerHint,
} from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { ownerOf } from './owner-of.js';

/*
 * A chat model of LangChain does its calling in `_generate` and `_streamResponseChunks`, which each class implements:
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
  const named = (asText(standardParameters(asRecord(self) ?? {})['ls_provider']) ?? '').toLowerCase();
  const provider = PROVIDER_NAMES[named] ?? findProvider(named)?.name ?? named;
  return { client: self, baseUrl: undefined, provider };
}

function readBody(args: readonly unknown[], self: unknown): Fields {
  const model = asRecord(self) ?? {};
  const name = asText(model['model']) ?? asText(model['modelName']);
  return { model: name ?? asText(standardParameters(model)['ls_model_name']) ?? '', messages: args[0] };
}

/** The messages' text once: they keep the arguments that they were made of beside it. */
function readText(body: unknown): unknown {
  const messages: unknown = asRecord(body)?.['messages'];
  return Array.isArray(messages)
    ? { messages: messages.map((message) => ({ content: asRecord(message)?.['content'] })) }
    : {};
}

const CALL = { api: 'langchain', operation: 'chat', isFramework: true, resourcePath: [], readBody, readText } as const;

const GENERATE: MethodDefinition = {
  ...CALL,
  method: '_generate',
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
  method: '_streamResponseChunks',
  isStreaming: true,
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

/** A generator runs when it is asked for more: then, too, inside its call's span. */
function runningIn(active: Context, result: unknown): unknown {
  if (!isAsyncIterable(result)) return result;
  for (const name of ['next', 'return', 'throw'] as const) {
    const method: unknown = Reflect.get(result, name);
    if (typeof method !== 'function') continue;
    const value = (...args: unknown[]): unknown =>
      context.with(active, () => Reflect.apply(method, result, args) as unknown);
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
              return runningIn(context.active(), Reflect.apply(original, this, args));
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
  const base: unknown = (asRecord(moduleExports)?.['BaseChatModel'] as { prototype?: unknown } | undefined)?.prototype;
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

const CHAT_MODELS = 'language_models/chat_models';

/** LangChain's chat models, of any provider. */
export const LANGCHAIN: SdkDefinition = {
  moduleName: '@langchain/core',
  files: [`dist/${CHAT_MODELS}.cjs`, `dist/${CHAT_MODELS}.js`],
  clientExports: [],
  tested: { from: [0, 3], below: [2, 0] },
  methods: [GENERATE, STREAM],
  patcher: PATCHER,
  defaultProvider: '',
  providerByClass: {},
  readRequest: (body, method) => ({ model: asText(body['model']) ?? '', stream: method === STREAM }),
  readServer,
};
