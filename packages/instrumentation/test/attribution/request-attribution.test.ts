import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, withCostAttribution } from '../../src/index.js';
import { attributionOfRequest } from '../../src/attribution/request-attribution.js';
import { MESSAGE_MODEL, messageJson } from '../support/anthropic-replies.js';
import { CHAT_MODEL, chatJson, responseJson } from '../support/openai-replies.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadAnthropic, loadOpenAi } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const { OpenAI } = instrumentModule(loadOpenAi('openai-7', true), { metadataTags: ['experiment'] });
const client = () => new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, logLevel: 'off' });
const ask = { model: CHAT_MODEL, messages: [{ role: 'user' as const, content: 'x' }] };
const metadata = { feature: 'search', customer: 'acme', experiment: 'b', secret: 'canary-secret' };

describe('what a request says of itself', () => {
  it('is attribution: its user, the dimensions in its metadata, and the tags that are allowed', async () => {
    server.replies(chatJson());
    await client().chat.completions.create({ ...ask, user: 'u-1', metadata });
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'user.id': 'u-1',
      'costel.feature': 'search',
      'costel.customer': 'acme',
      'costel.tag.experiment': 'b',
    });
    expect(JSON.stringify(telemetry.onlySpan.attributes)).not.toContain('canary-secret');
    expect(server.seen[0]?.body['metadata']).toEqual(metadata);
  });

  it('yields to what was said outside', async () => {
    server.replies(responseJson());
    await withCostAttribution({ feature: 'outside' }, () =>
      client().responses.create({ model: CHAT_MODEL, input: 'x', metadata }),
    );
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.feature': 'outside', 'costel.customer': 'acme' });
  });

  it('is the user of Anthropic as well', async () => {
    const { Anthropic } = instrumentModule(loadAnthropic('anthropic-1', true), {});
    server.replies(messageJson());
    const anthropic = new Anthropic({ apiKey: 'k', baseURL: server.url, logLevel: 'off' });
    const messages = [{ role: 'user' as const, content: 'x' }];
    await anthropic.messages.create({ model: MESSAGE_MODEL, max_tokens: 9, messages, metadata: { user_id: 'u-2' } });
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'user.id': 'u-2' });
  });

  it.each([
    [{ metadata: { team: 'a' } }, { 'costel.team': 'a' }],
    [{ requestMetadata: { project: 'p' } }, { 'costel.project': 'p' }],
    [{ config: { labels: { agent: 'g' } } }, { 'gen_ai.agent.name': 'g' }],
    [{ metadata: { feature: 7, constructor: 'x', other: 'y' } }, undefined],
    [{ metadata: 'text' }, undefined],
    [{}, undefined],
  ])('of %j is %j', (request, attributes) => {
    expect(attributionOfRequest(request, [])).toEqual(attributes);
  });
});

describe('a fallback', () => {
  it('is marked with what was meant and what that would have cost, and travels no further than the process', async () => {
    server.replies((seen, response) => {
      expect(JSON.stringify(seen.headers)).not.toContain('fallback');
      return chatJson()(seen, response);
    });
    await withCostAttribution({ fallback: { model: 'claude-opus-4-5', provider: 'anthropic', reason: 'error' } }, () =>
      client().chat.completions.create(ask),
    );
    // 176 fresh and 1024 cached tokens in, 300 out: of Claude Opus 4.5 at $5, $0.50 and $25 a million.
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.fallback.model': 'claude-opus-4-5',
      'costel.fallback.provider': 'anthropic',
      'costel.fallback.reason': 'error',
      'costel.tag.fallback_from': 'anthropic/claude-opus-4-5',
      'costel.fallback.cost_usd': '0.008892',
    });
  });

  it('in favour of a model without a price has no such cost, and calls without a mark have none of it', async () => {
    server.replies(chatJson());
    await withCostAttribution({ fallback: { model: 'a-model-of-ours' } }, () => client().chat.completions.create(ask));
    await client().chat.completions.create(ask);
    const [marked, plain] = telemetry.spans.map(({ attributes }) => attributes);
    expect(marked?.['costel.tag.fallback_from']).toBe('openai/a-model-of-ours');
    expect(marked?.['costel.fallback.cost_usd']).toBeUndefined();
    expect(Object.keys(plain ?? {}).filter((name) => name.includes('fallback'))).toEqual([]);
  });
});
