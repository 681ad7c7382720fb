import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatPicoUsd, picoUsd } from '@costel/pricing';
import { buildRollups, judgeTraces, queryCosts, resolveRates, writeRates, type RateResolver } from '../../src/index.js';
import {
  costAttributes,
  insertSpans,
  newId,
  openTestStore,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

const RANGE = { from: new Date('2026-11-01T00:00:00Z'), to: new Date('2026-12-01T00:00:00Z') };
const NOW_MS = Date.parse('2026-11-20T00:00:00.000Z');

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(async () => store.close());

let tenants = 0;
const newTenant = () => `tenant-${(tenants += 1)}`;

describe('totals', () => {
  it('are the same however spans are batched, ordered, resent and interleaved with builds and judging', async () => {
    const span = fc.record({
      minute: fc.nat(40_000),
      pico: fc.bigInt({ min: 0n, max: 10n ** 15n }),
      user: fc.nat(3),
    });
    /** Which spans a batch holds, by index; every span is sent at least once. */
    const schedule = fc.array(fc.array(fc.nat(11), { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(span, { minLength: 1, maxLength: 12 }),
        schedule,
        fc.nat(5),
        async (inputs, batches, work) => {
          const tenant = newTenant();
          const rows = inputs.map(({ minute, pico, user }) =>
            spanRow({
              at: new Date(RANGE.from.getTime() + minute * 60_000).toISOString(),
              attributes: costAttributes(formatPicoUsd(picoUsd(pico)), { 'user.id': `u${user}` }),
              resource: { 'costel.tenant': tenant },
            }),
          );
          const sent = [
            ...batches.map((batch) => batch.map((index) => rows[index % rows.length] ?? rows[0])),
            rows.toReversed(),
          ];
          for (const [index, batch] of sent.entries()) {
            await insertSpans(
              store,
              batch.filter((row) => row !== undefined),
            );
            if (index === work) await buildRollups(store.db, { nowMs: NOW_MS });
            if (index === work + 1) await judgeTraces(store.db, { nowMs: NOW_MS });
          }
          const expected = formatPicoUsd(picoUsd(inputs.reduce((sum, { pico }) => sum + pico, 0n)));
          for (const groupBy of [['model'], ['user'], ['user', 'model']]) {
            const { total } = await queryCosts(store.db, { ...RANGE, tenant, groupBy });
            expect(total).toMatchObject({ costUsd: expected, calls: rows.length, inputTokens: 100 * rows.length });
          }
        },
      ),
      { numRuns: 12 },
    );
  }, 240_000);

  it('stay the same when one batch is sent five times', async () => {
    const tenant = newTenant();
    const rows = Array.from({ length: 200 }, (_, index) =>
      spanRow({
        at: new Date(RANGE.from.getTime() + index * 600_000).toISOString(),
        attributes: costAttributes('0.000000000003'),
        resource: { 'costel.tenant': tenant },
      }),
    );
    for (let send = 0; send < 5; send += 1) await insertSpans(store, rows);
    expect((await queryCosts(store.db, { ...RANGE, tenant })).total).toMatchObject({
      calls: 200,
      costUsd: '0.0000000006',
    });
  });
});

describe('versions', () => {
  const versions = async (span: string) =>
    store.db.query<Readonly<Record<string, unknown>>>(
      'SELECT received_at, cost_usd, cost_status, bitShiftRight(version, 48) AS revision FROM llm_calls FINAL WHERE span_id = {span:String}',
      { span },
    );

  it('keep the first receipt, whichever copy is stored first', async () => {
    const span = newId(16);
    const trace = newId(32);
    const at = (receivedAt: string) => spanRow({ span, trace, receivedAt, attributes: costAttributes('1') });
    await insertSpans(store, [at('2026-11-10T10:00:05.000Z')]);
    await insertSpans(store, [at('2026-11-10T10:00:02.000Z')]);
    await insertSpans(store, [at('2026-11-10T10:00:09.000Z')]);
    expect(await versions(span)).toMatchObject([{ received_at: '2026-11-10 10:00:02.000', revision: '0' }]);
  });

  it('of a correction beat every resend', async () => {
    const span = newId(16);
    const row = spanRow({
      span,
      attributes: {
        'gen_ai.provider.name': 'own',
        'gen_ai.request.model': 'late-price',
        'gen_ai.usage.input_tokens': '5',
      },
    });
    const price: RateResolver = () => [
      {
        validFromMs: 0,
        validToMs: Number.POSITIVE_INFINITY,
        tiers: [
          {
            aboveInputTokens: 0,
            fromSecondOfDay: 0,
            toSecondOfDay: 86_400,
            prices: Array.from({ length: 16 }, () => picoUsd(2n)),
          },
        ],
        source: 'override',
        catalogueModel: 'm',
        asOf: '2026-11-01',
      },
    ];
    await insertSpans(store, [row]);
    expect(await versions(span)).toMatchObject([{ cost_status: 'pending', cost_usd: null }]);
    await resolveRates(store.db, price);
    const healed = { cost_status: 'priced', cost_usd: '0.00000000001', revision: '1' };
    expect(await versions(span)).toMatchObject([healed]);
    await insertSpans(store, [row, { ...row, ReceivedAt: '2026-11-10 09:00:00.000' }]);
    await store.db.command('OPTIMIZE TABLE llm_calls FINAL');
    expect(await versions(span)).toMatchObject([healed]);
  });

  it('heal a row whose insert was under way while its key was stored', async () => {
    const key = { provider: 'own', model: 'raced', serviceTier: '', region: '' };
    const span = newId(16);
    await insertSpans(store, [
      spanRow({
        span,
        attributes: {
          'gen_ai.provider.name': 'own',
          'gen_ai.request.model': 'raced',
          'gen_ai.usage.input_tokens': '5',
        },
      }),
    ]);
    await writeRates(store.db, [{ key, rates: { reason: 'unknown_model' } }]);
    expect(await resolveRates(store.db, () => ({ reason: 'unknown_model' }))).toEqual({
      resolvedKeys: 0,
      healed: true,
    });
    expect(await versions(span)).toMatchObject([{ cost_status: 'unpriced' }]);
    expect(await resolveRates(store.db, () => ({ reason: 'unknown_model' }))).toEqual({
      resolvedKeys: 0,
      healed: false,
    });
  });
});

describe('spans without ids', () => {
  it('are calls of their own by what they hold, and flagged', async () => {
    const tenant = newTenant();
    const nameless = (minute: number): SpanRow => ({
      ...spanRow({
        at: `2026-11-10T10:${minute}:00.000Z`,
        attributes: costAttributes('1'),
        resource: { 'costel.tenant': tenant },
      }),
      TraceId: minute % 2 === 0 ? '' : '0'.repeat(32),
      SpanId: minute % 2 === 0 ? '' : '0'.repeat(16),
    });
    const rows = Array.from({ length: 20 }, (_, index) => nameless(10 + index));
    await insertSpans(store, rows);
    await insertSpans(store, rows.toReversed());
    expect((await queryCosts(store.db, { ...RANGE, tenant })).total).toMatchObject({ calls: 20, costUsd: '20' });
    const flags = await store.db.query(
      'SELECT DISTINCT id_status FROM llm_calls FINAL WHERE tenant = {tenant:String}',
      { tenant },
    );
    expect(flags).toEqual([{ id_status: 'content_hash' }]);
  });
});
