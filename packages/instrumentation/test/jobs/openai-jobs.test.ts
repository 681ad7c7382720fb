import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { finishOpenCalls, instrumentModule, withCostAttribution } from '../../src/index.js';
import { traceOfJob } from '../../src/jobs/trace-of-job.js';
import { BATCH_USAGE, batchBody, batchJson } from '../support/openai-media-replies.js';
import { CHAT_MODEL, responseSse } from '../support/openai-replies.js';
import { json, ProviderServer, type Reply } from '../support/provider-server.js';
import { loadOpenAi, OPENAI_COPIES } from '../support/sdk-copies.js';
import { costOf } from '../support/expectations.js';
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

const CREATED_AT = 1_763_800_000;
const USAGE = {
  input_tokens: 900,
  output_tokens: 120,
  total_tokens: 1020,
  input_tokens_details: { cached_tokens: 512 },
  output_tokens_details: { reasoning_tokens: 64 },
};

function background(id: string, status: string, more: Record<string, unknown> = {}): Reply {
  return json({
    id,
    object: 'response',
    created_at: CREATED_AT,
    model: 'gpt-4o-2024-08-06',
    background: true,
    status,
    output: [],
    usage: status === 'completed' ? USAGE : null,
    ...more,
  });
}

describe.each(OPENAI_COPIES)('a job of %s', (copy) => {
  const clientOf = (module = modules.get(copy)) => {
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return new module.OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
  };
  const client = () => clientOf();
  const idOf = (name: string) => `${name}_${copy}`;
  const COST = costOf('openai', CHAT_MODEL, { input: 388, cache_read: 512, output: 56, reasoning: 64 });

  it('that is a batch is counted when its end is first seen, at the batch price and in its own time', async () => {
    const id = idOf('batch');
    const done = { id, usage: BATCH_USAGE, completed_at: CREATED_AT + 600 };
    server.replies(batchJson('validating', { id }), batchJson('in_progress', { id }), batchJson('completed', done));
    await client().batches.create({
      input_file_id: 'file-in',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    await client().batches.retrieve(id);
    expect(telemetry.spans).toEqual([]);
    await withCostAttribution({ feature: 'nightly' }, () => client().batches.retrieve(id));
    await client().batches.retrieve(id).withResponse();
    const span = telemetry.onlySpan;
    expect(span.name).toBe('chat gpt-5-nano-2025-08-07');
    expect(hrTimeToMilliseconds(span.startTime)).toBe(CREATED_AT * 1000);
    expect(hrTimeToMilliseconds(span.endTime)).toBe((CREATED_AT + 600) * 1000);
    expect(span.attributes).toMatchObject({
      'gen_ai.response.id': id,
      'gen_ai.usage.input_tokens': 360,
      'gen_ai.usage.output_tokens': 224,
      'costel.service_tier': 'batch',
      'costel.usage.quality': 'reported',
      // Half of $0.05, $0.005 and $0.40 a million: 260 × 0.025 + 100 × 0.0025 + 224 × 0.2.
      'costel.cost.usd': '0.00005155',
      'costel.feature': 'nightly',
    });
  });

  it('that several processes see the end of is the same call to the ledger', async () => {
    const id = idOf('batch_shared');
    server.replies(batchJson('completed', { id, usage: BATCH_USAGE, completed_at: CREATED_AT + 600 }));
    await client().batches.retrieve(id);
    // Modules loaded anew know as little of the job as another process does.
    vi.resetModules();
    const other = await import('../../src/index.js');
    await clientOf(other.instrumentModule(loadOpenAi(copy, true))).batches.retrieve(id);
    const [first, second] = telemetry.spans;
    expect(telemetry.spans).toHaveLength(2);
    expect(second?.spanContext().traceId).toBe(first?.spanContext().traceId);
    expect(second?.attributes['gen_ai.response.id']).toBe(first?.attributes['gen_ai.response.id']);
    expect(second?.startTime).toEqual(first?.startTime);
  });

  it('that is a batch without usage, or ends without having been billed, is not counted', async () => {
    server.replies(
      batchJson('completed', { id: idOf('batch_mute') }),
      json({ id: idOf('video_failed'), object: 'video', status: 'failed', created_at: CREATED_AT, seconds: '4' }),
    );
    await client().batches.retrieve(idOf('batch_mute'));
    await client().videos.retrieve(idOf('video_failed'));
    expect(telemetry.spans).toEqual([]);
  });

  it('that embeds or speaks no chat is named for what it did', async () => {
    const id = idOf('batch_embeddings');
    const embedded = { id, endpoint: '/v1/embeddings', model: 'text-embedding-3-small', usage: BATCH_USAGE };
    server.replies(json(batchBody('completed', embedded)));
    await client().batches.retrieve(id);
    expect(telemetry.onlySpan.name).toBe('embeddings text-embedding-3-small');
  });

  it('that is a response in the background is one call, open until its end is seen', async () => {
    const id = idOf('resp');
    server.replies(background(id, 'queued'), background(id, 'in_progress'), background(id, 'completed'));
    const request = { model: CHAT_MODEL, input: 'two and two?', background: true };
    await withCostAttribution({ feature: 'research' }, () => client().responses.create(request));
    await client().responses.retrieve(id);
    expect(telemetry.spans).toEqual([]);
    await client().responses.retrieve(id);
    await client().responses.retrieve(id);
    expect(telemetry.onlySpan.name).toBe('chat gpt-4o');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.response.id': id,
      'costel.feature': 'research',
      'costel.usage.quality': 'reported',
      'costel.cost.usd': COST,
    });
  });

  it('that is a response of another process is counted by who first sees its end', async () => {
    const id = idOf('resp_elsewhere');
    server.replies(background(id, 'completed', { completed_at: CREATED_AT + 60 }));
    await client().responses.retrieve(id);
    await client().responses.retrieve(id);
    expect(hrTimeToMilliseconds(telemetry.onlySpan.duration)).toBe(60_000);
    expect(telemetry.onlySpan.attributes).toMatchObject({ 'gen_ai.response.id': id, 'costel.cost.usd': COST });
  });

  it('that is no job, for the response was whole when it was asked for, is not counted again', async () => {
    server.replies(background(idOf('resp_plain'), 'completed', { background: false }));
    await client().responses.retrieve(idOf('resp_plain'));
    expect(telemetry.spans).toEqual([]);
  });

  it('whose answer is streamed later is the call that asked for it', async () => {
    server.replies(background('resp_fixed', 'queued'), responseSse(), background('resp_fixed', 'completed'));
    await client().responses.create({ model: CHAT_MODEL, input: 'two and two?', background: true });
    const stream = await client().responses.retrieve('resp_fixed', { stream: true });
    for await (const _ of stream);
    await client().responses.retrieve('resp_fixed');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'gen_ai.response.id': 'resp_fixed',
      'costel.usage.quality': 'reported',
      'costel.cost.usd': COST,
    });
  });

  it('that was streamed from the start is not counted again when it is looked at', async () => {
    server.replies(responseSse(), background('resp_fixed', 'completed'));
    const request = { model: CHAT_MODEL, input: 'two and two?', background: true, stream: true } as const;
    for await (const _ of await client().responses.create(request));
    await client().responses.retrieve('resp_fixed');
    expect(telemetry.spans).toHaveLength(1);
  });

  it('whose end nobody saw is not free and not estimated: another process may count it', async () => {
    server.replies(background(idOf('resp_lost'), 'queued'));
    await client().responses.create({ model: CHAT_MODEL, input: 'two and two?', background: true });
    expect(telemetry.spans).toEqual([]);
    finishOpenCalls();
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.stream.end': 'abandoned',
      'costel.usage.quality': 'missing',
      'costel.cost.status': 'no_usage',
    });
  });

  it('that is a video is counted by its seconds, once', async () => {
    const video = { id: idOf('video'), object: 'video', model: 'sora-2', created_at: CREATED_AT, seconds: '4' };
    server.replies(
      json({ ...video, status: 'queued' }),
      json({ ...video, status: 'in_progress' }),
      json({ ...video, status: 'completed', completed_at: CREATED_AT + 90 }),
    );
    await client().videos.create({ model: 'sora-2', prompt: 'a house', seconds: '4' });
    for (let look = 0; look < 3; look += 1) await client().videos.retrieve(video.id);
    expect(telemetry.onlySpan.name).toBe('video_generation sora-2');
    expect(telemetry.onlySpan.attributes).toMatchObject({
      'costel.usage.video_second': 4,
      // $0.10 a second.
      'costel.cost.usd': '0.4',
    });
  });
});

describe('the trace of a job', () => {
  const traceIdOf = (provider: string, id: string) =>
    trace.getSpanContext(traceOfJob(ROOT_CONTEXT, provider, id))?.traceId;

  it('follows from provider and id alone', () => {
    expect(traceIdOf('openai', 'batch_1')).toMatch(/^[0-9a-f]{32}$/);
    expect(traceIdOf('openai', 'batch_1')).toBe(traceIdOf('openai', 'batch_1'));
  });

  it('is another for each of many ids that hardly differ', () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `batch_${index}`);
    expect(new Set(ids.map((id) => traceIdOf('openai', id))).size).toBe(ids.length);
    expect(traceIdOf('azure.ai.openai', 'batch_1')).not.toBe(traceIdOf('openai', 'batch_1'));
  });
});
