import { parsePicoUsd } from '@costel/pricing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BudgetExceededError, instrumentModule } from '../../src/index.js';
import { setActiveGuard, type Admission, type Settlement } from '../../src/guard/active-guard.js';
import type { GuardedCall } from '../../src/guard/guard-config.js';
import { prototypeNames, unhandledDuring } from '../conformance/observe.js';
import { MESSAGE_MODEL, messageJson, messageSse } from '../support/anthropic-replies.js';
import { CHAT_MODEL, chatJson, chatSse, embeddingJson } from '../support/openai-replies.js';
import { json, ProviderServer } from '../support/provider-server.js';
import { ANTHROPIC_COPIES, loadAnthropic, loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const refusal = new BudgetExceededError({
  code: 'budget_exceeded',
  budget: 'search',
  scope: { feature: 'search' },
  limitUsd: '1',
  spentUsd: '0.9',
  heldUsd: '0.1',
  neededUsd: '0.01',
  periodEnd: new Date('2026-12-01T00:00:00Z'),
});

let asked: GuardedCall[] = [];
let settled: Settlement[] = [];

/** A guard that says the same to every call. */
function guardBy(say: (call: GuardedCall) => Admission | undefined): void {
  setActiveGuard({
    admit: (call) => {
      asked.push(call);
      return say(call);
    },
  });
}

const allowed = (): Admission => ({
  kind: 'allowed',
  reservation: { settle: (settlement) => void settled.push(settlement) },
});

beforeAll(() => server.start());
beforeEach(async () => {
  asked = [];
  settled = [];
  await telemetry.reset();
  guardBy(() => ({ kind: 'refused', error: refusal }));
  server.replies(chatJson());
});
afterEach(() => setActiveGuard(undefined));
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

/** What the SDK returns for a call that is made, without making it fail or waiting for it. */
function classesOf(run: () => unknown): string[] {
  const result = run() as Promise<unknown>;
  result.then(undefined, () => undefined);
  return prototypeNames(result);
}

describe.each(OPENAI_COPIES)('a refused call of %s', (copy) => {
  const { OpenAI } = instrumentModule(loadOpenAi(copy, true), {});
  const client = () => new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, logLevel: 'off' });
  const ask = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }] };

  it.each([
    ['create', () => client().chat.completions.create(ask)],
    ['withResponse', () => client().chat.completions.create(ask).withResponse()],
    ['asResponse', () => client().chat.completions.create(ask).asResponse()],
    ['a stream', async () => readAll(await client().chat.completions.create({ ...ask, stream: true }))],
    ['parse', () => client().chat.completions.parse(ask)],
    ['the stream helper', () => client().chat.completions.stream(ask).finalChatCompletion()],
    [
      'runTools',
      () =>
        client()
          .chat.completions.runTools({ ...ask, tools: [] })
          .finalContent(),
    ],
    ['responses.create', () => client().responses.create({ model: CHAT_MODEL, input: 'x' })],
    ['responses.stream', () => client().responses.stream({ model: CHAT_MODEL, input: 'x' }).finalResponse()],
    ['embeddings', () => client().embeddings.create({ model: 'text-embedding-3-small', input: 'x' })],
  ] as const)('fails through %s with the typed error and sends nothing', async (_name, run) => {
    const error = await errorOf(run);
    // Helpers of the SDK wrap what is no error of the SDK; the typed error is then the cause.
    const own = error instanceof BudgetExceededError ? error : (error as Error).cause;
    expect(own).toBe(refusal);
    expect(server.seen).toHaveLength(0);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.guard.decision': 'refused',
      'costel.guard.budget': 'search',
      'costel.cost.status': 'not_billable',
      'error.type': 'BudgetExceededError',
    });
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBeUndefined();
  });

  it('is a promise of the same class as any other call', () => {
    const refused = classesOf(() => client().chat.completions.create(ask));
    setActiveGuard(undefined);
    expect(refused).toEqual(classesOf(() => client().chat.completions.create(ask)));
  });

  it('that nobody awaits raises one unhandled rejection, as a failing call does', async () => {
    const seen = await unhandledDuring(() => void client().chat.completions.create(ask));
    expect(seen).toMatchObject([{ name: 'BudgetExceededError', code: 'budget_exceeded' }]);
  });

  it('leaves client and later calls as they were', async () => {
    const one = client();
    await errorOf(() => one.chat.completions.create(ask));
    guardBy(allowed);
    const answer = await one.chat.completions.create(ask);
    expect(answer.choices[0]?.message.content).toBe('four');
    expect(settled).toMatchObject([{ isBillable: true, isExported: true, responseModel: 'gpt-4o-2024-08-06' }]);
  });
});

describe.each(ANTHROPIC_COPIES)('a refused call of %s', (copy) => {
  const { Anthropic } = instrumentModule(loadAnthropic(copy, true), {});
  const client = () => new Anthropic({ apiKey: 'k', baseURL: server.url, logLevel: 'off' });
  const ask = { model: MESSAGE_MODEL, max_tokens: 9, messages: [{ role: 'user' as const, content: 'two and two?' }] };

  it.each([
    ['create', () => client().messages.create(ask)],
    ['withResponse', () => client().messages.create(ask).withResponse()],
    ['a stream', async () => readAll(await client().messages.create({ ...ask, stream: true }))],
    ['the stream helper', () => client().messages.stream(ask).finalMessage()],
    ['beta', () => client().beta.messages.create(ask)],
  ] as const)('fails through %s with the typed error and sends nothing', async (_name, run) => {
    const error = await errorOf(run);
    const own = error instanceof BudgetExceededError ? error : (error as Error).cause;
    expect(own).toBe(refusal);
    expect(server.seen).toHaveLength(0);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.guard.decision': 'refused',
      'costel.cost.status': 'not_billable',
    });
  });

  it('that nobody awaits raises one unhandled rejection', async () => {
    const seen = await unhandledDuring(() => void client().messages.create(ask));
    expect(seen).toMatchObject([{ name: 'BudgetExceededError' }]);
  });

  it('is told apart from one that is let through, which is settled with its cost', async () => {
    guardBy(allowed);
    for (const reply of [messageJson(), messageSse()]) {
      server.replies(reply);
      if (reply === undefined) continue;
      const stream = settled.length === 1;
      if (stream) await readAll(await client().messages.create({ ...ask, stream: true }));
      else await client().messages.create(ask);
    }
    expect(settled).toHaveLength(2);
    for (const settlement of settled) {
      expect(settlement.costPicoUsd).toBeGreaterThan(0n);
      expect(settlement.spanId).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});

describe('the guard', () => {
  const { OpenAI } = instrumentModule(loadOpenAi('openai-7', true), {});
  const client = () => new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0, logLevel: 'off' });
  const ask = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'two and two?' }], user: 'u-1' };

  it('is asked once a call, with what the request and the attribution say', async () => {
    guardBy(allowed);
    await client().chat.completions.parse(ask);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ provider: 'openai', model: CHAT_MODEL, operation: 'chat', request: ask });
    expect(asked[0]?.attribution).toEqual({ 'user.id': 'u-1' });
  });

  it('gets back what an error answer, a stream and a stream that is left cost', async () => {
    guardBy(allowed);
    server.replies(json({ error: { message: 'no' } }, { status: 429 }));
    await errorOf(() => client().chat.completions.create(ask));
    server.replies(chatSse());
    await readAll(await client().chat.completions.create({ ...ask, stream: true }));
    server.replies(chatSse({ hold: true }));
    for await (const _ of await client().chat.completions.create({ ...ask, stream: true })) break;
    expect(settled.map(({ isBillable }) => isBillable)).toEqual([false, true, true]);
    expect(settled[0]?.costPicoUsd).toBeUndefined();
    expect(settled[1]?.costPicoUsd).toBeGreaterThan(0n);
    expect(settled[2]?.costPicoUsd).toBeGreaterThan(0n);
  });

  it('is not asked for calls that nothing is charged for', async () => {
    guardBy(() => ({ kind: 'refused', error: refusal }));
    server.replies(json({ id: 'modr-1', model: 'omni-moderation-latest', results: [] }));
    await client().moderations.create({ input: 'x' });
    expect(asked).toHaveLength(0);
  });

  it('that downgrades has the application request made in place of the first, marked with what it replaces', async () => {
    guardBy(({ request }) => ({
      kind: 'downgraded',
      budget: 'search',
      request: { ...request, model: 'gpt-4o-mini' },
      reservation: { settle: (settlement) => void settled.push(settlement) },
    }));
    server.replies((seen, response) => json({ ...CHAT_ANSWER, model: seen.body['model'] })(seen, response));
    await client().chat.completions.create(ask);
    expect(server.seen.map(({ body }) => body['model'])).toEqual(['gpt-4o-mini']);
    expect(ask.model).toBe(CHAT_MODEL);
    expect(telemetry.onlySpan.name).toBe('chat gpt-4o-mini');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.request.model': 'gpt-4o-mini',
      'costel.guard.decision': 'downgraded',
      'costel.fallback.model': CHAT_MODEL,
      'costel.fallback.reason': 'budget',
      'costel.tag.fallback_from': `openai/${CHAT_MODEL}`,
      // 1000 tokens in and 100 out: of gpt-4o-mini at $0.15 and $0.60 a million, of gpt-4o at $2.50 and $10.
      'costel.cost.usd': '0.00021',
      'costel.fallback.cost_usd': '0.0035',
    });
    expect(settled).toHaveLength(1);
  });

  it('that throws takes nothing from the call', async () => {
    guardBy(() => {
      throw new Error('the guard is broken');
    });
    expect((await client().chat.completions.create(ask)).choices).toHaveLength(1);
  });

  it('that is not there costs nothing and changes nothing', async () => {
    setActiveGuard(undefined);
    server.replies(embeddingJson());
    await client().embeddings.create({ model: 'text-embedding-3-small', input: 'x' });
    expect(telemetry.onlySpan.attributes['costel.guard.decision']).toBeUndefined();
  });
});

const CHAT_ANSWER = {
  id: 'chatcmpl-fixed',
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'four' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 },
};

describe('the settlement of a call', () => {
  it('has what was billed beside the call in it, which is on a span of its own', async () => {
    guardBy(allowed);
    const { Anthropic } = instrumentModule(loadAnthropic('anthropic-0-133', true), {});
    const iterations = [
      { type: 'message', input_tokens: 100, output_tokens: 50 },
      { type: 'advisor_message', model: 'claude-opus-4-8', input_tokens: 2000, output_tokens: 20 },
    ];
    server.replies(messageJson({ usage: { input_tokens: 100, output_tokens: 50, iterations } }));
    const client = new Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
    await client.messages.create({ model: MESSAGE_MODEL, max_tokens: 64, messages: [{ role: 'user', content: 'x' }] });
    const costs = telemetry.spans.map(({ attributes }) => String(attributes['costel.cost.usd']));
    expect(costs).toHaveLength(2);
    const sum = costs.reduce((total, usd) => total + parsePicoUsd(usd), 0n);
    expect(settled.map(({ costPicoUsd }) => costPicoUsd)).toEqual([sum]);
  });
});
