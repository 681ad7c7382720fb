import { afterAll, beforeAll, vi } from 'vitest';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { bothCopies, compareScenarios } from './support/compare.js';
import { ollamaScenarios } from './support/ollama-scenarios.js';
import type { OllamaModule } from './support/ollama.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
beforeAll(async () => {
  // The SDK logs errors that it has no JSON for.
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  await server.start();
});
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

compareScenarios<OllamaModule>(telemetry, {
  copy: 'ollama-0',
  ...bothCopies('ollama-0', 'ollama'),
  scenarios: ollamaScenarios(server),
  proof: { scenario: 'a chat answers', spans: [`chat llama3.2`] },
});
