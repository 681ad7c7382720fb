import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmInstrumentations } from '../../src/index.js';
import { ProviderServer } from '../support/provider-server.js';
import { loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';
import { OPENAI_MEDIA_SCENARIOS } from './openai-media-scenarios.js';
import { OPENAI_SCENARIOS, type OpenAiScenarioContext } from './openai-scenarios.js';

const server = new ProviderServer();

function contextOf(module: OpenAiScenarioContext['module']): OpenAiScenarioContext {
  const client = new module.OpenAI({ apiKey: 'key', baseURL: `${server.url}/v1`, maxRetries: 0 });
  return { module, client, server };
}

// Copies loaded before the instrumentation exists are what "without" means.
const plain = new Map(OPENAI_COPIES.map((copy) => [copy, loadOpenAi(copy, true)]));
const telemetry = new Telemetry();
const [instrumentation] = llmInstrumentations();
const patched = new Map(OPENAI_COPIES.map((copy) => [copy, loadOpenAi(copy, true)]));

beforeAll(() => server.start());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.stop();
});

describe.each(OPENAI_COPIES)('%s behaves with instrumentation as without', (copy) => {
  it.each(Object.entries({ ...OPENAI_SCENARIOS, ...OPENAI_MEDIA_SCENARIOS }))('%s', async (_name, scenario) => {
    const [without, withIt] = [plain.get(copy), patched.get(copy)];
    if (without === undefined || withIt === undefined) throw new Error(`${copy} is not installed`);
    const expected = await scenario(contextOf(without));
    expect(await scenario(contextOf(withIt))).toEqual(expected);
  });

  it('is really patched in one run and not in the other', async () => {
    await telemetry.reset();
    for (const module of [plain.get(copy), patched.get(copy)]) {
      if (module !== undefined) await OPENAI_SCENARIOS['chat answers JSON']?.(contextOf(module));
    }
    expect(telemetry.spans.map(({ name }) => name)).toEqual(['chat gpt-4o']);
  });
});
