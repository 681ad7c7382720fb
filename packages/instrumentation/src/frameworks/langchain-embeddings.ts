import { estimateRequestTokens, findProvider } from '@costel/pricing';
import { callThrough } from '../calls/intercept.js';
import { listenToPromise } from '../calls/listen.js';
import { replaceMethod } from '../patching/replace-method.js';
import { asRecord, asText } from '../sdks/read-unknown.js';
import type { MethodDefinition, SdkDefinition, ServerHint } from '../sdks/sdk-definition.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { ownerOf } from './owner-of.js';

/*
 * LangChain's embeddings are classes that implement two methods of their own, over a base class that only constructs: it is
 * stood in for by a proxy that sees which class is made. They report no usage; where a patched SDK does the calling, that
 * call counts, elsewhere the length of the texts is all there is.
 */

/** Providers by how the names of LangChain's classes begin, where `@costel/pricing` calls them otherwise. */
const PROVIDER_OF_CLASS: Readonly<Record<string, string>> = {
  azureopenai: 'azure.ai.openai',
  bedrock: 'aws.bedrock',
  googlegenerativeai: 'gcp.gemini',
  mistralai: 'mistral_ai',
  togetherai: 'together',
  vertexai: 'gcp.vertex_ai',
};

/** `OpenAIEmbeddings` is openai; undefined for whom nobody bills: models on one's own machine, test doubles. */
function providerOf(embeddings: object): string | undefined {
  const [, maker = ''] = /^(.*)Embeddings$/.exec(embeddings.constructor.name) ?? [];
  const named = maker.toLowerCase();
  return PROVIDER_OF_CLASS[named] ?? findProvider(named)?.name;
}

function readServer(self: unknown): ServerHint {
  return { client: self, baseUrl: undefined, provider: providerOf(self as object) };
}

function readBody(args: readonly unknown[], self: unknown): Readonly<Record<string, unknown>> {
  const fields = asRecord(self);
  return { model: asText(fields?.['model']) ?? asText(fields?.['modelName']) ?? '', input: args[0] };
}

const EMBED: MethodDefinition = {
  method: 'embedDocuments',
  api: 'embeddings',
  operation: 'embeddings',
  isFramework: true,
  resourcePath: [],
  readBody,
  // The vectors say nothing of what they cost.
  listen: listenToPromise({
    onValue: (_vectors, call) => {
      call.onBody({});
    },
  }),
  readAnswer: (_answer, request) => ({
    usage: { input: estimateRequestTokens(request) },
    quality: 'estimated',
    serviceTier: '',
    region: '',
    finishReasons: [],
  }),
};

const METHODS: readonly MethodDefinition[] = [EMBED, { ...EMBED, method: 'embedQuery' }];

/** Patches the class of embeddings, once however often it is seen. */
function patchEmbeddings(embeddings: unknown, recorder: Recorder): readonly string[] {
  if (typeof embeddings !== 'object' || embeddings === null || providerOf(embeddings) === undefined) return [];
  return METHODS.flatMap((method) => {
    const owner = ownerOf(embeddings, method.method);
    const isPatched =
      owner !== undefined &&
      replaceMethod(owner, method.method, (original) => {
        return function (...args) {
          return callThrough(original, this, args, { recorder, sdk: LANGCHAIN_EMBEDDINGS, method });
        };
      });
    return isPatched ? [method.method] : [];
  });
}

type Constructor = (abstract new (...args: never) => object) & object;

const SEEN = Symbol('costel.sees_construction');

/** The class itself to everybody, but for seeing what is made of it. */
function seeing(base: Constructor, recorder: Recorder): Constructor {
  return new Proxy(base, {
    construct(target, args, made) {
      const instance = Reflect.construct(target, args, made) as object;
      guarded('patch', () => patchEmbeddings(instance, recorder));
      return instance;
    },
    get: (target, name, receiver) => (name === SEEN ? true : (Reflect.get(target, name, receiver) as unknown)),
  });
}

function isBase(value: unknown): value is Constructor {
  return typeof value === 'function' && value.name === 'Embeddings';
}

/** LangChain's embeddings, of any provider that has prices. */
export const LANGCHAIN_EMBEDDINGS: SdkDefinition = {
  moduleName: '@langchain/core',
  files: ['dist/embeddings.cjs', 'dist/embeddings.js'],
  requirePaths: ['@langchain/core/embeddings'],
  clientExports: [],
  tested: { from: [0, 3], below: [2, 0] },
  methods: METHODS,
  patcher: {
    patchModule: (moduleExports, _sdk, recorder) => {
      const base = asRecord(moduleExports)?.['Embeddings'];
      if (!isBase(base)) return [];
      const isSeen =
        Reflect.get(base, SEEN) === true || Reflect.set(moduleExports as object, 'Embeddings', seeing(base, recorder));
      return isSeen ? METHODS.map(({ method }) => method) : [];
    },
    unpatchModule: () => undefined,
    patchClient: (embeddings, _sdk, recorder) => {
      const fields = asRecord(embeddings);
      const isOne = typeof fields?.['embedDocuments'] === 'function' && typeof fields['embedQuery'] === 'function';
      return isOne ? patchEmbeddings(embeddings, recorder) : [];
    },
  },
  defaultProvider: '',
  providerByClass: {},
  readRequest: (body) => ({ model: asText(body['model']) ?? '', stream: false }),
  readServer,
};
