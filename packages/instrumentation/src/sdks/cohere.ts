import { createStreamReader, readUsage, type UsageReading } from '@costel/pricing';
import { intercept } from '../calls/intercept.js';
import type { LlmCall } from '../calls/llm-call.js';
import { listenToPromise } from '../calls/listen.js';
import { isAsyncIterable, observeIterable } from '../calls/observe-iterable.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';
import { replaceMethod, restoreMethod } from '../patching/replace-method.js';
import type { Recorder } from '../telemetry/recorder.js';
import { guarded } from '../telemetry/trouble.js';
import { readCohereBatch, readCohereBatchUsage, readEmbedJob, readEmbedJobUsage } from '../jobs/cohere-jobs.js';
import { observeJob } from '../jobs/observe-job.js';
import { asRecord, asText } from './read-unknown.js';
import type { MethodDefinition, SdkDefinition, ServerHint } from './sdk-definition.js';
import { serverOfHint, type Server } from './server-of-client.js';
import { toWireForm } from './wire-form.js';

/*
 * Each method hands the promise of a hidden one (`__chat` of `chat`) to a promise of its own class. The hidden one is
 * listened to: the caller's keeps its class, its laziness and `withRawResponse`.
 */

/** The headers of answers, in which Bedrock counts where Cohere's own body there does not. */
const headersOfAnswer = new WeakMap<object, Headers>();

function readHeaders(answer: unknown): UsageReading | undefined {
  const headers = typeof answer === 'object' && answer !== null ? headersOfAnswer.get(answer) : undefined;
  const counted =
    headers === undefined ? undefined : readUsage('invoke_model', 'aws.bedrock', {}, Object.fromEntries(headers));
  return counted?.quality === 'reported' ? counted : undefined;
}

const AWS_HOST = /^https:\/\/(bedrock-runtime|runtime\.sagemaker)\.([a-z0-9-]+)\.amazonaws\.com/;

/** Where the clients for Bedrock and SageMaker sent a request, which only the answer tells. */
function awsServerOf(url: string | undefined): Server | undefined {
  const match = AWS_HOST.exec(url ?? '');
  if (match === null) return undefined;
  const provider = match[1] === 'bedrock-runtime' ? 'aws.bedrock' : 'aws.sagemaker';
  return serverOfHint({ client: undefined, baseUrl: match[0], provider, region: match[2] }, COHERE, {});
}

/** What a hidden method's promise gives: the answer, or its stream, and the response. */
function settle(value: unknown, call: LlmCall): void {
  const { data, rawResponse } = asRecord(value) ?? {};
  const headers: unknown = asRecord(rawResponse)?.['headers'];
  const aws = awsServerOf(asText(asRecord(rawResponse)?.['url']));
  if (aws !== undefined) call.useServer(aws);
  if (headers instanceof Headers) call.onResponse({ headers });
  if (headers instanceof Headers && typeof data === 'object' && data !== null) headersOfAnswer.set(data, headers);
  if (!isAsyncIterable(data)) {
    call.onBody(data);
    return;
  }
  call.onStream();
  const signal: unknown = asRecord(asRecord(data)?.['controller'])?.['signal'];
  observeIterable(data, call, signal instanceof AbortSignal ? signal : undefined);
}

function method(name: string, api: string, more: Partial<MethodDefinition> = {}): MethodDefinition {
  return {
    resourcePath: [],
    method: `__${name}`,
    api,
    operation: 'chat',
    listen: listenToPromise({ onValue: settle }),
    readAnswer: (answer, _request, provider) => {
      const reading = readUsage(api, provider, toWireForm(answer));
      return reading === undefined || reading.quality !== 'missing' ? reading : (readHeaders(answer) ?? reading);
    },
    createReader: (_request, provider) => {
      const reader = createStreamReader(api, provider);
      const onBedrock = createStreamReader('invoke_model', provider);
      return {
        push: (event) => {
          onBedrock.push(event);
          reader.push(toWireForm(event));
        },
        finish: (options) => {
          const own = reader.finish();
          if (own !== undefined && own.quality !== 'missing') return own;
          const counted = onBedrock.finish();
          return counted?.quality === 'reported' ? { ...own, ...counted } : reader.finish(options);
        },
      };
    },
    readText: toWireForm,
    ...more,
  };
}

/** Of both versions of the API. */
const METHODS: readonly MethodDefinition[] = [
  method('chat', 'chat'),
  method('chatStream', 'chat', { isStreaming: true }),
  method('embed', 'embed', { operation: 'embeddings' }),
  method('rerank', 'rerank', { operation: 'rerank' }),
];

/** Of the first version only, and not of every client. */
const FIRST_VERSION: readonly MethodDefinition[] = [
  method('generate', 'generate', { operation: 'text_completion', isRecent: true }),
  method('generateStream', 'generate', { operation: 'text_completion', isStreaming: true, isRecent: true }),
];

const LOOK: Pick<MethodDefinition, 'api' | 'operation' | 'looksAtJob' | 'isRecent'> = {
  api: 'batches',
  operation: 'embeddings',
  looksAtJob: true,
  isRecent: true,
};

/** Both count what they used themselves; the results are datasets, which are downloaded without the SDK. */
const JOBS: readonly MethodDefinition[] = [
  {
    ...LOOK,
    resourcePath: ['batches'],
    method: '__retrieve',
    readJob: readCohereBatch,
    readAnswer: readCohereBatchUsage,
  },
  { ...LOOK, resourcePath: ['embedJobs'], method: '__get', readJob: readEmbedJob, readAnswer: readEmbedJobUsage },
];

function readServer(self: unknown): ServerHint {
  const options = asRecord(asRecord(self)?.['_options']);
  const baseUrl = asText(options?.['baseUrl']) ?? asText(options?.['environment']);
  const region = asText(options?.['awsRegion']);
  if (region !== undefined) return { client: self, baseUrl: undefined, provider: 'aws.bedrock', region };
  return { client: self, baseUrl: baseUrl ?? 'https://api.cohere.com' };
}

/** The object in the chain that has the method; a class in front of it is left as it is. */
function ownerOf(from: unknown, name: string): object | undefined {
  let at: unknown = from;
  while (typeof at === 'object' && at !== null && !Object.hasOwn(at, name)) at = Object.getPrototypeOf(at);
  return typeof at === 'object' && at !== null ? at : undefined;
}

/** A client makes its resources, and the first version's the second's, on demand: one is made here, to see their class. */
function classOf(firstVersion: object, resource: string): object | undefined {
  return guarded('patch', () => {
    const client: unknown = Object.create(firstVersion, {
      _options: { value: { token: '' } },
      [`_${resource}`]: { value: undefined, writable: true },
    });
    const made: unknown = Reflect.get(client as object, resource);
    return typeof made === 'object' && made !== null ? (Object.getPrototypeOf(made) as object) : undefined;
  });
}

function prototypesOf(moduleExports: unknown): readonly object[] {
  const { CohereClient, BedrockClient } = asRecord(moduleExports) ?? {};
  const first: unknown = ((CohereClient ?? BedrockClient) as { prototype?: unknown } | undefined)?.prototype;
  if (typeof first !== 'object' || first === null || !('__chat' in first)) return [];
  const second = classOf(first, 'v2');
  return second === undefined ? [first] : [first, second];
}

function listenerOf(definition: MethodDefinition, recorder: Recorder): (original: AnyFunction) => AnyFunction {
  const listen = definition.looksAtJob === true ? observeJob : intercept;
  return (original) => listen(original, { recorder, sdk: COHERE, method: definition });
}

/** Jobs by the class of their resource, where the SDK has it. */
function jobClasses(first: object): readonly (readonly [MethodDefinition, object])[] {
  return JOBS.flatMap((definition) => {
    const prototype = classOf(first, definition.resourcePath.join('.'));
    return prototype === undefined ? [] : [[definition, prototype] as const];
  });
}

/** The name of a method as an application writes it: what is patched is the hidden one behind it. */
const nameOf = ({ resourcePath, method: name }: MethodDefinition): string => [...resourcePath, name.slice(2)].join('.');

function patchOwner(from: object, methods: readonly MethodDefinition[], recorder: Recorder): readonly string[] {
  return methods.flatMap((definition) => {
    const owner = ownerOf(from, definition.method);
    const isPatched = owner !== undefined && replaceMethod(owner, definition.method, listenerOf(definition, recorder));
    return isPatched ? [nameOf(definition)] : [];
  });
}

function patchObject(client: object, recorder: Recorder): readonly string[] {
  return [...METHODS, ...FIRST_VERSION, ...JOBS].flatMap((definition) => {
    const [resource] = definition.resourcePath;
    const owner: unknown = resource === undefined ? client : Reflect.get(client, resource);
    if (typeof owner !== 'object' || owner === null) return [];
    return replaceMethod(owner, definition.method, listenerOf(definition, recorder)) ? [nameOf(definition)] : [];
  });
}

/** The `cohere-ai` package, versions 1 and 2 of the API; what is billed are its `billedUnits`. */
export const COHERE: SdkDefinition = {
  moduleName: 'cohere-ai',
  clientExports: ['CohereClient', 'CohereClientV2'],
  tested: { from: [7, 21], below: [9, 0] },
  methods: [...METHODS, ...FIRST_VERSION, ...JOBS],
  patcher: {
    patchModule: (moduleExports, _sdk, recorder) => {
      const [first, second] = prototypesOf(moduleExports);
      if (first === undefined) return [];
      const names = [
        ...patchOwner(first, [...METHODS, ...FIRST_VERSION], recorder),
        ...jobClasses(first).flatMap(([definition, prototype]) => patchOwner(prototype, [definition], recorder)),
      ];
      if (second === undefined) return names;
      return [...names, ...patchOwner(second, METHODS, recorder).map((name) => `v2.${name}`)];
    },
    unpatchModule: (moduleExports) => {
      const [first] = prototypesOf(moduleExports);
      for (const [{ method: name }, prototype] of first === undefined ? [] : jobClasses(first))
        restoreMethod(prototype, name);
      for (const prototype of prototypesOf(moduleExports)) {
        for (const { method: name } of [...METHODS, ...FIRST_VERSION]) {
          const owner = ownerOf(prototype, name);
          if (owner !== undefined) restoreMethod(owner, name);
        }
      }
    },
    patchClient: (client, _sdk, recorder) => {
      const clients = [client, asRecord(client)?.['clientV2'], asRecord(client)?.['client']];
      return clients.flatMap((one) => {
        const isCohere = typeof one === 'object' && one !== null && '__chat' in one && '__chatStream' in one;
        return isCohere ? patchObject(one, recorder) : [];
      });
    },
  },
  defaultProvider: 'cohere',
  providerByClass: {},
  readRequest: (body, { isStreaming }) => ({
    model: asText(body['model']) ?? '',
    stream: isStreaming === true,
    conversation: asText(body['conversationId']),
  }),
  readServer,
};

/** From version 8 on the clients for AWS are a module of their own; their methods are inherited from the same classes. */
export const COHERE_AWS: SdkDefinition = { ...COHERE, files: ['aws.js'] };
