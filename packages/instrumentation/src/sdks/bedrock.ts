import { createStreamReader, readUsage, type StreamReader, type UsageReading } from '@costel/pricing';
import type { GenAiOperation } from '@costel/semconv';
import { readAsyncInvoke, readInvokedVideo } from '../jobs/bedrock-jobs.js';
import { createSpeechReader } from '../realtime/bedrock-speech.js';
import { BEDROCK_PATCHER } from '../patching/patch-bedrock.js';
import { parseBytes } from './parse-bytes.js';
import { asRecord, asText } from './read-unknown.js';
import type { MethodDefinition, RequestFacts, SdkDefinition } from './sdk-definition.js';

/** Larger answers (images, batches of vectors) are not parsed again where Bedrock's headers have the counts. */
const MAX_PARSED_BYTES = 1024 * 1024;

/**
 * The model's own id, e.g. `arn:aws:bedrock:us-east-1:1234:inference-profile/us.amazon.nova-lite-v1:0` is
 * `us.amazon.nova-lite-v1:0`, whose prefix is part of the price. An application's profile, a provisioned or an imported
 * model has a name of the account's own: there the ARN is all that can be said.
 */
function bedrockModel(id: string): string {
  return /^arn:[^/]*:(?:foundation-model|inference-profile)\/(.+)$/.exec(id)?.[1] ?? id;
}

const OPERATIONS: readonly (readonly [pattern: RegExp, operation: GenAiOperation])[] = [
  [/nova-reel|^(?:\w+\.)?luma\./, 'video_generation'],
  [/embed/, 'embeddings'],
  [/rerank/, 'rerank'],
  [/^(?:\w+\.)?stability\.|image|canvas/, 'image_generation'],
];

function operationOf(model: string, method: MethodDefinition): GenAiOperation {
  if (method.api !== 'invoke_model' && method.api !== 'async_invoke') return method.operation;
  return OPERATIONS.find(([pattern]) => pattern.test(model))?.[1] ?? method.operation;
}

function readRequest(input: Readonly<Record<string, unknown>>, method: MethodDefinition): RequestFacts {
  const model = bedrockModel(asText(input['modelId']) ?? '');
  return { model, stream: method.isStreaming === true, operation: operationOf(model, method) };
}

/** The model that a prompt router chose, whose price is the call's. */
function routedModel(answer: unknown): string | undefined {
  const id = asText(asRecord(asRecord(asRecord(answer)?.['trace'])?.['promptRouter'])?.['invokedModelId']);
  return id === undefined ? undefined : bedrockModel(id);
}

function routed(reading: UsageReading | undefined, model: string | undefined): UsageReading | undefined {
  return reading === undefined || model === undefined ? reading : { ...reading, responseModel: model };
}

function createConverseReader(_request: unknown, provider: string): StreamReader {
  const reader = createStreamReader('converse', provider);
  let model: string | undefined;
  return {
    push(event) {
      model = routedModel(asRecord(event)?.['metadata']) ?? model;
      reader.push(event);
    },
    finish: (options) => routed(reader.finish(options), model),
  };
}

/** What a handler of the SDK gives: the command's output, and the HTTP response with Bedrock's own counts. */
interface HandlerResult {
  readonly output?: unknown;
  readonly headers?: unknown;
}

/** The answer's body, its headers beside it. */
function readInvoked(answer: unknown, _request: unknown, provider: string): UsageReading | undefined {
  const { output, headers } = (asRecord(answer) ?? {}) as HandlerResult;
  const bytes = asRecord(output)?.['body'];
  const isLarge = bytes instanceof Uint8Array && bytes.byteLength > MAX_PARSED_BYTES;
  const fromHeaders = isLarge ? readUsage('invoke_model', provider, {}, headers) : undefined;
  if (fromHeaders !== undefined && fromHeaders.quality !== 'missing') return fromHeaders;
  return readUsage('invoke_model', provider, parseBytes(bytes), headers);
}

/** Each chunk's bytes are an event of the model's own API. */
function createInvokeReader(_request: unknown, provider: string): StreamReader {
  const reader = createStreamReader('invoke_model', provider);
  return {
    push(event) {
      reader.push(parseBytes(asRecord(asRecord(event)?.['chunk'])?.['bytes']));
    },
    finish: (options) => reader.finish(options),
  };
}

const COMMAND: Pick<MethodDefinition, 'resourcePath' | 'operation'> = { resourcePath: [], operation: 'chat' };

const INVOKE: Omit<MethodDefinition, 'method'> = {
  ...COMMAND,
  api: 'invoke_model',
  readText: (input) => parseBytes(asRecord(input)?.['body']),
};

/** Work whose end is seen by looking at it, and whose result is in a bucket. */
const ASYNC: Omit<MethodDefinition, 'method'> = {
  ...COMMAND,
  api: 'async_invoke',
  readJob: readAsyncInvoke,
  readAnswer: readInvokedVideo,
  isRecent: true,
};

/** The `@aws-sdk/client-bedrock-runtime` package; methods are its commands, however they are sent. */
export const BEDROCK: SdkDefinition = {
  moduleName: '@aws-sdk/client-bedrock-runtime',
  clientExports: ['BedrockRuntimeClient'],
  tested: { from: [3, 704], below: [4, 0] },
  defaultProvider: 'aws.bedrock',
  providerByClass: {},
  patcher: BEDROCK_PATCHER,
  methods: [
    {
      ...COMMAND,
      method: 'ConverseCommand',
      api: 'converse',
      readAnswer: (answer, _request, provider) => {
        const { output } = (asRecord(answer) ?? {}) as HandlerResult;
        return routed(readUsage('converse', provider, output), routedModel(output));
      },
    },
    {
      ...COMMAND,
      method: 'ConverseStreamCommand',
      api: 'converse',
      isStreaming: true,
      createReader: createConverseReader,
    },
    { ...INVOKE, method: 'InvokeModelCommand', readAnswer: readInvoked },
    {
      ...INVOKE,
      method: 'InvokeModelWithResponseStreamCommand',
      isStreaming: true,
      createReader: createInvokeReader,
    },
    {
      ...COMMAND,
      method: 'InvokeModelWithBidirectionalStreamCommand',
      api: 'invoke_model',
      isStreaming: true,
      isRecent: true,
      readText: () => ({}),
      createReader: createSpeechReader,
    },
    { ...ASYNC, method: 'StartAsyncInvokeCommand' },
    { ...ASYNC, method: 'GetAsyncInvokeCommand', looksAtJob: true },
  ],
  readRequest,
};
