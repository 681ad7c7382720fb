import { DIALECT_COUNTS } from '@costel/semconv';
import { boolean, constantFrom, dictionary, sample, tuple } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { USAGE_BUCKETS } from '@costel/pricing';
import { IS_OUR_SPAN_SQL } from '../../src/ledger/attribute-stages.js';
import { ledgerSelect } from '../../src/ledger/ledger-select.js';
import { APP_COST_ATTRIBUTES, ATTRIBUTION_ATTRIBUTES, TEXT_ATTRIBUTES } from '../../src/ledger/attribute-table.js';
import { currentDatabase } from '../../src/migrate/migrate.js';
import { flatRates } from '../schedules/rates.js';
import { resolveRates } from '../../src/index.js';
import { insertSpans, openTestStore, spanRow, type TestStore } from '../support/test-store.js';

const names = [
  ...Object.values(TEXT_ATTRIBUTES).flat(),
  ...Object.values(ATTRIBUTION_ATTRIBUTES).flat(),
  ...Object.values(DIALECT_COUNTS).flat(),
  ...APP_COST_ATTRIBUTES,
  ...USAGE_BUCKETS.map((bucket) => `costel.usage.${bucket}`),
  'costel.usage.unknown',
  'costel.usage.quality',
  'costel.cost.status',
  'costel.cost.kind',
  'costel.cost.usd',
  'costel.service_tier',
  'costel.region',
  'costel.clock.offset_ms',
  'costel.tag.x',
  'error.type',
  'other',
  'openai.response.service_tier',
  'gen_ai.usage.cost.amount',
  'gen_ai.usage.cost.source',
  'llm.is_streaming',
  'openinference.span.kind',
  'ai.operationId',
  'langfuse.observation.type',
  'langfuse.observation.usage_details',
  'gen_ai.usage.raw',
  'ai.response.providerMetadata',
  'gen_ai.response.time_to_first_chunk',
];
const values = [
  '',
  '0',
  '1',
  '7',
  '1200',
  '-3',
  '1.5',
  '1e10',
  '9007199254740993',
  'openai',
  'chat',
  'm',
  'priced',
  'provider',
].concat([
  'missing',
  'reported',
  'flex',
  '{"input":5,"cache_creation":{"ephemeral_1h_input_tokens":2}}',
  'x'.repeat(300),
  '\u0130',
]);

const attributes = dictionary(constantFrom(...names), constantFrom(...values), { maxKeys: 24 });

describe('the statement for our own spans', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
    const spans = sample(tuple(attributes, attributes, boolean(), boolean()), {
      numRuns: 4000,
      seed: 20261123,
    });
    await insertSpans(
      store,
      spans.map(([own, resource, isNamed, isOurs], index) =>
        spanRow({
          attributes: {
            ...own,
            ...(isNamed ? { 'costel.cost.status': 'priced', 'gen_ai.provider.name': 'openai' } : {}),
          },
          resource,
          scope: isOurs ? '@costel/instrumentation' : 'framework',
          durationMs: index,
          ...(index % 50 === 1 ? { trace: '0'.repeat(32) } : {}),
          ...(index % 50 === 2 ? { span: '' } : {}),
          status: index % 7 === 0 ? 'Error' : 'Unset',
        }),
      ),
    );
    await resolveRates(store.db, flatRates);
  });
  afterAll(async () => store.close());

  /** Digests of rows; the order of rows is left out. */
  async function digests(sql: string): Promise<readonly string[]> {
    const rows = await store.db.query<{ digest: string }>(
      `SELECT toString(cityHash64(tuple(*))) AS digest FROM (${sql}) ORDER BY digest`,
    );
    return rows.map((row) => row.digest);
  }

  it('makes the rows that the one for all emitters makes of them', async () => {
    const database = await currentDatabase(store.db);
    const any = await digests(ledgerSelect({ database, where: `(${IS_OUR_SPAN_SQL})` }));
    expect(any.length).toBeGreaterThan(500);
    expect(await digests(ledgerSelect({ database, origin: 'ours' }))).toEqual(any);
  });

  it('leaves no span to both views, and none to neither', async () => {
    const database = await currentDatabase(store.db);
    const [ledger] = await store.db.query<{ rows: string; spans: string }>(
      'SELECT count() AS rows, uniqExact(trace_id, span_id) AS spans FROM llm_calls WHERE version < 281474976710656',
    );
    const every = await digests(ledgerSelect({ database }));
    expect(ledger).toEqual({ rows: String(every.length), spans: String(every.length) });
  });
});
