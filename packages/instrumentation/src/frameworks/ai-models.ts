import { findProvider } from '@costel/pricing';
import { callThrough } from '../calls/intercept.js';
import { listenToPromise } from '../calls/listen.js';
import { listenedStream } from '../calls/observe-readable.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { replaceMethod } from '../patching/replace-method.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { Listen, MethodDefinition, SdkDefinition, ServerHint } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { ownerOf } from './owner-of.js';
import { replaceModel } from './replace-model.js';

/** The kinds of models that the AI SDK knows and that cost money. */
export type AiModelKind = 'language' | 'embedding' | 'image' | 'speech' | 'transcription' | 'reranking';

type Settings = Readonly<Record<string, unknown>>;

/** The request in one shape: what the model is asked, under names that estimates know. */
function readBody(args: readonly unknown[], self: unknown): Settings {
  const model = asRecord(self) ?? {};
  const { prompt, tools, values, query, text } = asRecord(args[0]) ?? {};
  return { model: modelNameOf(model), prompt, tools, input: values ?? query, text };
}

/** A gateway's model is named `provider/model`; the price is the model's. */
function modelNameOf(model: Settings): string {
  const id = asText(model['modelId']) ?? '';
  return isGateway(model) ? id.slice(id.indexOf('/') + 1) : id;
}

const isGateway = (model: Settings): boolean => asText(model['provider'])?.startsWith('gateway') === true;

/** Another model makes the request: one that the application made, or the same one under another name. */
function replacing(method: string): Pick<MethodDefinition, 'method' | 'replaceSelf'> {
  return {
    method,
    replaceSelf: (self, request, body) => replaceModel(self, method, asText(body['model']) ?? '', request['model']),
  };
}

const CHAT = { api: 'ai-sdk', operation: 'chat', isFramework: true, resourcePath: [], readBody } as const;

const listenToResult = listenToPromise({
  onValue: (value, call) => {
    call.onBody(value);
  },
});

/**
 * A model's stream is in its result, which nobody has seen yet; where it cannot be listened to, it is left alone.
 * @param signal The caller's, by which an abort is told from a stream that was left.
 */
function listenToStreamResult(signal: AbortSignal | undefined): Listen {
  return listenToPromise({
    onValue: (value, call) => {
      const stream: unknown = asRecord(value)?.['stream'];
      if (!(stream instanceof ReadableStream) || stream.locked) {
        call.onUnread('raw_response');
        return;
      }
      call.onStream();
      Reflect.set(value as object, 'stream', listenedStream(stream, call, { isEnd: endOfParts, signal }));
    },
  });
}

/** After the `finish` part there is nothing more; the SDK's own spans end with it, and ours must not outlast them. */
function endOfParts(part: unknown): boolean {
  return asRecord(part)?.['type'] === 'finish';
}

const GENERATE: MethodDefinition = { ...CHAT, ...replacing('doGenerate'), listen: listenToResult };

/** What is billed of each kind of model. */
const METHODS: Readonly<Record<AiModelKind, readonly MethodDefinition[]>> = {
  language: [
    GENERATE,
    { ...CHAT, ...replacing('doStream'), isStreaming: true, listen: listenToStreamResult(undefined) },
  ],
  embedding: [{ ...GENERATE, ...replacing('doEmbed'), operation: 'embeddings' }],
  reranking: [{ ...GENERATE, ...replacing('doRerank'), operation: 'rerank' }],
  image: [{ ...GENERATE, api: 'ai-sdk.images', operation: 'image_generation' }],
  speech: [{ ...GENERATE, operation: 'speech' }],
  transcription: [{ ...GENERATE, operation: 'transcription' }],
};

/** Names under which the AI SDK's providers go and `@costel/pricing` does not; the first that begins the name counts. */
const PROVIDER_PREFIXES: readonly (readonly [string, string])[] = [
  ['google.vertex', 'gcp.vertex_ai'],
  ['google-vertex', 'gcp.vertex_ai'],
  ['vertex', 'gcp.vertex_ai'],
  ['google', 'gcp.gemini'],
  ['amazon-bedrock', 'aws.bedrock'],
  ['azure', 'azure.ai.openai'],
  ['togetherai', 'together'],
];

/** The provider of a model by the AI SDK's name for it, e.g. `openai.chat` is openai. */
function providerOf(model: Settings): string {
  const named = (asText(model['provider']) ?? '').toLowerCase();
  if (isGateway(model)) {
    const [maker = ''] = (asText(model['modelId']) ?? '').split('/');
    return findProvider(maker)?.name ?? maker;
  }
  const prefix = PROVIDER_PREFIXES.find(([name]) => named.startsWith(name));
  const [first = ''] = named.split('.');
  return prefix?.[1] ?? findProvider(first)?.name ?? first;
}

/** Where a provider's classes keep the address that they call. */
function baseUrlOf(model: Settings): string | undefined {
  const config = asRecord(model['config']);
  const stated = config?.['baseURL'] ?? config?.['baseUrl'];
  const fromText = asText(typeof stated === 'function' ? Reflect.apply(stated, config, []) : stated);
  if (fromText !== undefined) return fromText;
  const url = config?.['url'];
  return typeof url === 'function'
    ? asText(Reflect.apply(url, config, [{ path: '', modelId: asText(model['modelId']) ?? '' }]))
    : undefined;
}

const servers = new WeakMap<object, ServerHint>();

function readServer(self: unknown): ServerHint {
  const model = asRecord(self) ?? {};
  const known = servers.get(model);
  if (known !== undefined) return known;
  const baseUrl = guarded('start', () => baseUrlOf(model));
  const hint = {
    client: model,
    baseUrl: baseUrl?.startsWith('http') === true ? baseUrl : undefined,
    provider: providerOf(model),
  };
  servers.set(model, hint);
  return hint;
}

/** The models behind Vercel's `ai`: its providers call their APIs themselves, so each call of a model is one request. */
export const AI_MODELS: SdkDefinition = {
  moduleName: 'ai',
  clientExports: [],
  tested: { from: [5, 0], below: [8, 0] },
  methods: Object.values(METHODS).flat(),
  defaultProvider: '',
  providerByClass: {},
  readRequest: (body, method) => ({ model: asText(body['model']) ?? '', stream: method.isStreaming === true }),
  readServer,
};

/**
 * Patches the class of a model, or the model itself where it has methods of its own, once however often it is seen.
 * @returns the names of the patched methods.
 */
export function patchModel(
  model: unknown,
  kind: AiModelKind,
  sdk: SdkDefinition,
  recorder: Recorder,
): readonly string[] {
  if (typeof model !== 'object' || model === null) return [];
  return METHODS[kind].flatMap((method) => {
    const owner = ownerOf(model, method.method);
    const isPatched =
      owner !== undefined &&
      replaceMethod(owner, method.method, (original) => intercepted(original, method, sdk, recorder));
    return isPatched ? [method.method] : [];
  });
}

function intercepted(
  original: AnyFunction,
  method: MethodDefinition,
  sdk: SdkDefinition,
  recorder: Recorder,
): AnyFunction {
  return function (...args) {
    const signal: unknown = asRecord(args[0])?.['abortSignal'];
    const listening =
      method.isStreaming === true && signal instanceof AbortSignal
        ? { ...method, listen: listenToStreamResult(signal) }
        : method;
    return callThrough(original, this, args, { recorder, sdk, method: listening });
  };
}
