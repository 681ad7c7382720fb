import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { USAGE_BUCKETS } from '@costel/pricing';
import { DIALECT_ATTRIBUTES } from '@costel/semconv';
import { queryCosts, repair } from '../../src/index.js';
import {
  costAttributes,
  insertSpans,
  newId,
  openTestStore,
  seededRandom,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

/** Texts that have broken casts, lexers, JSON, UTF-8, dates and sums elsewhere. */
const HOSTILE: readonly string[] = [
  '',
  ' ',
  '\0',
  '\n\n',
  '\n\nDROP TABLE llm_calls',
  "'; DROP TABLE llm_calls --",
  '\\',
  "\\'",
  '\t\r\n',
  '{{database}}',
  '{tenant:String}',
  'NaN',
  'nan',
  'inf',
  '-inf',
  'Infinity',
  '-0',
  '+5',
  '-1',
  '1.5',
  '1e3',
  '1e400',
  '1e-400',
  '0x10',
  '0b1',
  '1_000',
  '1,5',
  '٣',
  '५',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
  '18446744073709551616',
  '-9223372036854775808',
  '-9223372036854775809',
  '99999999999999999999999999999999999999',
  '9'.repeat(77),
  `0.${'0'.repeat(90)}1`,
  `1${'0'.repeat(400)}`,
  '1000000000',
  '1000000001',
  'null',
  'NULL',
  'true',
  'undefined',
  '[]',
  '{}',
  '[1',
  '{"a":',
  '<script>',
  '%s%n',
  '../../etc/passwd',
  'ÿþ',
  '\u{1f4b8}',
  '\u{feff}x',
  'a\u0301',
  '\u202e',
  '1970-01-01',
  '2262-04-11 23:47:16',
  '0000-00-00',
  'A'.repeat(70_000),
  'é'.repeat(300),
  '0'.repeat(32),
  'g'.repeat(32),
];

const ATTRIBUTES: readonly string[] = [
  ...Object.values(DIALECT_ATTRIBUTES).flat(),
  ...USAGE_BUCKETS.map((bucket) => `costel.usage.${bucket}`),
  'costel.usage.quality',
  'costel.usage.unknown',
  'costel.cost.usd',
  'costel.cost.status',
  'costel.cost.reason',
  'costel.cost.kind',
  'costel.cost.line_items',
  'gen_ai.usage.cost.amount',
  'gen_ai.usage.cost.currency',
  'gen_ai.usage.cost.source',
  'gen_ai.operation.name',
  'openinference.span.kind',
  'costel.service_tier',
  'openai.response.service_tier',
  'costel.region',
  'costel.clock.offset_ms',
  'costel.feature',
  'costel.customer',
  'costel.team',
  'costel.project',
  'costel.tag.x',
  'user.id',
  'enduser.id',
  'gen_ai.conversation.id',
  'session.id',
  'error.type',
  'gen_ai.response.time_to_first_chunk',
  'deployment.environment.name',
];

/** A thousand texts: those above, and as many made of their pieces, of digits around every limit, and of random bytes. */
function thousandTexts(): readonly string[] {
  const random = seededRandom(1000);
  const whole = (end: number) => Math.floor(random() * end);
  const texts = new Set(HOSTILE);
  const limits = [0n, 1n, 10n ** 9n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 10n ** 18n, 10n ** 38n];
  for (const limit of limits) for (const step of [-1n, 0n, 1n]) texts.add(String(limit + step));
  while (texts.size < 1000) {
    const pick = () => HOSTILE[whole(HOSTILE.length - 5)]?.slice(0, 12) ?? '';
    const digits = Array.from({ length: 1 + whole(40) }, () => whole(10)).join('');
    const bytes = String.fromCodePoint(...Array.from({ length: 1 + whole(8) }, () => whole(0xd7ff)));
    const made = [
      `${pick()}${pick()}`,
      digits,
      `-${digits}`,
      `${digits.slice(0, 3)}.${digits}`,
      `${digits.slice(0, 2)}e${whole(500) - 250}`,
      bytes,
      `${digits.slice(0, 4)}${bytes}`,
    ];
    texts.add(made[whole(made.length)] ?? '');
  }
  return [...texts];
}

describe('hostile spans', () => {
  let store: TestStore;
  beforeAll(async () => {
    store = await openTestStore();
  });
  afterAll(async () => store.close());

  const range = { from: new Date('2026-11-10T00:00:00Z'), to: new Date('2026-11-11T00:00:00Z') };
  const neighbours = () =>
    Array.from({ length: 10 }, () =>
      spanRow({ attributes: costAttributes('0.1'), resource: { 'costel.tenant': 'neighbour' } }),
    );
  const count = async (table: string) => {
    const [row] = await store.db.query<{ rows: string }>(`SELECT count() AS rows FROM ${table}`);
    return Number(row?.rows);
  };

  async function expectStored(rows: readonly SpanRow[]) {
    const before = { raw: await count('otel_traces'), ledger: await count('llm_calls FINAL') };
    await insertSpans(store, rows);
    expect(await count('otel_traces')).toBe(before.raw + rows.length);
    return (await count('llm_calls FINAL')) - before.ledger;
  }

  it('of a thousand texts in any attribute become rows with a status, and their neighbours stay exact', async () => {
    const texts = thousandTexts();
    expect(texts).toHaveLength(1000);
    const hostile = ATTRIBUTES.flatMap((attribute) =>
      texts.map((text) =>
        spanRow({
          attributes: {
            'gen_ai.operation.name': 'chat',
            'gen_ai.provider.name': 'openai',
            'gen_ai.request.model': 'm',
            'gen_ai.usage.input_tokens': '5',
            [attribute]: text,
          },
        }),
      ),
    );
    let rows = await expectStored([...neighbours(), ...hostile.slice(0, 1000)]);
    for (let first = 1000; first < hostile.length; first += 10_000) {
      rows += await expectStored(hostile.slice(first, first + 10_000));
    }
    rows += await expectStored(neighbours());
    expect(rows).toBe(hostile.length + 20);
    const { total } = await queryCosts(store.db, { ...range, tenant: 'neighbour' });
    expect(total).toMatchObject({ calls: 20, costUsd: '2' });
    const negative = await store.db.query(
      'SELECT cost_usd, cost_status FROM llm_calls FINAL WHERE cost_usd < 0 OR cost_usd > 1000000000',
    );
    expect(negative).toEqual([]);
  }, 300_000);

  it('in columns, ids, resource and keys become rows, too', async () => {
    const hostile = thousandTexts().flatMap((text) => [
      { ...spanRow(), TraceId: text },
      { ...spanRow(), SpanId: text },
      { ...spanRow(), ParentSpanId: text },
      { ...spanRow(), SpanName: text },
      { ...spanRow(), ServiceName: text },
      { ...spanRow(), ScopeName: text },
      { ...spanRow(), StatusCode: text },
      spanRow({ resource: { 'costel.tenant': text } }),
      spanRow({ attributes: { [`costel.tag.${text}`]: 'v' } }),
      spanRow({ attributes: { [text]: 'v' } }),
      spanRow({ attributes: { [`costel.usage.${text}`]: '5' } }),
    ]);
    expect(await expectStored(hostile)).toBe(hostile.length);
  });

  it('of many at once, at any time and of any length become rows', async () => {
    const random = seededRandom(11);
    const pick = (items: readonly string[]): string => items[Math.floor(random() * items.length)] ?? '';
    const rows = Array.from({ length: 300 }, () => ({
      ...spanRow({
        attributes: {
          ...Object.fromEntries(Array.from({ length: 12 }, () => [pick(ATTRIBUTES), pick(HOSTILE)])),
          'costel.cost.status': 'priced',
        },
        resource: { [pick(ATTRIBUTES)]: pick(HOSTILE) },
        span: newId(16),
      }),
      Timestamp: pick([
        '1970-01-01 00:00:00.000',
        '2262-01-01 00:00:00.000',
        '1900-01-01 00:00:00.000',
        '2026-11-10 00:00:00.000',
        '2106-02-07 06:28:16.000',
      ]),
      Duration: pick(['0', '1', '18446744073709551615', '9223372036854775808']),
    }));
    expect(await expectStored(rows)).toBe(rows.length);
  });

  it('of bytes that are no UTF-8 become rows of text that is', async () => {
    await store.db
      .command(`INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ServiceName, SpanAttributes, ReceivedAt)
      SELECT '2026-11-10 10:00:00', unhex('ff00fe'), unhex('c328'), unhex('80'),
        map('gen_ai.operation.name', 'chat', 'gen_ai.request.model', unhex('ffff'), 'user.id', unhex('61ff62')), '2026-11-10 10:00:01'`);
    const rows = await store.db.query(
      "SELECT model, user, service FROM llm_calls FINAL WHERE trace_id = unhex('ff00fe')",
    );
    expect(rows).toEqual([{ model: '\u{fffd}', user: 'a\u{fffd}b', service: '\u{fffd}' }]);
  });

  it('of a hundred and fifty different days fit into one batch', async () => {
    const rows = Array.from({ length: 150 }, (_, day) =>
      spanRow({
        at: new Date(Date.UTC(2026, 5, 1) + day * 86_400_000).toISOString(),
        receivedAt: '2026-11-10T00:00:00.000Z',
      }),
    );
    expect(await expectStored(rows)).toBe(150);
  });

  it('can be asked for by every dimension, and repaired without a change', async () => {
    for (const dimension of ['model', 'user', 'feature', 'tag.x', 'tag.\n\nDROP TABLE llm_calls', "tag.'"]) {
      const { groups } = await queryCosts(store.db, { ...range, groupBy: [dimension] });
      expect(groups.length).toBeGreaterThan(0);
    }
    expect(await repair(store.db, range)).toMatchObject({ calls: 0 });
  });
});
