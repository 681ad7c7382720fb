import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { llmInstrumentations } from '../../../packages/instrumentation/src/index.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { SocketServer, useLocalWebSockets } from './local-web-sockets.js';
import { loadSessions, SESSION_COPIES, SESSION_SCENARIOS, type SessionCopy } from './openai-sessions.js';

const COPIES = Object.keys(SESSION_COPIES) as SessionCopy[];
const server = new SocketServer();
const sockets = useLocalWebSockets();

// Copies loaded before the instrumentation exists are what "without" means.
const plain = new Map(COPIES.map((copy) => [copy, loadSessions(copy)]));
const telemetry = new Telemetry();
const [instrumentation] = llmInstrumentations();
const patched = new Map(COPIES.map((copy) => [copy, loadSessions(copy)]));

beforeAll(() => server.start());
afterAll(async () => {
  instrumentation?.disable();
  telemetry.stop();
  sockets.undo();
  await server.stop();
});

describe.each(COPIES)('a session of %s behaves with instrumentation as without', (copy) => {
  it.each(Object.entries(SESSION_SCENARIOS))('%s', async (_name, scenario) => {
    const [without, withIt] = [plain.get(copy), patched.get(copy)];
    if (without === undefined || withIt === undefined) throw new Error(`${copy} is not installed`);
    const expected = await scenario({ modules: without, server });
    expect(await scenario({ modules: withIt, server })).toEqual(expected);
  });

  it('is really patched in one run and not in the other', async () => {
    await telemetry.reset();
    for (const modules of [plain.get(copy), patched.get(copy)])
      if (modules !== undefined) await SESSION_SCENARIOS['a realtime session answers']?.({ modules, server });
    expect(telemetry.spans.map(({ name }) => name)).toEqual(['chat gpt-realtime', 'realtime_session gpt-realtime']);
  });
});

// The last of all: the provider stays broken.
describe.each(COPIES)('a session of %s', (copy) => {
  it('is untouched by an instrumentation that throws wherever it is asked', async () => {
    const fails = (): never => {
      throw new Error('broken');
    };
    const [without, withIt] = [plain.get(copy), patched.get(copy)];
    if (without === undefined || withIt === undefined) throw new Error(`${copy} is not installed`);
    for (const name of ['a realtime session answers', 'the Responses API over a socket answers']) {
      const expected = await SESSION_SCENARIOS[name]?.({ modules: without, server });
      instrumentation?.setTracerProvider({ getTracer: () => ({ startSpan: fails, startActiveSpan: fails }) });
      const seen = await SESSION_SCENARIOS[name]?.({ modules: withIt, server });
      expect(seen).toEqual(expected);
    }
  });
});
