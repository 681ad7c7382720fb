import {
  createStreamReader,
  estimateRequestTokens,
  readSpeech,
  readUsage,
  type StreamReader,
  type UsageReading,
} from '@costel/pricing';
import type { LlmCall } from '../calls/llm-call.js';
import { listenToPromise } from '../calls/listen.js';
import { observeStreamOfClass } from '../calls/observe-readable.js';
import { observeMistralJob } from '../jobs/batch-files.js';
import { observeResultFile } from '../jobs/result-files.js';
import { asRecord, asText } from './read-unknown.js';
import type { MethodDefinition, SdkDefinition, ServerHint } from './sdk-definition.js';
import { toWireForm } from './wire-form.js';

/** A stream is a `ReadableStream` of the SDK's own class. */
function settle(value: unknown, call: LlmCall): void {
  if (!(value instanceof ReadableStream)) {
    call.onBody(value);
    return;
  }
  call.onStream();
  observeStreamOfClass(value, call);
}

/** The answer of a conversation names its model with each of its outputs. */
function withModel(wire: unknown): unknown {
  const body = asRecord(wire);
  const outputs: unknown = body?.['outputs'];
  if (!Array.isArray(outputs)) return wire;
  const named = outputs.map((output) => asText(asRecord(output)?.['model'])).find((model) => model !== undefined);
  return { ...body, model: named, id: body?.['conversation_id'] };
}

/** An event of a conversation as a chunk of a chat, which its usage and text look like. */
function asChunk(data: unknown): unknown {
  const event = asRecord(data);
  if (event?.['type'] !== 'message.output.delta') return event;
  return { model: event['model'], choices: [{ delta: { content: event['content'] } }] };
}

function readerOf(api: string, provider: string): StreamReader {
  const reader = createStreamReader(api, provider);
  return {
    push: (chunk) => {
      reader.push(asChunk(toWireForm(asRecord(chunk)?.['data'])));
    },
    finish: (options) => reader.finish(options),
  };
}

/** A method of the SDK, whose answers are read in the form that they had on the wire. */
function method(
  resourcePath: readonly string[],
  name: string,
  { api = 'chat.completions', ...more }: Partial<MethodDefinition> = {},
): MethodDefinition {
  return {
    resourcePath,
    method: name,
    api,
    operation: 'chat',
    listen: listenToPromise({ onValue: settle }),
    readAnswer: (answer, _request, provider) => readUsage(api, provider, withModel(toWireForm(answer))),
    createReader: (_request, provider) => readerOf(api, provider),
    readText: toWireForm,
    ...more,
  };
}

/** What a classifier reads is what is billed; not every version of the API and the SDK says how much that was. */
function readClassified(answer: unknown, request: unknown, provider: string): UsageReading | undefined {
  const reading = readUsage('embeddings', provider, toWireForm(answer));
  if (reading === undefined || reading.quality !== 'missing') return reading;
  return { ...reading, usage: { input: estimateRequestTokens(toWireForm(request)) }, quality: 'estimated' };
}

function classifier(name: string): MethodDefinition {
  return method(['classifiers'], name, { operation: 'moderation', readAnswer: readClassified });
}

const { createReader: _reader, ...SPOKEN } = method(['audio', 'speech'], 'complete', {
  api: 'audio',
  operation: 'speech',
  isRecent: true,
  readAnswer: (_sound, request) => readSpeech(request),
});

const STREAMING = { isStreaming: true } as const;
const CONVERSATIONS = ['beta', 'conversations'] as const;
const TRANSCRIPTIONS = ['audio', 'transcriptions'] as const;
const AUDIO = { api: 'audio', operation: 'transcription' } as const;

/** A client sends its requests to its own address, unless one request names another. */
function readServer(self: unknown, args: readonly unknown[]): ServerHint {
  const resource = asRecord(self);
  const ofRequest = asText(asRecord(args[1])?.['serverURL']);
  const ofClient: unknown = resource?.['_baseURL'];
  return { client: self, baseUrl: ofRequest ?? (ofClient instanceof URL ? ofClient.href : undefined) };
}

/**
 * The `@mistralai/mistralai` package. From 2 on it may emit spans of its own, below ours, with the response's id: the
 * processor and the ledger tell them to be the same call.
 */
export const MISTRAL: SdkDefinition = {
  moduleName: '@mistralai/mistralai',
  clientExports: ['Mistral'],
  clientTraits: ['chat', 'fim', 'ocr'],
  tested: { from: [1, 15], below: [3, 0] },
  defaultProvider: 'mistral_ai',
  providerByClass: {},
  methods: [
    method(['chat'], 'complete'),
    method(['chat'], 'stream', STREAMING),
    method(['chat'], 'parse'),
    method(['chat'], 'parseStream', STREAMING),
    method(['fim'], 'complete', { operation: 'text_completion' }),
    method(['fim'], 'stream', { operation: 'text_completion', ...STREAMING }),
    method(['agents'], 'complete'),
    method(['agents'], 'stream', STREAMING),
    method(['embeddings'], 'create', { api: 'embeddings', operation: 'embeddings' }),
    method(['ocr'], 'process', { api: 'ocr' }),
    method(CONVERSATIONS, 'start'),
    method(CONVERSATIONS, 'append'),
    method(CONVERSATIONS, 'restart'),
    method(CONVERSATIONS, 'startStream', STREAMING),
    method(CONVERSATIONS, 'appendStream', STREAMING),
    method(CONVERSATIONS, 'restartStream', STREAMING),
    method(TRANSCRIPTIONS, 'complete', AUDIO),
    method(TRANSCRIPTIONS, 'stream', { ...AUDIO, ...STREAMING }),
    SPOKEN,
    classifier('moderate'),
    classifier('moderateChat'),
    classifier('classify'),
    classifier('classifyChat'),
    method(['batch', 'jobs'], 'get', { api: 'batches', observe: observeMistralJob, isRecent: true }),
    method(['files'], 'download', { api: 'batches', observe: observeResultFile, isRecent: true }),
  ],
  readRequest: (body, { isStreaming }) => ({
    model: asText(body['model']) ?? '',
    stream: isStreaming === true,
    conversation: asText(body['conversationId']),
  }),
  readServer,
};
