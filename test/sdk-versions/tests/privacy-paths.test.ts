import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { CostSpanProcessor, finishOpenCalls } from '../../../packages/instrumentation/src/index.js';
import { DiagLines } from '../../../packages/instrumentation/test/support/diag-lines.js';
import { ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { SocketServer, useLocalWebSockets } from './local-web-sockets.js';
import { BedrockServer } from './support/bedrock-server.js';
import { CANARIES, Printed } from './support/canaries.js';
import { canaryJobs } from './support/canary-jobs.js';
import { canarySessions } from './support/canary-sessions.js';

const server = new ProviderServer();
const bedrock = new BedrockServer();
const sockets = new SocketServer();
const local = useLocalWebSockets();
/** Everything that is logged, down to the most talkative level. */
const log = new DiagLines();
const telemetry = new Telemetry([new CostSpanProcessor()]);
let printed: Printed;

beforeAll(() => Promise.all([server.start(), bedrock.start(), sockets.start()]));
beforeEach(async () => {
  for (const level of ['warn', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  await telemetry.reset();
  log.lines.length = 0;
  printed = new Printed();
});
afterEach(() => {
  printed.stop();
});
afterAll(async () => {
  local.undo();
  log.stop();
  telemetry.stop();
  await Promise.all([server.stop(), bedrock.stop(), sockets.stop()]);
});

it.each([...canaryJobs({ server, bedrock }), ...canarySessions(server, sockets)])(
  'nothing of content or keys is exported, logged or printed by $name',
  async ({ atLeast, run }) => {
    await run();
    finishOpenCalls();
    const names = telemetry.spans.map(({ name }) => name);
    expect(names.length, names.join(', ')).toBeGreaterThanOrEqual(atLeast);
    const told = [await telemetry.exportedText(), ...log.lines, ...printed.text].join('\n');
    for (const canary of CANARIES) expect(told).not.toContain(canary);
  },
);
