import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPicoUsd, picoUsd, USAGE_BUCKETS, type RatePeriod, type Usage } from '@costel/pricing';
import {
  judgeTraces,
  migrate,
  openEmbeddedDatabase,
  queryCosts,
  resolveRates,
  type EmbeddedDatabase,
} from '@costel/store';
import { createReceiver, type ListenAddress, type Receiver } from '../../src/receiver.js';
import { send } from '../support/client.js';
import { attribute, integer, jsonBytes, SHOP, span, text, type Json } from '../support/otlp.js';
import { AGGREGATE_FIXTURES, DIALECT_FIXTURES, type DialectFixture } from './fixtures.js';

/** A price of its own for each bucket, so that tokens in a wrong one cost something else: primes, in pico-dollars. */
const PRICES = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n, 41n, 43n, 47n, 53n].map((prime) =>
  picoUsd(prime * 1_000_003n),
);

function prices(): readonly RatePeriod[] {
  const tier = { aboveInputTokens: 0, fromSecondOfDay: 0, toSecondOfDay: 86_400, prices: PRICES };
  const always = { validFromMs: 0, validToMs: 4_102_444_800_000 };
  return [{ ...always, tiers: [tier], source: 'override', catalogueModel: 'm', asOf: '2026-11-01' }];
}

function costOf(usage: Usage): string {
  return formatPicoUsd(
    picoUsd(USAGE_BUCKETS.reduce((sum, bucket, at) => sum + BigInt(usage[bucket] ?? 0) * (PRICES[at] ?? 0n), 0n)),
  );
}

const attributesOf = ({ attributes }: Pick<DialectFixture, 'attributes'>) =>
  Object.entries(attributes).map(([name, value]) =>
    typeof value === 'string'
      ? text(name, value)
      : Number.isInteger(value)
        ? integer(name, value)
        : attribute(name, { doubleValue: value }),
  );

const scopeOf = (name: string, spans: readonly Json[]): Json => ({ scope: { name, version: '1.0' }, spans });
const requestOf = (scopeSpans: readonly Json[]): Json => ({ resourceSpans: [{ resource: SHOP, scopeSpans }] });

interface Row {
  readonly emitter: string;
  readonly provider: string;
  readonly model: string;
  readonly operation: string;
  readonly own_usage: readonly string[];
  readonly usage_quality: string;
  readonly cost_usd: string | null;
  readonly app_cost_usd: string | null;
}

describe('a span of a foreign emitter becomes its exact buckets and cost:', () => {
  let directory: string;
  let database: EmbeddedDatabase;
  let receiver: Receiver;
  let address: ListenAddress;
  const rows = new Map<string, Row>();
  const spanIdOf = (index: number) => (index + 1).toString(16).padStart(16, '0');

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'costel-dialects-'));
    database = await openEmbeddedDatabase({ dataDirectory: directory });
    await migrate(database);
    receiver = createReceiver({ database });
    address = await receiver.listen(0);
    const scopeSpans = DIALECT_FIXTURES.map((fixture, index) => {
      const ids = { traceId: (index + 1).toString(16).padStart(32, 'a'), spanId: spanIdOf(index) };
      return scopeOf(fixture.scope, [span(index + 1, { ...ids, attributes: attributesOf(fixture) })]);
    });
    expect((await send(address, { body: jsonBytes(requestOf(scopeSpans)) })).status).toBe(200);
    await resolveRates(database, prices);
    const columns = 'span_id, emitter, provider, model, operation, own_usage, usage_quality, cost_usd, app_cost_usd';
    for (const row of await database.query<Row & { span_id: string }>(`SELECT ${columns} FROM llm_calls FINAL`)) {
      rows.set(row.span_id, row);
    }
  });

  afterAll(async () => {
    await receiver.close();
    await database.close();
    await rm(directory, { recursive: true, force: true });
  });

  it.each(DIALECT_FIXTURES.map((fixture, index) => ({ ...fixture, index })))('$name', ({ expected, scope, index }) => {
    const row = rows.get(spanIdOf(index));
    const usage = Object.fromEntries(
      USAGE_BUCKETS.map((bucket, at) => [bucket, Number(row?.own_usage[at] ?? 0)]).filter(([, count]) => count !== 0),
    );
    expect({ ...row, own_usage: usage }).toMatchObject({
      emitter: scope,
      provider: expected.provider,
      model: expected.model,
      operation: expected.operation,
      own_usage: expected.usage,
      usage_quality: 'reported',
      cost_usd: costOf(expected.usage),
      app_cost_usd: expected.appCostUsd ?? null,
    });
    expect(usage).toEqual(expected.usage);
  });

  it.each(AGGREGATE_FIXTURES)('$name counts once with the call below it', async (outer) => {
    const call = DIALECT_FIXTURES.at(-1);
    if (call === undefined) throw new Error('there is no fixture of a call');
    const at = 500 + AGGREGATE_FIXTURES.findIndex(({ name }) => name === outer.name) * 10;
    const traceId = at.toString(16).padStart(32, 'b');
    const feature = text('costel.feature', outer.name);
    const spans = [
      { fixture: outer, id: spanIdOf(at), parent: '' },
      { fixture: call, id: spanIdOf(at + 1), parent: spanIdOf(at) },
    ];
    const scopeSpans = spans.map(({ fixture, id, parent }) => {
      const ids = { traceId, spanId: id, ...(parent === '' ? {} : { parentSpanId: parent }) };
      return scopeOf(fixture.scope, [span(at, { ...ids, attributes: [...attributesOf(fixture), feature] })]);
    });
    expect((await send(address, { body: jsonBytes(requestOf(scopeSpans)) })).status).toBe(200);
    await resolveRates(database, prices);
    await judgeTraces(database, { nowMs: Date.now(), lookBackMs: 4_000_000_000_000 });
    const { total } = await queryCosts(database, {
      from: new Date(0),
      to: new Date('2099-01-01T00:00:00Z'),
      filters: { feature: [outer.name] },
    });
    expect(total).toMatchObject({ calls: 1, inputTokens: 900, outputTokens: 30, costUsd: costOf(call.expected.usage) });
  });
});
