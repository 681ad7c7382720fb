import { afterAll, beforeAll, vi } from 'vitest';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { bothCopies, compareScenarios } from './support/compare.js';
import { genAiScenarios } from './support/google-genai-scenarios.js';
import type { GenAiModule } from './support/google-genai.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
beforeAll(async () => {
  // The SDK warns of deprecated methods and of settings, in every run.
  for (const level of ['warn', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  await server.start();
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

for (const copy of ['google-genai-3', 'google-genai-2']) {
  compareScenarios<GenAiModule>(telemetry, {
    copy,
    ...bothCopies(copy, '@google/genai'),
    scenarios: genAiScenarios(server),
    proof: {
      scenario: 'tools are called by the SDK',
      spans: ['generate_content gemini-2.5-flash', 'generate_content gemini-2.5-flash'],
    },
  });
}
