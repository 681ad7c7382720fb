import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { finishOpenCalls, instrumentModule, withCostAttribution } from '../../src/index.js';
import { costOf } from '../support/expectations.js';
import { json, ProviderServer, sse, type Reply } from '../support/provider-server.js';
import { loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const modules = new Map(OPENAI_COPIES.map((copy) => [copy, instrumentModule(loadOpenAi(copy, true))]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const MODEL = 'gpt-4o-2024-08-06';
const USAGE = { prompt_tokens: 300, completion_tokens: 40, total_tokens: 340 };

function runOf(id: string, status: string): Record<string, unknown> {
  const ended = status === 'completed';
  return {
    id,
    object: 'thread.run',
    created_at: 1_763_800_000,
    thread_id: 'thread_1',
    assistant_id: 'asst_1',
    model: MODEL,
    status,
    completed_at: ended ? 1_763_800_030 : null,
    usage: ended ? USAGE : null,
  };
}

const streamed = (...runs: readonly Record<string, unknown>[]): Reply =>
  sse(
    runs.map((run) => ({ event: `thread.run.${String(run['status'])}`, data: run })),
    { done: true },
  );

describe.each(OPENAI_COPIES)('a run of an assistant, of %s', (copy) => {
  const runs = () => {
    const module = modules.get(copy);
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 }).beta.threads;
  };
  const idOf = (name: string) => `run_${name}_${copy}`;
  const WHOLE = {
    'gen_ai.usage.input_tokens': 300,
    'gen_ai.usage.output_tokens': 40,
    'costel.usage.quality': 'reported',
    'costel.cost.usd': costOf('openai', MODEL, { input: 300, output: 40 }),
  };

  it('is one call from its request until its end is seen, over a turn with a tool', async () => {
    const id = idOf('polled');
    server.replies(
      json(runOf(id, 'queued')),
      json(runOf(id, 'requires_action')),
      json(runOf(id, 'queued')),
      json(runOf(id, 'completed')),
    );
    await withCostAttribution({ feature: 'desk' }, () => runs().runs.create('thread_1', { assistant_id: 'asst_1' }));
    await runs().runs.retrieve(id, { thread_id: 'thread_1' });
    await runs().runs.submitToolOutputs(id, { thread_id: 'thread_1', tool_outputs: [] });
    expect(telemetry.spans).toEqual([]);
    for (let look = 0; look < 3; look += 1) await runs().runs.retrieve(id, { thread_id: 'thread_1' });
    expect(telemetry.onlySpan.attributes).toMatchObject({
      ...WHOLE,
      'gen_ai.response.id': id,
      'gen_ai.response.model': MODEL,
      'costel.feature': 'desk',
    });
  });

  it('with its thread, polled by the SDK, is counted once', async () => {
    const id = idOf('together');
    server.replies(json(runOf(id, 'queued')), json(runOf(id, 'completed')));
    await runs().createAndRunPoll({ assistant_id: 'asst_1' }, { pollIntervalMs: 1 });
    expect(telemetry.onlySpan.attributes).toMatchObject(WHOLE);
  });

  it('that is streamed is counted at its end, and not again when it is looked at', async () => {
    const id = idOf('streamed');
    server.replies(streamed(runOf(id, 'queued'), runOf(id, 'completed')), json(runOf(id, 'completed')));
    const stream = runs().runs.stream('thread_1', { assistant_id: 'asst_1' });
    await stream.finalRun();
    await runs().runs.retrieve(id, { thread_id: 'thread_1' });
    expect(telemetry.onlySpan.attributes).toMatchObject(WHOLE);
  });

  it('whose stream stopped for a tool has its usage on the stream that goes on with it', async () => {
    const id = idOf('tool');
    server.replies(streamed(runOf(id, 'queued'), runOf(id, 'requires_action')), streamed(runOf(id, 'completed')));
    for await (const _ of await runs().runs.create('thread_1', { assistant_id: 'asst_1', stream: true }));
    const going = runs().runs.submitToolOutputs(id, { thread_id: 'thread_1', tool_outputs: [], stream: true });
    for await (const _ of await going);
    const [first, second] = telemetry.spans;
    expect(telemetry.spans).toHaveLength(2);
    expect(first?.attributes).toMatchObject({ 'costel.usage.quality': 'missing', 'costel.cost.status': 'no_usage' });
    expect(second?.attributes).toMatchObject(WHOLE);
  });

  it('whose end nobody saw is not free', async () => {
    server.replies(json(runOf(idOf('lost'), 'queued')));
    await runs().runs.create('thread_1', { assistant_id: 'asst_1' });
    finishOpenCalls();
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'costel.cost.status': 'no_usage' });
  });
});
