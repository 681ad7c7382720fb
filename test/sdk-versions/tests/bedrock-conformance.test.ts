import { afterAll, beforeAll } from 'vitest';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { bedrockScenarios } from './support/bedrock-scenarios.js';
import { BedrockServer } from './support/bedrock-server.js';
import { NOVA, type BedrockModule } from './support/bedrock.js';
import { bothCopies, compareScenarios } from './support/compare.js';

const server = new BedrockServer();
const telemetry = new Telemetry();
beforeAll(() => server.start());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

compareScenarios<BedrockModule>(telemetry, {
  copy: 'bedrock-3',
  ...bothCopies('bedrock-3', '@aws-sdk/client-bedrock-runtime'),
  scenarios: bedrockScenarios(server),
  proof: { scenario: 'a command is sent twice', spans: [`chat ${NOVA}`, `chat ${NOVA}`] },
});
