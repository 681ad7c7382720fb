import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule } from '../../src/index.js';
import { unhandledDuring } from '../conformance/observe.js';
import { MESSAGE_MODEL, messageJson } from '../support/anthropic-replies.js';
import { costOf } from '../support/expectations.js';
import { CHAT_MODEL, chatJson, chatSse, rateLimited } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadAnthropic, loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const COST = costOf('openai', 'gpt-4o', { input: 176, cache_read: 1024, output: 100, reasoning: 200 });

type Create = (this: unknown, ...args: unknown[]) => Promise<AsyncIterable<unknown>>;

/** The SDK with another instrumentation on it, and ours around that. */
function moduleWith(replace: (create: Create) => (this: unknown, ...args: unknown[]) => unknown) {
  const module = loadOpenAi('openai-7', true);
  const { prototype } = module.OpenAI.Chat.Completions;
  Object.assign(prototype, { create: replace(Reflect.get(prototype, 'create') as Create) });
  const { OpenAI } = instrumentModule(module);
  return new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
}

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'x' }] };
const ASK_STREAM = { ...ASK, stream: true as const, stream_options: { include_usage: true } };

const asOrdinaryPromise = (create: Create) =>
  async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    return Reflect.apply(create, this, args);
  };

const asGenerator = (create: Create) =>
  async function* (this: unknown, ...args: unknown[]): AsyncGenerator {
    yield* await Reflect.apply(create, this, args);
  };

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

describe('a call whose promise another instrumentation replaced', () => {
  it('is not missed', async () => {
    server.replies(chatJson());
    await moduleWith(asOrdinaryPromise).chat.completions.create(ASK);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(COST);
  });

  it.each([
    ['an ordinary promise of the SDK’s stream', asOrdinaryPromise],
    ['a generator in the stream’s place', asGenerator],
  ])('is not missed as %s', async (_what, replace) => {
    server.replies(chatSse());
    const ids: string[] = [];
    for await (const { id } of await moduleWith(replace).chat.completions.create(ASK_STREAM)) ids.push(id);
    expect(ids.length).toBeGreaterThan(3);
    expect(telemetry.onlySpan.attributes['costel.cost.usd']).toBe(COST);
  });

  it('still raises an unhandledRejection when it fails and nobody awaits it', async () => {
    server.replies(rateLimited());
    const seen = await unhandledDuring(() => {
      void moduleWith(asOrdinaryPromise).chat.completions.create(ASK);
    });
    expect(seen).toHaveLength(1);
    expect(telemetry.onlySpan.attributes['costel.cost.status']).toBe('not_billable');
  });
});

describe.each(['anthropic-0', 'anthropic-1'] as const)('a call of %s, which has spans of its own', (copy) => {
  it('is told on the SDK’s span, although another instrumentation hears the answer first', async () => {
    const module = loadAnthropic(copy, true);
    const { prototype } = module.Anthropic.Messages;
    Object.assign(prototype, { create: asOrdinaryPromise(Reflect.get(prototype, 'create') as Create) });
    const { Anthropic } = instrumentModule(module);
    const client = new Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
    server.replies(messageJson());
    await client.messages.create({ model: MESSAGE_MODEL, max_tokens: 9, messages: ASK.messages });
    const cost = costOf('anthropic', MESSAGE_MODEL, {
      input: 100,
      cache_read: 1024,
      cache_write_5m: 1048,
      cache_write_1h: 1000,
      output: 50,
      web_search: 2,
    });
    expect(telemetry.onlySpan.name).toBe('anthropic.messages.create');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.usd': cost,
      'costel.usage.quality': 'reported',
      'gen_ai.usage.input_tokens': 3172,
    });
  });
});

describe('a stream whose response was asked for as well', () => {
  it('counts what it says, for the caller reads it after all', async () => {
    server.replies(chatSse());
    const { OpenAI } = instrumentModule(loadOpenAi('openai-7', true));
    const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const asked = client.chat.completions.create(ASK_STREAM);
    const response = asked.asResponse();
    for await (const chunk of await asked) expect(chunk.id).not.toBe('');
    expect((await response).status).toBe(200);
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.cost.usd': COST,
      'costel.usage.quality': 'reported',
    });
  });
});
