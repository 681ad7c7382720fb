import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { instrumentModule, wrapClient } from '../../../packages/instrumentation/src/index.js';
import { costOf } from '../../../packages/instrumentation/test/support/expectations.js';
import { json, ProviderServer } from '../../../packages/instrumentation/test/support/provider-server.js';
import { Telemetry } from '../../../packages/instrumentation/test/support/telemetry.js';
import { forgetPackages, loadSdk } from './load-sdk.js';

interface Client {
  readonly batches: { retrieve(id: string): Promise<object> };
  readonly embedJobs: { get(id: string): Promise<object> };
}

interface CohereModule {
  readonly CohereClient: new (options: object) => Client;
}

const server = new ProviderServer();
const telemetry = new Telemetry();

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const batchReply = (id: string, status: string, more: object = {}) =>
  json({
    batch: {
      id,
      name: 'nightly',
      model: 'command-a-03-2025',
      input_dataset_id: 'd-1',
      status,
      created_at: '2026-11-20T10:00:00Z',
      updated_at: '2026-11-20T10:30:00Z',
      ...more,
    },
  });

const TOKENS = { input_tokens: '1200', output_tokens: '300' };

const jobReply = (id: string, status: string, more: object = {}) =>
  json({
    job_id: id,
    status,
    created_at: '2026-11-20T10:00:00Z',
    input_dataset_id: 'd-1',
    output_dataset_id: 'd-2',
    model: 'embed-english-v3.0',
    truncate: 'END',
    ...more,
  });

const EMBEDDED = { meta: { api_version: { version: '1' }, billed_units: { input_tokens: 5000 } } };

describe.each(['cohere-7', 'cohere-8'])('%s', (copy) => {
  forgetPackages(['cohere-ai']);
  const plain = loadSdk(copy, 'cohere-ai') as CohereModule;
  forgetPackages(['cohere-ai']);
  const patched = instrumentModule(loadSdk(copy, 'cohere-ai') as CohereModule);
  const clientOf = ({ CohereClient }: CohereModule): Client =>
    new CohereClient({ token: 'key', environment: server.url, maxRetries: 0 });
  const calls = () => telemetry.spans.filter(({ attributes }) => attributes['costel.cost.status'] !== undefined);

  it('counts a batch when its end is first seen, by the tokens that it states, and as the plain client tells it', async () => {
    const id = `batch-${copy}`;
    const ended = batchReply(id, 'BATCH_STATUS_COMPLETED', TOKENS);
    server.replies(batchReply(id, 'BATCH_STATUS_IN_PROGRESS'), ended, ended, ended);
    const client = clientOf(patched);
    await client.batches.retrieve(id);
    expect(calls()).toEqual([]);
    const seen = await client.batches.retrieve(id);
    await client.batches.retrieve(id);
    expect(seen).toEqual(await clientOf(plain).batches.retrieve(id));
    expect(calls()).toHaveLength(1);
    const [span] = calls();
    expect(span?.name).toBe('chat command-a-03-2025');
    expect(span?.attributes).toMatchObject({
      'gen_ai.provider.name': 'cohere',
      'gen_ai.response.id': id,
      'gen_ai.usage.input_tokens': 1200,
      'gen_ai.usage.output_tokens': 300,
      'costel.service_tier': 'batch',
      // Cohere publishes no price of the tier: it is said, and not guessed.
      'costel.cost.status': 'unpriced',
    });
    expect(hrTimeToMilliseconds(span?.startTime ?? [0, 0])).toBe(Date.parse('2026-11-20T10:00:00Z'));
    expect(hrTimeToMilliseconds(span?.endTime ?? [0, 0])).toBe(Date.parse('2026-11-20T10:30:00Z'));
  });

  it('counts a job that embeds a dataset by what it was billed, of a wrapped client too', async () => {
    const id = `job-${copy}`;
    server.replies(jobReply(id, 'processing'), jobReply(id, 'complete', EMBEDDED));
    const client = wrapClient(clientOf(plain));
    await client.embedJobs.get(id);
    await client.embedJobs.get(id);
    await client.embedJobs.get(id);
    expect(calls().map(({ name }) => name)).toEqual(['embeddings embed-english-v3.0']);
    expect(calls()[0]?.attributes).toMatchObject({
      'gen_ai.response.id': id,
      'gen_ai.usage.input_tokens': 5000,
      'costel.usage.quality': 'reported',
      'costel.cost.usd': costOf('cohere', 'embed-english-v3.0', { input: 5000 }),
    });
  });

  it('says that it does not know what an ended job used that states nothing', async () => {
    const id = `silent-${copy}`;
    server.replies(jobReply(id, 'complete'));
    await clientOf(patched).embedJobs.get(id);
    expect(calls().map(({ attributes }) => attributes['costel.usage.quality'])).toEqual(['missing']);
  });
});
