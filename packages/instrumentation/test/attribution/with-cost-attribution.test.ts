import { context, propagation, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, withCostAttribution } from '../../src/index.js';
import { CHAT_MODEL, chatJson } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const ASK = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'hi' }] };
const server = new ProviderServer();
const telemetry = new Telemetry();
const module = instrumentModule(loadOpenAi('openai-7', true));
const untrusting = instrumentModule(loadOpenAi('openai-6', true), { readBaggage: false });

beforeAll(() => server.start());
beforeEach(async () => {
  server.replies(chatJson());
  await telemetry.reset();
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const clientOf = (of: typeof module, options: Record<string, unknown> = {}) =>
  new of.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0, ...options });

function attribution(): Record<string, unknown> {
  const entries = Object.entries(telemetry.onlySpan.attributes);
  const isAttribution = (name: string) =>
    /^costel\.(feature|customer|team|project|tag\.)/.test(name) ||
    /^(user\.id|gen_ai\.(agent|conversation))/.test(name);
  return Object.fromEntries(entries.filter(([name]) => isAttribution(name)));
}

describe('withCostAttribution', () => {
  it('puts every field and tag on the spans of the calls inside', async () => {
    await withCostAttribution(
      {
        feature: 'search',
        customer: 'acme',
        user: 'u-1',
        team: 'growth',
        project: 'p',
        agent: 'planner',
        conversation: 'c-1',
        tags: { experiment: 'b', region: 'eu' },
      },
      () => clientOf(module).chat.completions.create(ASK),
    );
    expect(attribution()).toEqual({
      'costel.feature': 'search',
      'costel.customer': 'acme',
      'user.id': 'u-1',
      'costel.team': 'growth',
      'costel.project': 'p',
      'gen_ai.agent.name': 'planner',
      'gen_ai.conversation.id': 'c-1',
      'costel.tag.experiment': 'b',
      'costel.tag.region': 'eu',
    });
  });

  it('holds over awaits, timers and parallel calls, and ends with its function', async () => {
    const client = clientOf(module);
    const call = async (feature: string) =>
      withCostAttribution({ feature }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await client.chat.completions.create(ASK);
      });
    await Promise.all([call('a'), call('b'), call('c')]);
    await client.chat.completions.create(ASK);
    const features = telemetry.spans.map((span) => span.attributes['costel.feature']);
    expect(new Set(features.slice(0, 3))).toEqual(new Set(['a', 'b', 'c']));
    expect(features[3]).toBeUndefined();
  });

  it('adds to what surrounds it, and the inner value wins', async () => {
    await withCostAttribution({ feature: 'outer', team: 'growth', tags: { a: '1', b: '1' } }, () =>
      withCostAttribution({ feature: 'inner', tags: { b: '2' } }, () => clientOf(module).chat.completions.create(ASK)),
    );
    expect(attribution()).toEqual({
      'costel.feature': 'inner',
      'costel.team': 'growth',
      'costel.tag.a': '1',
      'costel.tag.b': '2',
    });
  });

  it('returns what the function returns and throws what it throws', async () => {
    expect(withCostAttribution({ feature: 'x' }, () => 42)).toBe(42);
    const error = new Error('mine');
    expect(() =>
      withCostAttribution({}, () => {
        throw error;
      }),
    ).toThrow(error);
    await expect(withCostAttribution({}, () => Promise.reject(error))).rejects.toBe(error);
  });

  it('leaves out empty values, turns numbers into text and cuts long ones', async () => {
    const odd = { feature: '', customer: 7 as unknown as string, team: 'x'.repeat(1000), user: undefined };
    await withCostAttribution(odd, () => clientOf(module).chat.completions.create(ASK));
    expect(attribution()).toEqual({ 'costel.customer': '7', 'costel.team': 'x'.repeat(256) });
  });

  it('travels to other services as baggage', async () => {
    const carrier: Record<string, string> = {};
    withCostAttribution({ feature: 'se,arch', user: 'Ümit' }, () => {
      propagation.inject(context.active(), carrier);
    });
    expect(carrier['baggage']).toContain('costel.feature=');
    const received = propagation.extract(context.active(), carrier);
    await context.with(received, () => clientOf(module).chat.completions.create(ASK));
    expect(attribution()).toEqual({ 'costel.feature': 'se,arch', 'user.id': 'Ümit' });
  });

  it('adds to what came as baggage', async () => {
    const received = propagation.extract(context.active(), { baggage: 'costel.feature=search,costel.customer=acme' });
    await context.with(received, () =>
      withCostAttribution({ customer: 'other' }, () => clientOf(module).chat.completions.create(ASK)),
    );
    expect(attribution()).toEqual({ 'costel.feature': 'search', 'costel.customer': 'other' });
  });

  it('does not believe baggage where told so', async () => {
    const received = propagation.extract(context.active(), { baggage: 'costel.customer=acme' });
    await context.with(received, () =>
      withCostAttribution({ feature: 'mine' }, () => clientOf(untrusting).chat.completions.create(ASK)),
    );
    expect(attribution()).toEqual({ 'costel.feature': 'mine' });
  });

  it('does not send customers and users to the provider, and keeps the baggage of others', async () => {
    const sent: string[] = [];
    const client = clientOf(module, {
      fetch: (url: string, init?: RequestInit) => {
        const carrier: Record<string, string> = {};
        propagation.inject(context.active(), carrier);
        sent.push(carrier['baggage'] ?? '');
        expect(trace.getSpan(context.active())).toBeDefined();
        return fetch(url, init);
      },
    });
    const received = propagation.extract(context.active(), { baggage: 'tenant=7' });
    await context.with(received, () =>
      withCostAttribution({ customer: 'acme', user: 'u' }, () => client.chat.completions.create(ASK)),
    );
    expect(sent).toEqual(['tenant=7']);
    expect(attribution()).toEqual({ 'costel.customer': 'acme', 'user.id': 'u' });
  });
});
