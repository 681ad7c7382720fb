import {
  chatJson as openAiJson,
  chatSse,
  rateLimited,
} from '../../../../packages/instrumentation/test/support/openai-replies.js';
import { json, sse, type Reply } from '../../../../packages/instrumentation/test/support/provider-server.js';
import { forgetPackages, loadSdk } from '../load-sdk.js';
import { mistralJson, mistralSse } from '../mistral-replies.js';
import { at } from './canaries.js';
import { chatJson, lines } from './ollama.js';

/** How a call is made. */
export interface AskOptions {
  readonly stream?: boolean;
  readonly signal?: AbortSignal;
  /** Times that the SDK may repeat the call; default 0. */
  readonly retries?: number;
  /** The SDK's own patience. */
  readonly timeoutMs?: number;
}

/** An SDK whose calls might be missed. */
export interface MissableSdk {
  readonly copy: string;
  readonly load: () => unknown;
  readonly ask: (module: unknown, url: string, options: AskOptions) => Promise<unknown>;
  readonly answer: () => Reply;
  /** Held open after its first pieces where that is asked for. */
  readonly streamed: (options?: { hold?: boolean }) => Reply;
  /** What the SDK repeats a call at; undefined where it never does. */
  readonly busy?: () => Reply;
  readonly hasTimeout: boolean;
}

const ASK = [{ role: 'user', content: 'two and two?' }];

const stainless = (copy: string, moduleName: string): MissableSdk => ({
  copy,
  load: () => loadSdk(copy, moduleName, true),
  ask: (module, url, { stream = false, signal, retries = 0, timeoutMs = 60_000 }) => {
    const settings = { apiKey: 'k', baseURL: url, maxRetries: retries, timeout: timeoutMs };
    const client = new (at(module, 'default'))(settings);
    const request = { model: 'llama-3.3-70b-versatile', messages: ASK, stream };
    return at(client, 'chat', 'completions', 'create')(request, { signal });
  },
  answer: openAiJson,
  streamed: chatSse,
  busy: () => json({ error: { message: 'busy' } }, { status: 429, headers: { 'retry-after-ms': '1' } }),
  hasTimeout: true,
});

const mistral = (copy: string): MissableSdk => ({
  copy,
  load: () => {
    forgetPackages(['@mistralai/mistralai']);
    return loadSdk(copy, '@mistralai/mistralai');
  },
  ask: (module, url, { stream = false, signal, retries = 0, timeoutMs }) => {
    const backoff = { initialInterval: 1, maxInterval: 1, exponent: 1, maxElapsedTime: 60_000 };
    const retryConfig =
      retries === 0 ? { strategy: 'none' } : { strategy: 'backoff', backoff, retryConnectionErrors: true };
    const client = new (at(module, 'Mistral'))({ apiKey: 'k', serverURL: url, retryConfig, timeoutMs });
    const request = { model: 'mistral-small-latest', messages: ASK };
    return at(client, 'chat', stream ? 'stream' : 'complete')(request, { fetchOptions: { signal } });
  },
  answer: mistralJson,
  streamed: mistralSse,
  busy: rateLimited,
  hasTimeout: true,
});

const cohereAnswer = {
  id: 'c-1',
  finish_reason: 'COMPLETE',
  message: { role: 'assistant', content: [{ type: 'text', text: 'four' }] },
  usage: { billed_units: { input_tokens: 10, output_tokens: 5 } },
};
const cohereDelta = { type: 'content-delta', index: 0, delta: { message: { content: { text: 'four' } } } };
const cohereEnd = { type: 'message-end', delta: { finish_reason: 'COMPLETE', usage: cohereAnswer.usage } };

const cohere = (copy: string): MissableSdk => ({
  copy,
  load: () => {
    forgetPackages(['cohere-ai']);
    return loadSdk(copy, 'cohere-ai');
  },
  ask: (module, url, { stream = false, signal, retries = 0, timeoutMs = 60_000 }) => {
    const client = new (at(module, 'CohereClientV2'))({ token: 'k', environment: url });
    const request = { model: 'command-a-03-2025', messages: ASK };
    const options = { maxRetries: retries, abortSignal: signal, timeoutInSeconds: timeoutMs / 1000 };
    return at(client, stream ? 'chatStream' : 'chat')(request, options);
  },
  answer: () => json(cohereAnswer),
  streamed: (options = {}) =>
    sse(
      (options.hold === true ? [cohereDelta, cohereDelta] : [cohereDelta, cohereEnd]).map((data) => ({
        event: data.type,
        data,
      })),
      options,
    ),
  busy: rateLimited,
  hasTimeout: true,
});

const ollama: MissableSdk = {
  copy: 'ollama-0',
  load: () => loadSdk('ollama-0', 'ollama', true),
  ask: (module, url, { stream = false, signal }) => {
    const client = new (at(module, 'Ollama'))({
      host: url,
      ...(signal === undefined
        ? {}
        : { fetch: (address: string, init: RequestInit) => fetch(address, { ...init, signal }) }),
    });
    return at(client, 'chat')({ model: 'llama3.2', messages: ASK, stream });
  },
  answer: chatJson,
  streamed: lines,
  hasTimeout: false,
};

/** The SDKs of which no other test goes through all the ways to miss a call. */
export const MISSABLE_SDKS: readonly MissableSdk[] = [
  stainless('groq-0', 'groq-sdk'),
  stainless('groq-1', 'groq-sdk'),
  stainless('together-0', 'together-ai'),
  mistral('mistral-1'),
  mistral('mistral-2'),
  cohere('cohere-7'),
  cohere('cohere-8'),
  ollama,
];
