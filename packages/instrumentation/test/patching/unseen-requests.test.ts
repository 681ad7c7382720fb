import { channel } from 'node:diagnostics_channel';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { markAsCall } from '../../src/calls/inside-call.js';
import { llmInstrumentations } from '../../src/index.js';
import { settleSdk, watchForUnseenRequests } from '../../src/patching/unseen-requests.js';
import { DiagLines } from '../support/diag-lines.js';
import { loadOpenAi } from '../support/sdk-copies.js';

const requests = channel('undici:request:create');
const seen: string[] = [];
let stop = watchForUnseenRequests((moduleName) => seen.push(moduleName));

/** What the runtime publishes before a request goes out. */
function request(userAgent: string, name = 'user-agent'): void {
  requests.publish({ request: { headers: ['accept', 'application/json', name, userAgent, 'x-key', 'OpenAI/JS'] } });
}

beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterEach(() => {
  seen.length = 0;
});
afterAll(() => {
  stop();
  context.disable();
});

const tracer = new BasicTracerProvider().getTracer('test');

describe('requests of an SDK that was not patched', () => {
  it('are told once for each SDK, by the name that it gives itself', () => {
    request('ollama-js/0.6.4 (x64 linux Node.js/v22.0.0)', 'User-Agent');
    request('ollama-js/0.6.4 (x64 linux Node.js/v22.0.0)');
    request('mistral-client-typescript/2.7.0');
    expect(seen).toEqual(['ollama', '@mistralai/mistralai']);
  });

  it('are not told of an SDK that was patched', () => {
    settleSdk('groq-sdk');
    request('Groq/JS 1.6.0');
    expect(seen).toEqual([]);
  });

  it('are not told where a call around them is reported, or spans of the SDK itself are', () => {
    const call = tracer.startSpan('chat');
    markAsCall(call);
    const native = tracer.startSpan('chat', { attributes: { 'gen_ai.operation.name': 'chat' } });
    for (const span of [call, native])
      context.with(trace.setSpan(context.active(), span), () => request('Together/JS'));
    expect(seen).toEqual([]);
    context.with(trace.setSpan(context.active(), tracer.startSpan('GET /')), () => request('Together/JS'));
    expect(seen).toEqual(['together-ai']);
  });

  it('whatever else is published changes nothing', () => {
    for (const message of [
      undefined,
      null,
      7,
      {},
      { request: {} },
      { request: { headers: 'user-agent: cohere-ai/8' } },
    ])
      requests.publish(message);
    requests.publish({ request: { headers: ['user-agent'] } });
    requests.publish({ request: { headers: ['user-agent', ['cohere-ai/8']] } });
    request('node');
    expect(seen).toEqual([]);
  });

  it('are told no more once it has been stopped', () => {
    stop();
    request('cohere-ai/8.1.0');
    expect(seen).toEqual([]);
    stop = watchForUnseenRequests((moduleName) => seen.push(moduleName));
  });
});

it('a registered instrumentation tells whom it was told to tell, while it is enabled', () => {
  stop();
  const told: string[] = [];
  const [instrumentation] = llmInstrumentations({ onUnseenCalls: (advice) => told.push(advice) });
  request('cohere-ai/8.1.0');
  expect(told).toEqual([expect.stringMatching(/^cohere-ai makes calls that go unseen.*instrumentModule\(\)$/)]);
  instrumentation?.disable();
  request('google-genai-sdk/3.1.0 gl-node/v22.0.0');
  expect(told).toHaveLength(1);
});

it('an SDK that was loaded too early is told again at a request, for a logger may have come later; only once to a listener', () => {
  loadOpenAi('openai-7');
  const told: string[] = [];
  const [before] = llmInstrumentations();
  const log = new DiagLines();
  request('OpenAI/JS 7.57.0');
  expect(log.matching('openai makes calls that go unseen')).toHaveLength(1);
  before?.disable();
  log.stop();
  const [listened] = llmInstrumentations({ onUnseenCalls: (advice) => told.push(advice) });
  request('OpenAI/JS 7.57.0');
  expect(told.filter((advice) => advice.startsWith('openai '))).toEqual([
    expect.stringContaining('openai was loaded before Costel'),
  ]);
  listened?.disable();
});
