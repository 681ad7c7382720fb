import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setActiveGuard, type RequestWays } from '../../../packages/instrumentation/src/guard/active-guard.js';
import { BudgetExceededError } from '../../../packages/instrumentation/src/guard/budget-exceeded-error.js';
import type { GuardedCall } from '../../../packages/instrumentation/src/guard/guard-config.js';
import { llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { collect } from '../../../packages/instrumentation/test/conformance/observe.js';
import { chatJson, chatSse } from '../../../packages/instrumentation/test/support/openai-replies.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { forgetPackages, loadSdk } from './load-sdk.js';

const COPIES = ['langchain-0', 'langchain-1'] as const;

const server = new ProviderServer();
const telemetry = new Telemetry();
const refusal = new BudgetExceededError({ code: 'budget_exceeded', budget: 'team', scope: {} });
const [instrumentation] = llmInstrumentations();

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterEach(() => {
  setActiveGuard(undefined);
});
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.stop();
});

/** A guard without room, whose application answers every call with this request. */
function downgradeTo(answer: (call: GuardedCall) => Readonly<Record<string, unknown>> | undefined): void {
  setActiveGuard({
    admit: (call: GuardedCall, ways: RequestWays = {}) => {
      const request = answer(call);
      const canMake = request !== undefined && (ways.modelInstead === undefined || ways.modelInstead(request));
      return request === undefined || canMake === undefined
        ? { kind: 'refused', error: refusal }
        : { kind: 'downgraded', reservation: { settle: () => undefined }, request, budget: 'team' };
    },
  });
}

const models = () => server.seen.map(({ body }) => body['model']);

interface ChatModel {
  readonly model: string;
  invoke(input: string): Promise<{ readonly content: unknown }>;
  stream(input: string): Promise<AsyncIterable<{ readonly content: string }>>;
}

type ChatOpenAi = new (settings: object) => ChatModel;

function load(copy: string): ChatOpenAi {
  forgetPackages(['@langchain/core', '@langchain/openai', 'openai']);
  return (loadSdk(copy, '@langchain/openai') as { ChatOpenAI: ChatOpenAi }).ChatOpenAI;
}

const loaded = new Map(COPIES.map((copy) => [copy, load(copy)]));

describe.each(COPIES)('a call of %s without room', (copy) => {
  const make = (model: string): ChatModel => {
    const ChatOpenAI = loaded.get(copy);
    if (ChatOpenAI === undefined) throw new Error(`${copy} is not installed`);
    return new ChatOpenAI({ model, apiKey: 'key', maxRetries: 0, configuration: { baseURL: `${server.url}/v1` } });
  };
  /** Where the SDK below is patched too it asks once more, about the cheaper call: that one may be made. */
  const unless = (cheaper: string, request: Readonly<Record<string, unknown>>, model: unknown) => ({
    ...request,
    model: request['model'] === cheaper ? cheaper : model,
  });

  it('is made by the same model under another name, which the application’s model does not notice', async () => {
    server.replies(chatJson(), chatSse());
    downgradeTo(({ request }) => unless('gpt-4o-mini', request, 'gpt-4o-mini'));
    const model = make('gpt-4o');
    await model.invoke('two and two?');
    await collect(await model.stream('two and two?'));
    expect(models()).toEqual(['gpt-4o-mini', 'gpt-4o-mini']);
    expect(model.model).toBe('gpt-4o');
    const counted = telemetry.spans.filter(({ attributes }) => attributes['costel.cost.status'] === 'priced');
    expect(counted.map(({ attributes }) => attributes['gen_ai.request.model'])).toEqual(['gpt-4o-mini', 'gpt-4o-mini']);
  });

  it('is made by another model', async () => {
    server.replies(chatJson());
    const cheaper = make('gpt-4o-mini');
    downgradeTo(({ request }) => unless('gpt-4o-mini', request, cheaper));
    await make('gpt-4o').invoke('two and two?');
    expect(models()).toEqual(['gpt-4o-mini']);
  });

  it('is refused with the typed error where there is no other model', async () => {
    server.replies(chatJson());
    downgradeTo(() => undefined);
    await expect(make('gpt-4o').invoke('two and two?')).rejects.toBe(refusal);
    expect(server.seen).toEqual([]);
  });
});
