import type { LlmCall } from '../calls/llm-call.js';
import { listenToPromise, settle } from '../calls/listen.js';
import { isAsyncIterable, observeIterable } from '../calls/observe-iterable.js';
import { asRecord, asText } from './read-unknown.js';
import type { MethodDefinition, SdkDefinition, ServerHint } from './sdk-definition.js';

/** A stream carries the controller by which it, or the client for all of its streams, is aborted. */
function settleStream(value: unknown, call: LlmCall): void {
  const signal = asRecord(asRecord(value)?.['abortController'])?.['signal'];
  if (!(signal instanceof AbortSignal) || !isAsyncIterable(value)) {
    settle(value, call);
    return;
  }
  call.onStream();
  observeIterable(value, call, signal);
}

const CLIENT: Pick<MethodDefinition, 'resourcePath' | 'listen'> = {
  resourcePath: [],
  listen: listenToPromise({ onValue: settleStream }),
};

function readServer(self: unknown): ServerHint {
  return { client: self, baseUrl: asText(asRecord(asRecord(self)?.['config'])?.['host']) };
}

/** The `ollama` package. A model on one's own machine has the price that the price book's `self_hosted` rules state. */
export const OLLAMA: SdkDefinition = {
  moduleName: 'ollama',
  clientExports: ['Ollama', 'default'],
  clientTraits: ['chat', 'generate', 'embeddings', 'pull'],
  tested: { from: [0, 5], below: [1, 0] },
  defaultProvider: 'ollama',
  providerByClass: {},
  methods: [
    { ...CLIENT, method: 'chat', api: 'ollama.chat', operation: 'chat' },
    { ...CLIENT, method: 'generate', api: 'ollama.generate', operation: 'text_completion' },
    { ...CLIENT, method: 'embed', api: 'ollama.embed', operation: 'embeddings', isRecent: true },
    { ...CLIENT, method: 'embeddings', api: 'ollama.embed', operation: 'embeddings' },
  ],
  readRequest: (body) => ({ model: asText(body['model']) ?? '', stream: body['stream'] === true }),
  readServer,
};
