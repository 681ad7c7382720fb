import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmInstrumentations } from '../../src/index.js';
import { ProviderServer } from '../support/provider-server.js';
import { ANTHROPIC_COPIES, loadAnthropic } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';
import { ANTHROPIC_SCENARIOS, type AnthropicScenarioContext } from './anthropic-scenarios.js';

const server = new ProviderServer();

function contextOf(module: AnthropicScenarioContext['module']): AnthropicScenarioContext {
  const client = new module.Anthropic({ apiKey: 'key', baseURL: server.url, maxRetries: 0 });
  return { module, client, server };
}

const plain = new Map(ANTHROPIC_COPIES.map((copy) => [copy, loadAnthropic(copy, true)]));
const telemetry = new Telemetry();
const [instrumentation] = llmInstrumentations();
const patched = new Map(ANTHROPIC_COPIES.map((copy) => [copy, loadAnthropic(copy, true)]));

beforeAll(() => server.start());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.stop();
});

describe.each(ANTHROPIC_COPIES)('%s behaves with instrumentation as without', (copy) => {
  it.each(Object.entries(ANTHROPIC_SCENARIOS))('%s', async (_name, scenario) => {
    const [without, withIt] = [plain.get(copy), patched.get(copy)];
    if (without === undefined || withIt === undefined) throw new Error(`${copy} is not installed`);
    const expected = await scenario(contextOf(without));
    expect(await scenario(contextOf(withIt))).toEqual(expected);
  });

  it('is really patched in one run and not in the other', async () => {
    await telemetry.reset();
    for (const module of [plain.get(copy), patched.get(copy)]) {
      if (module !== undefined) await ANTHROPIC_SCENARIOS['messages answer JSON']?.(contextOf(module));
    }
    const judged = telemetry.spans.filter(({ attributes }) => attributes['costel.cost.status'] === 'priced');
    expect(judged).toHaveLength(1);
  });
});
