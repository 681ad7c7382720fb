import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterEach, expect, test } from 'vitest';
import { anthropicCalls } from '../src/apps/anthropic-calls.mjs';
import { openaiCalls } from '../src/apps/openai-calls.mjs';
import { APPS, type Call } from '../src/plan.mjs';
import { startReplayProvider } from '../src/provider/server.mjs';
import { RESPONSE_MODELS, SCENARIOS, TEAMS } from '../src/scenarios.mjs';

type Provider = Awaited<ReturnType<typeof startReplayProvider>>;
const providers: Provider[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.close();
});

async function provider(): Promise<Provider> {
  const started = await startReplayProvider({ seed: 'test' });
  providers.push(started);
  return started;
}

function callOf(name: string, id = 'call-1'): Call {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  const [model, feature] = [scenario?.models[0], scenario?.features[0]];
  if (!scenario || !model || !feature) throw new Error(`there is no scenario ${name}`);
  const people = { user: 'ada', customer: 'acme-bikes', team: TEAMS[feature], environment: 'demo' };
  return { id, app: 'test', scenario, model, feature, ...people, atMs: 0 };
}

/** The clients of one SDK major, as the example apps load them. */
function sdk(folder: string): (url: string) => { openai?: OpenAI; anthropic?: Anthropic } {
  const load = createRequire(resolve(import.meta.dirname, `../../../test/sdks/${folder}/package.json`));
  return (url) =>
    folder.startsWith('openai')
      ? { openai: new (load('openai') as { OpenAI: typeof OpenAI }).OpenAI({ baseURL: `${url}/v1`, apiKey: 'test' }) }
      : {
          anthropic: new (load('@anthropic-ai/sdk') as { Anthropic: typeof Anthropic }).Anthropic({
            baseURL: url,
            apiKey: 'test',
          }),
        };
}

async function perform(served: Provider, folder: string, call: Call): Promise<void> {
  served.expect(call);
  const { openai, anthropic } = sdk(folder)(served.url);
  const request = { model: call.model, prompt: 'Where is it?', headers: { 'x-demo-call': call.id } };
  if (openai) await openaiCalls[call.scenario.name]?.(openai, request);
  if (anthropic) await anthropicCalls[call.scenario.name]?.(anthropic, request);
}

for (const app of APPS) {
  test(`the real client of ${app.name} understands every answer, and each is in the books once`, async () => {
    const served = await provider();
    const scenarios = SCENARIOS.filter((scenario) => scenario.provider === app.provider);
    await Promise.all(
      scenarios.map((scenario, index) => perform(served, app.name, callOf(scenario.name, `call-${index}`))),
    );
    await expect.poll(() => served.entries.length).toBe(scenarios.length);
    expect(served.surprises).toEqual([]);
    expect(new Set(served.entries.map((entry) => entry.scenario)).size).toBe(scenarios.length);
  });
}

test('every scenario has a call in the app of its provider', () => {
  for (const { name, provider: owner } of SCENARIOS) {
    expect((owner === 'openai' ? openaiCalls : anthropicCalls)[name], name).toBeTypeOf('function');
  }
});

test('the usage that the client reads is the usage in the books', async () => {
  const served = await provider();
  served.expect(callOf('chat-cached'));
  const client = new OpenAI({ baseURL: `${served.url}/v1`, apiKey: 'test' });
  const completion = await client.chat.completions.create(
    { model: 'gpt-4o', messages: [{ role: 'user', content: 'Where is it?' }] },
    { headers: { 'x-demo-call': 'call-1' } },
  );
  const [entry] = served.entries;
  expect(completion.model).toBe(RESPONSE_MODELS['gpt-4o']);
  expect(completion.usage?.prompt_tokens).toBe(entry?.inputTokens);
  expect(completion.usage?.completion_tokens).toBe(entry?.outputTokens);
  expect(completion.usage?.prompt_tokens_details?.cached_tokens).toBeGreaterThan(0);
});

test('an Anthropic answer counts cache reads and writes beside its input', async () => {
  const served = await provider();
  served.expect(callOf('messages-cached'));
  const client = new Anthropic({ baseURL: served.url, apiKey: 'test' });
  const { usage } = await client.messages.create(
    { model: 'claude-sonnet-4-6', max_tokens: 100, messages: [{ role: 'user', content: 'Where is it?' }] },
    { headers: { 'x-demo-call': 'call-1' } },
  );
  const written =
    (usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) + (usage.cache_creation?.ephemeral_1h_input_tokens ?? 0);
  expect(usage.cache_creation_input_tokens).toBe(written);
  expect(usage.input_tokens + written + (usage.cache_read_input_tokens ?? 0)).toBe(served.entries[0]?.inputTokens);
});

test('who leaves a stream in the middle pays for what was written until then', async () => {
  const served = await provider();
  await perform(served, 'openai-6', callOf('chat-stream-aborted'));
  await expect.poll(() => served.entries.length).toBe(1);
  expect(served.entries[0]?.outputTokens).toBeGreaterThan(10);
  expect(served.entries[0]?.outputTokens).toBeLessThan(200);
  expect(served.entries[0]?.truth).toBe('estimated');
});

test('a rate limit costs nothing, and a retry after one is paid once', async () => {
  const served = await provider();
  await perform(served, 'openai-6', callOf('chat-rate-limited', 'call-1'));
  await perform(served, 'anthropic-1', callOf('messages-retried', 'call-2'));
  expect(served.entries.map((entry) => [entry.call, entry.costUsd === '0'])).toEqual([
    ['call-1', true],
    ['call-2', false],
  ]);
});

test('a model without a price has no cost in the books, not the cost zero', async () => {
  const served = await provider();
  await perform(served, 'openai-6', callOf('chat-unknown-model'));
  expect(served.entries[0]?.costUsd).toBeNull();
});

test('a request that nobody planned is refused and noted', async () => {
  const served = await provider();
  const response = await fetch(`${served.url}/v1/chat/completions`, { method: 'POST', body: '{}' });
  expect(response.status).toBe(404);
  expect(served.surprises).toHaveLength(1);
});

test('the same seed gives the same usage', async () => {
  const [first, second] = [await provider(), await provider()];
  for (const served of [first, second]) await perform(served, 'openai-6', callOf('responses'));
  expect(first.entries).toEqual(second.entries);
});
