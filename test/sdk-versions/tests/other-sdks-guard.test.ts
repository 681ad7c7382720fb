import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BudgetExceededError } from '../../../packages/instrumentation/src/guard/budget-exceeded-error.js';
import { CallEstimates } from '../../../packages/instrumentation/src/guard/estimate-call.js';
import { setActiveGuard, type Admission } from '../../../packages/instrumentation/src/guard/active-guard.js';
import type { GuardedCall } from '../../../packages/instrumentation/src/guard/guard-config.js';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { priceCall } from '../../../packages/pricing/src/index.js';
import { loadSdk } from './load-sdk.js';
import { BedrockServer } from './support/bedrock-server.js';
import { bedrockConfig, CONVERSE_INPUT, converseJson, NOVA, type BedrockModule } from './support/bedrock.js';
import { GEMINI, generateJson, type GenAiModule } from './support/google-genai.js';
import { chatJson, LLAMA, type OllamaModule } from './support/ollama.js';

const server = new ProviderServer();
const bedrock = new BedrockServer();
const telemetry = new Telemetry();
beforeAll(() => Promise.all([server.start(), bedrock.start()]));
beforeEach(() => telemetry.reset());
afterEach(() => {
  setActiveGuard(undefined);
});
afterAll(async () => {
  telemetry.stop();
  await Promise.all([server.stop(), bedrock.stop()]);
});

const genAi = instrumentModule(loadSdk('google-genai-3', '@google/genai', true) as GenAiModule);
const aws = instrumentModule(loadSdk('bedrock-3', '@aws-sdk/client-bedrock-runtime', true) as BedrockModule);
const ollama = instrumentModule(loadSdk('ollama-0', 'ollama', true) as OllamaModule);

/** One call of each SDK, the field that names its model, and what its server saw. */
const CALLS = [
  {
    name: 'google-genai-3',
    field: 'model',
    model: GEMINI,
    call: async (): Promise<unknown> => {
      server.replies(generateJson());
      const client = new genAi.GoogleGenAI({ apiKey: 'k', httpOptions: { baseUrl: server.url } });
      return client.models.generateContent({ model: GEMINI, contents: 'x' });
    },
    seen: () => server.seen.map(({ url }) => url),
  },
  {
    name: 'bedrock-3',
    field: 'modelId',
    model: NOVA,
    call: async (): Promise<unknown> => {
      bedrock.replies(converseJson());
      const client = new aws.BedrockRuntimeClient(bedrockConfig(bedrock.url));
      try {
        return await client.send(new aws.ConverseCommand(CONVERSE_INPUT));
      } finally {
        client.destroy();
      }
    },
    seen: () => bedrock.seen.map(({ path }) => path),
  },
  {
    name: 'ollama-0',
    field: 'model',
    model: LLAMA,
    call: (): Promise<unknown> => {
      server.replies(chatJson());
      return new ollama.Ollama({ host: server.url }).chat({ model: LLAMA, messages: [{ role: 'user', content: 'x' }] });
    },
    seen: () => server.seen.map(({ body }) => String(body['model'])),
  },
] as const;

/** Lets the guard answer every call so, and tells what it was asked. */
function guardWith(answer: (call: GuardedCall) => Admission): GuardedCall[] {
  const asked: GuardedCall[] = [];
  setActiveGuard({
    admit: (call) => {
      asked.push(call);
      return answer(call);
    },
  });
  return asked;
}

describe.each(CALLS)('a guarded call of $name', ({ field, model, call, seen }) => {
  it('is refused without a request, in the way in which its own calls fail', async () => {
    const error = new BudgetExceededError({ code: 'budget_exceeded', budget: 'team', scope: {} });
    const asked = guardWith(() => ({ kind: 'refused', error }));
    await expect(call()).rejects.toBe(error);
    expect(asked.map((one) => one.model)).toEqual([model]);
    expect(seen()).toEqual([]);
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'error.type': 'BudgetExceededError' });
  });

  it('goes ahead with another request where the application says so, and its reservation is settled once', async () => {
    const settled: unknown[] = [];
    const reservation = { settle: (settlement: unknown) => settled.push(settlement) };
    guardWith(({ request }) => ({
      kind: 'downgraded',
      reservation,
      budget: 'team',
      request: { ...request, [field]: 'cheaper-model' },
    }));
    expect(await call()).toBeDefined();
    expect(seen().join(' ')).toContain('cheaper-model');
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'gen_ai.request.model': 'cheaper-model' });
    expect(settled).toHaveLength(1);
  });
});

describe('the estimate of a call of InvokeModel', () => {
  it('is made of the text inside the bytes of its body', async () => {
    const prompt = 'word '.repeat(720);
    const body = {
      anthropic_version: 'bedrock-2023-05-31',
      max_tokens: 100,
      messages: [{ role: 'user', content: prompt }],
    };
    const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
    const reserved: (bigint | undefined)[] = [];
    const estimates = new CallEstimates({ reservedOutputTokens: 4096, reserveUsd: undefined });
    const error = new BudgetExceededError({ code: 'budget_exceeded', budget: 'team', scope: {} });
    setActiveGuard({
      admit: (asked, ways) => {
        reserved.push(estimates.of(asked, Date.now(), ways?.readText?.(asked.request)));
        return { kind: 'refused', error };
      },
    });
    const client = new aws.BedrockRuntimeClient(bedrockConfig(bedrock.url));
    const command = new aws.InvokeModelCommand({ modelId, body: JSON.stringify(body) });
    await expect(client.send(command)).rejects.toBe(error);
    client.destroy();
    // 3600 characters at 3.6 a token and 4 for the frame, and a quarter more; 100 tokens out at most.
    const { costPicoUsd } = priceCall({
      provider: 'aws.bedrock',
      requestModel: modelId,
      usage: { input: 1255, output: 100 },
      quality: 'estimated',
      atMs: Date.now(),
    });
    expect(reserved).toEqual([costPicoUsd]);
    expect(costPicoUsd).toBeGreaterThan(0n);
  });
});
