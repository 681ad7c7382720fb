import { context, trace } from '@opentelemetry/api';
import type * as DiagnosticsChannel from 'node:diagnostics_channel';
import { isInsideCall } from '../calls/inside-call.js';
import { asRecord } from '../sdks/read-unknown.js';
import { guarded } from '../telemetry/trouble.js';

/*
 * An SDK that was loaded as an ES module before the instrumentation, or that a bundler took in, leaves no trace but its
 * requests: the runtime's `fetch` announces each, and SDKs name themselves in it. Nothing else of a request is looked at.
 */

/** What the runtime's `fetch` publishes its requests on. */
const CHANNEL = 'undici:request:create';

/** How the SDKs that use `fetch` begin their `user-agent`. */
const AGENTS: readonly (readonly [agent: string, moduleName: string])[] = [
  ['OpenAI/', 'openai'],
  ['AzureOpenAI/', 'openai'],
  ['Anthropic/', '@anthropic-ai/sdk'],
  ['Groq/', 'groq-sdk'],
  ['Together/', 'together-ai'],
  ['google-genai-sdk/', '@google/genai'],
  ['cohere-ai/', 'cohere-ai'],
  ['ollama-js/', 'ollama'],
  ['mistral-client-typescript/', '@mistralai/mistralai'],
  ['ai/', 'ai'],
];

/** Registered, because the ES module and the CommonJS build may both be in one process. */
const SETTLED = Symbol.for('costel.settled_sdks');

/** SDKs of which nothing more is to be told: patched, or already told about. */
function settledSdks(): Set<string> {
  const holder = globalThis as { [SETTLED]?: Set<string> };
  return (holder[SETTLED] ??= new Set());
}

/** Notes that an SDK was patched, or that the application was told why it was not. */
export function settleSdk(moduleName: string): void {
  settledSdks().add(moduleName);
}

/** The value of the one header that is read, of names and values in turn. */
function userAgentOf(headers: unknown): string | undefined {
  if (!Array.isArray(headers)) return undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name, value] = [headers[index] as unknown, headers[index + 1] as unknown];
    if (typeof name === 'string' && name.length === 10 && name.toLowerCase() === 'user-agent')
      return typeof value === 'string' ? value : undefined;
  }
  return undefined;
}

/** True where somebody reports the call that the request belongs to: a patched framework, or spans of the SDK itself. */
function isReported(): boolean {
  const active = context.active();
  if (isInsideCall(active)) return true;
  const attributes = asRecord(asRecord(trace.getSpan(active))?.['attributes']) ?? {};
  return Object.keys(attributes).some((name) => name.startsWith('gen_ai.') || name.startsWith('llm.'));
}

/**
 * Runs `onUnseen` with the name of an SDK that makes requests although it was not patched, once for each.
 * @returns what ends it.
 */
export function watchForUnseenRequests(onUnseen: (moduleName: string) => void): () => void {
  const channels = process.getBuiltinModule?.('node:diagnostics_channel') as typeof DiagnosticsChannel | undefined;
  const onRequest = (message: unknown): void => {
    guarded('patch', () => {
      const agent = userAgentOf(asRecord(asRecord(message)?.['request'])?.['headers']);
      if (agent === undefined) return;
      const found = AGENTS.find(([start]) => agent.startsWith(start));
      if (found === undefined || settledSdks().has(found[1]) || isReported()) return;
      settleSdk(found[1]);
      onUnseen(found[1]);
    });
  };
  channels?.subscribe(CHANNEL, onRequest);
  return () => {
    channels?.unsubscribe(CHANNEL, onRequest);
  };
}
