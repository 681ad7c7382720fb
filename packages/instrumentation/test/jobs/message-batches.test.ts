import { formatPicoUsd, priceCall } from '@costel/pricing';
import { hrTimeToMilliseconds } from '@opentelemetry/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { instrumentModule, withCostAttribution } from '../../src/index.js';
import { MESSAGE_MODEL, messageBody } from '../support/anthropic-replies.js';
import { json, ProviderServer, text } from '../support/provider-server.js';
import { ANTHROPIC_COPIES, loadAnthropic } from '../support/sdk-copies.js';
import { Telemetry } from '../support/telemetry.js';

const server = new ProviderServer();
const telemetry = new Telemetry();
const modules = new Map(ANTHROPIC_COPIES.map((copy) => [copy, instrumentModule(loadAnthropic(copy, true))]));

beforeAll(() => server.start());
beforeEach(() => telemetry.reset());
afterAll(async () => {
  telemetry.stop();
  await server.stop();
});

const USAGE = { input_tokens: 100, output_tokens: 50, service_tier: 'batch' };
const PRICE = priceCall({
  provider: 'anthropic',
  requestModel: MESSAGE_MODEL,
  serviceTier: 'batch',
  usage: { input: 100, output: 50 },
  quality: 'reported',
  atMs: Date.parse('2026-11-20T10:00:00Z'),
});
const COST = PRICE.costPicoUsd === undefined ? 'no price' : formatPicoUsd(PRICE.costPicoUsd);

const batchOf = (id: string) =>
  json({
    id,
    type: 'message_batch',
    processing_status: 'ended',
    created_at: '2026-11-20T10:00:00Z',
    ended_at: '2026-11-20T10:20:00Z',
    results_url: `${server.url}/v1/messages/batches/${id}/results`,
  });

const LINES = ['first', 'second', 'third']
  .map((name) => ({
    custom_id: name,
    result: name === 'second' ? { type: 'errored', error: {} } : { type: 'succeeded', message: messageOf(name) },
  }))
  .map((line) => JSON.stringify(line))
  .join('\n');

function messageOf(name: string): Record<string, unknown> {
  return messageBody({ id: `msg_${name}`, usage: USAGE });
}

type Line = Awaited<
  ReturnType<InstanceType<ReturnType<typeof loadAnthropic>['Anthropic']>['messages']['batches']['results']>
>;

describe.each(ANTHROPIC_COPIES)('the results of a batch, of %s', (copy) => {
  const clientOf = (module = modules.get(copy)) => {
    if (module === undefined) throw new Error(`${copy} is not installed`);
    return new module.Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
  };
  const replyTo = (id: string) => {
    server.replies(batchOf(id), text(LINES, 'application/x-jsonl'), batchOf(id), text(LINES, 'application/x-jsonl'));
  };
  const readAll = async (results: Promise<Line>): Promise<string[]> => {
    const ids: string[] = [];
    for await (const line of await results) ids.push(line.custom_id);
    return ids;
  };
  /** The SDK's own spans of its requests are no calls. */
  const calls = () => telemetry.spans.filter(({ attributes }) => attributes['costel.cost.status'] !== undefined);

  it.each([
    ['messages', (client: ReturnType<typeof clientOf>, id: string) => client.messages.batches.results(id)],
    ['beta.messages', (client: ReturnType<typeof clientOf>, id: string) => client.beta.messages.batches.results(id)],
  ])(
    'of %s are a call each, at the batch price and in its time, however often they are read',
    async (name, results) => {
      const id = `batch_${name}_${copy}`;
      replyTo(id);
      const client = clientOf();
      const read = await withCostAttribution({ feature: 'nightly' }, () =>
        readAll(results(client, id) as Promise<Line>),
      );
      await readAll(results(client, id) as Promise<Line>);
      expect(read).toEqual(['first', 'second', 'third']);
      expect(calls().map(({ attributes }) => attributes['gen_ai.response.id'])).toEqual(['msg_first', 'msg_third']);
      for (const span of calls()) {
        expect(hrTimeToMilliseconds(span.startTime)).toBe(Date.parse('2026-11-20T10:00:00Z'));
        expect(hrTimeToMilliseconds(span.endTime)).toBe(Date.parse('2026-11-20T10:20:00Z'));
        expect(span.attributes).toMatchObject({
          'costel.service_tier': 'batch',
          'costel.cost.usd': COST,
          'costel.feature': 'nightly',
        });
      }
    },
  );

  it('read in another process are the same calls to the ledger', async () => {
    const id = `batch_shared_${copy}`;
    replyTo(id);
    await readAll(clientOf().messages.batches.results(id));
    // Modules loaded anew know as little of the batch as another process does.
    vi.resetModules();
    const other = await import('../../src/index.js');
    const module = other.instrumentModule(loadAnthropic(copy, true));
    await readAll(clientOf(module).messages.batches.results(id));
    const identities = calls().map((span) => [span.spanContext().traceId, span.attributes['gen_ai.response.id']]);
    expect(identities).toHaveLength(4);
    expect(identities.slice(2)).toEqual(identities.slice(0, 2));
  });

  it('that nobody reads, or that are left, count no more than was read', async () => {
    const id = `batch_left_${copy}`;
    replyTo(id);
    for await (const _ of await clientOf().messages.batches.results(id)) break;
    await clientOf().messages.batches.results(id);
    expect(calls()).toHaveLength(1);
  });
});
