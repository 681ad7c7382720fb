import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { STAINLESS_SCENARIOS, TOGETHER_SCENARIOS, type StainlessContext } from './stainless-scenarios.js';
import { STAINLESS_SDKS, loadFresh, type StainlessModule, type StainlessSdk } from './stainless-sdks.js';

const server = new ProviderServer();

// Copies loaded before the instrumentation exists are what "without" means.
const plain = new Map(STAINLESS_SDKS.map((sdk) => [sdk.copy, loadFresh(sdk)]));
const telemetry = new Telemetry();
const [instrumentation] = llmInstrumentations();
const patched = new Map(STAINLESS_SDKS.map((sdk) => [sdk.copy, loadFresh(sdk)]));

function contextOf(sdk: StainlessSdk, modules: ReadonlyMap<string, StainlessModule>): StainlessContext {
  const module = modules.get(sdk.copy);
  if (module === undefined) throw new Error(`${sdk.copy} is not installed`);
  const client = new module.default({ apiKey: 'key', baseURL: server.url, maxRetries: 0 });
  return { sdk, module, client, server };
}

beforeAll(() => server.start());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  await server.stop();
});

describe.each(STAINLESS_SDKS)('$copy behaves with instrumentation as without', (sdk) => {
  const scenarios = { ...STAINLESS_SCENARIOS, ...(sdk.provider === 'together' ? TOGETHER_SCENARIOS : {}) };

  it.each(Object.entries(scenarios))('%s', async (_name, scenario) => {
    const expected = await scenario(contextOf(sdk, plain));
    expect(await scenario(contextOf(sdk, patched))).toEqual(expected);
  });

  it('is really patched in one run and not in the other', async () => {
    await telemetry.reset();
    for (const modules of [plain, patched]) await scenarios['chat answers JSON']?.(contextOf(sdk, modules));
    expect(telemetry.spans.map(({ name }) => name)).toEqual([`chat ${sdk.chatModel}`]);
  });
});
