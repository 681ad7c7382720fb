import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { instrumentModule } from '../../../packages/instrumentation/src/index.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { AI_COPIES, aiContext, loadAi, type AiCopy } from './ai-sdk.js';
import { AI_SCENARIOS } from './ai-scenarios.js';

const server = new ProviderServer();
const telemetry = new Telemetry();

/** What each scenario shows without instrumentation; models' classes are patched in place, so these come first. */
const expected = new Map<string, unknown>();
const key = (copy: AiCopy, name: string) => `${copy} ${name}`;

beforeAll(async () => {
  await server.start();
  for (const copy of AI_COPIES) {
    for (const [name, scenario] of Object.entries(AI_SCENARIOS))
      expected.set(key(copy, name), await scenario(aiContext(copy, loadAi(copy), server)));
  }
  expect(telemetry.spans).toEqual([]);
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

describe.each(AI_COPIES)('%s behaves with instrumentation as without', (copy) => {
  it.each(Object.entries(AI_SCENARIOS))('%s', async (name, scenario) => {
    const ai = instrumentModule(loadAi(copy));
    expect(await scenario(aiContext(copy, ai, server))).toEqual(expected.get(key(copy, name)));
  });

  it('is really patched in one run and not in the other', async () => {
    await telemetry.reset();
    await AI_SCENARIOS['generateText by chat completions']?.(aiContext(copy, instrumentModule(loadAi(copy)), server));
    expect(telemetry.spans.map(({ name }) => name)).toEqual(['chat gpt-4o']);
  });
});
