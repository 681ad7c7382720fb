import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  computeCost,
  createPriceBook,
  formatPicoUsd,
  picoUsd,
  priceCall,
  priceInteraction,
  ratePeriods,
  readUsage,
  USAGE_BUCKETS,
  type CallToPrice,
  type PriceBook,
  type RatePeriod,
  type RateTier,
  type Usage,
  type UsageQuality,
} from '@costel/pricing';
import { lazyCatalogue } from '../../../pricing/src/catalogue/catalogue.js';
import { refreshRates, resolveRates, type RateResolver } from '../../src/index.js';
import { USAGE_ARRAY_SQL } from '../../src/ledger/buckets.js';
import { LEDGER_COLUMNS } from '../../src/ledger/ledger-columns.js';
import { PRICE_RESULTS, priceStages, type RateLookUp } from '../../src/ledger/price-stages.js';
import { nestStages } from '../../src/ledger/stages.js';
import {
  insertSpans,
  newId,
  openTestStore,
  seededRandom,
  spanRow,
  type SpanRow,
  type TestStore,
} from '../support/test-store.js';

let store: TestStore;
beforeAll(async () => {
  store = await openTestStore();
});
afterAll(async () => store.close());

const random = seededRandom(2026);
/** Few days, for each is a partition: one in 88 of the years in which prices changed. */
const DAYS = 12;
const below = (limit: number) => Math.floor(random() * limit);
const pick = <Item>(items: readonly [Item, ...Item[]]): Item => items[below(items.length)] ?? items[0];

interface Answer {
  readonly cost: string | null;
  readonly status: string;
  readonly reason: string;
  readonly source: string;
}

/** What one bucket of a call costs, as both sides say it: quantity, pico-dollars a unit, pico-dollars. */
type Line = readonly [bucket: string, quantity: string, unitPrice: string, cost: string];

interface Priced extends Answer {
  readonly lines: readonly Line[];
}

/** The multiplication that the view and every re-pricing do, with its parts: what the ledger keeps is their sum. */
const linesSql = (database: string, lookUp: RateLookUp): string =>
  nestStages(
    '(SELECT * FROM llm_calls FINAL WHERE span_id IN {spans:Array(String)})',
    LEDGER_COLUMNS,
    [
      {
        columns: {
          priced_usage: USAGE_ARRAY_SQL,
          given_cost_usd: 'reported_cost_usd',
          given_source: "'provider'",
          failed: '0',
        },
      },
      ...priceStages(database, 'llm_rates_dict', lookUp),
    ],
    {
      ...Object.fromEntries(Object.entries(PRICE_RESULTS).map(([name, sql]) => [`again_${name}`, sql])),
      span_id: 'span_id',
      cost: 'cost_usd',
      status: 'cost_status',
      reason: 'cost_reason',
      source: 'price_source',
      quantities: 'priced_usage',
      unit_prices: 'unit_prices',
    },
  );

interface LinesRow extends Answer {
  readonly span_id: string;
  readonly quantities: readonly string[];
  readonly unit_prices: readonly string[];
}

async function answersOf(spans: readonly SpanRow[], resolver: RateResolver): Promise<Map<string, Priced>> {
  // Keys of an earlier case have that one's prices.
  await refreshRates(store.db, resolver);
  await insertSpans(store, spans);
  await resolveRates(store.db, resolver);
  const [own] = await store.db.query<{ database: string }>('SELECT currentDatabase() AS database');
  const read = async (lookUp: RateLookUp) =>
    store.db.query<LinesRow>(
      `${linesSql(own?.database ?? '', lookUp)} ORDER BY span_id SETTINGS optimize_and_compare_chain = 0, query_plan_merge_expressions = 0`,
      { spans: spans.map((span) => span.SpanId) },
    );
  const rows = await read('call');
  // As history is priced again: prices looked up once each.
  expect(await read('price')).toEqual(rows);
  return new Map(
    rows.map(({ span_id: span, quantities, unit_prices: prices, cost, status, reason, source }) => {
      const lines = USAGE_BUCKETS.flatMap((bucket, at): Line[] => {
        const quantity = quantities[at] ?? '0';
        const price = prices[at] ?? '-1';
        return quantity === '0' ? [] : [[bucket, quantity, price, (BigInt(quantity) * BigInt(price)).toString()]];
      });
      return [span, { cost, status, reason, source, lines }];
    }),
  );
}

/** The same of the TypeScript engine. */
function pricedByTypeScript(call: CallToPrice, book: PriceBook): Priced {
  const { status, reason, priceSource, costPicoUsd, lineItems } = priceCall(call, book);
  return {
    cost: costPicoUsd === undefined ? null : formatPicoUsd(costPicoUsd),
    status,
    reason: reason ?? '',
    source: priceSource ?? '',
    lines: lineItems.map(({ bucket, quantity, unitPricePicoUsd, costPicoUsd: cost }) => [
      bucket,
      String(quantity),
      unitPricePicoUsd.toString(),
      cost.toString(),
    ]),
  };
}

const textOf = (priced: Priced | undefined, hasLines: boolean): string =>
  JSON.stringify([priced?.cost, priced?.status, priced?.reason, priced?.source, hasLines ? priced?.lines : []]);

/** Compares all calls; line items where the list prices them. Gives the statuses that occurred. */
async function compare(calls: readonly CallToPrice[], book: PriceBook): Promise<readonly string[]> {
  const spans = calls.map(spanOf);
  const answers = await answersOf(spans, (key) => book.ratePeriods(key));
  const statuses = new Set<string>();
  const differences = calls.flatMap((call, index) => {
    const expected = pricedByTypeScript(call, book);
    statuses.add(expected.status);
    const answer = answers.get(spans[index]?.SpanId ?? '');
    // What a provider stated is no sum of lines: nobody multiplies it, and its key may never have been looked up.
    const hasLines = expected.status === 'priced' && expected.source !== 'provider';
    return textOf(answer, hasLines) === textOf(expected, hasLines) ? [] : [{ call, answer, expected }];
  });
  expect(differences.slice(0, 3)).toEqual([]);
  return [...statuses].toSorted();
}

function spanOf(call: CallToPrice): SpanRow {
  const usage = Object.entries(call.usage).map(([bucket, count]) => [`costel.usage.${bucket}`, String(count)]);
  return spanRow({
    span: newId(16),
    at: new Date(call.atMs).toISOString(),
    attributes: {
      'gen_ai.provider.name': call.provider,
      'gen_ai.request.model': call.requestModel ?? '',
      'gen_ai.response.model': call.responseModel ?? '',
      'costel.service_tier': call.serviceTier ?? '',
      'costel.region': call.region ?? '',
      'costel.feature': call.feature ?? '',
      'costel.usage.quality': call.quality,
      // A span that says zero usage says so in the conventions' names.
      'gen_ai.usage.input_tokens': '0',
      ...Object.fromEntries(usage),
      ...(call.reportedCostPicoUsd === undefined
        ? {}
        : { 'gen_ai.usage.cost.source': 'provider', 'costel.cost.usd': formatPicoUsd(call.reportedCostPicoUsd) }),
    },
  });
}

function randomUsage(): Usage {
  const counts = [
    0, 1, 999, 127_999, 128_000, 128_001, 199_999, 200_000, 200_001, 271_999, 272_000, 272_001, 1_000_000_000,
  ] as const;
  const usage: Partial<Record<(typeof USAGE_BUCKETS)[number], number>> = {};
  for (const bucket of ['input', 'output', pick(USAGE_BUCKETS), pick(USAGE_BUCKETS)] as const) {
    if (random() < 0.7) usage[bucket] = random() < 0.5 ? pick(counts) : below(300_000);
  }
  return Object.fromEntries(Object.entries(usage).filter(([, count]) => count > 0));
}

describe('ClickHouse and TypeScript price the same', () => {
  it('for ten thousand random calls over the catalogue and the user’s own prices', async () => {
    const book = createPriceBook({
      rules: {
        overrides: [
          {
            name: 'contract',
            provider: 'openai',
            model: 'gpt-4o',
            fromMs: Date.UTC(2025, 5, 1),
            prices: { input: picoUsd(1_999_999n) },
            above: [{ aboveInputTokens: 128_000, prices: { input: picoUsd(2_500_001n) } }],
          },
        ],
        discounts: [
          { name: 'batches', provider: 'openai', model: 'gpt-5*', serviceTier: 'batch', millionthsOff: 123_457 },
          { name: 'search', provider: 'anthropic', feature: 'search', millionthsOff: 333_333 },
          { name: 'gemini', model: 'gemini-2.5-pro', millionthsOff: -70_000 },
        ],
      },
    });
    const models: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
      ['openai', 'gpt-4o'],
      ['openai', 'gpt-4o-mini'],
      ['openai', 'gpt-5'],
      ['openai', 'gpt-5.5'],
      ['openai', 'o3'],
      ['openai', 'text-embedding-3-small'],
      ['openai', 'no-such-model'],
      ['anthropic', 'claude-sonnet-4-5-20250929'],
      ['anthropic', 'claude-sonnet-4-6'],
      ['anthropic', 'claude-opus-4-8'],
      ['anthropic', 'claude-3-haiku-20240307'],
      ['gcp.gemini', 'gemini-2.5-pro'],
      ['gcp.gemini', 'gemini-2.5-flash'],
      ['gcp.vertex_ai', 'gemini-3.6-flash'],
      ['deepseek', 'deepseek-chat'],
      ['azure.ai.openai', 'gpt-4o-mini'],
      ['x_ai', 'grok-4.3'],
      ['nobody', 'gpt-4o'],
      ['', 'gpt-4o'],
      ['openai', ''],
    ];
    const qualities: readonly [UsageQuality, ...UsageQuality[]] = [
      'reported',
      'reported',
      'reported',
      'estimated',
      'inconsistent',
      'missing',
    ];
    const calls = Array.from({ length: 10_000 }, (): CallToPrice => {
      const [provider, model] = pick(models);
      const named = pick(['request', 'response', 'both', 'deployment'] as const);
      return {
        provider,
        requestModel: named === 'response' ? '' : model,
        responseModel: named === 'request' ? '' : named === 'deployment' ? 'my-deployment' : model,
        serviceTier: pick(['', '', '', 'batch', 'flex', 'priority', 'fast', 'unheard-of']),
        region: pick(['', '', 'us', 'eu', 'no-such-region']),
        feature: pick(['', 'search', 'chat']),
        atMs: Date.UTC(2024, 0, 1) + below(DAYS) * 88 * 86_400_000 + below(86_400_000),
        usage: randomUsage(),
        quality: pick(qualities),
        reportedCostPicoUsd: random() < 0.05 ? picoUsd(BigInt(below(1e9))) : undefined,
      };
    });
    expect(await compare(calls, book)).toEqual(['no_usage', 'not_billable', 'priced', 'unpriced']);
    console.info(`store: ${calls.length} random calls priced the same by TypeScript and ClickHouse, line by line`);
  });

  it('of stored caches, by the model’s price an hour on either side of its change', async () => {
    const introduced = Date.UTC(2026, 7, 13);
    const calls = ['gemini-2.5-pro', 'gemini-3.6-flash', 'gemini-4-argon'].flatMap((model) =>
      [introduced - 1, introduced, introduced + 1].map((atMs): CallToPrice => ({
        provider: 'gcp.gemini',
        requestModel: model,
        atMs,
        usage: { input: 3513, cache_storage: 1757 },
        quality: 'reported',
      })),
    );
    expect(await compare(calls, createPriceBook())).toEqual(['priced', 'unpriced']);
  });

  it('for the usage of every recorded interaction', async () => {
    const directory = join(fileURLToPath(new URL('../../../..', import.meta.url)), '../shared/data/payloads');
    if (!existsSync(directory)) {
      console.info(`store: recorded interactions are not at ${directory}; their usage is not compared here`);
      return;
    }
    const calls = readdirSync(directory)
      .filter((file) => file.endsWith('.jsonl'))
      .flatMap((file) => readFileSync(join(directory, file), 'utf8').trim().split('\n'))
      .flatMap((line): CallToPrice[] => {
        const interaction = JSON.parse(line) as { readonly provider: string };
        const answer = priceInteraction(interaction, { now: Date.UTC(2026, 10, 22) });
        if (answer.model === null || Object.keys(answer.usage).length === 0) return [];
        return [
          {
            provider: interaction.provider,
            responseModel: answer.model,
            serviceTier: pick(['', '', 'batch', 'priority']),
            atMs: Date.UTC(2026, 10, 20) + below(2 * 86_400_000),
            usage: Object.fromEntries(Object.entries(answer.usage).filter(([, count]) => count > 0)),
            quality: 'reported',
          },
        ];
      });
    expect(calls.length).toBeGreaterThan(2000);
    expect(await compare(calls, createPriceBook())).toContain('priced');
    console.info(`store: ${calls.length} recorded usages priced the same by TypeScript and ClickHouse, line by line`);
  });

  it.each(['999999999', '1000000000', '1000000001', '9007199254740991', '9007199254740992', '9007199254740993'])(
    'of %s input tokens, or call it inconsistent together',
    async (count) => {
      const body = { model: 'gpt-4o', usage: { prompt_tokens: Number(count), completion_tokens: 1 } };
      const reading = readUsage('chat.completions', 'openai', body);
      if (reading === undefined) throw new Error('the body has usage');
      const { usage, quality } = reading;
      const call: CallToPrice = {
        provider: 'openai',
        responseModel: 'gpt-4o',
        atMs: Date.UTC(2026, 10, 1),
        usage,
        quality,
      };
      const expected = pricedByTypeScript(call, createPriceBook());
      const span = spanRow({
        span: newId(16),
        at: new Date(call.atMs).toISOString(),
        attributes: {
          'gen_ai.provider.name': 'openai',
          'gen_ai.response.model': 'gpt-4o',
          'gen_ai.usage.input_tokens': count,
          'gen_ai.usage.output_tokens': '1',
        },
      });
      const answers = await answersOf([span], ratePeriods);
      const { cost, status, reason } = answers.get(span.SpanId) ?? {};
      expect({ cost, status, reason }).toEqual({
        cost: expected.cost,
        status: expected.status,
        reason: expected.reason,
      });
    },
  );

  it('at thresholds, windows, instants of change and the largest counts and prices', async () => {
    const changeMs = Date.UTC(2026, 5, 1, 12, 0, 0, 500);
    const tier = (above: number, from: number, to: number, price: (bucket: number) => bigint | null): RateTier => ({
      aboveInputTokens: above,
      fromSecondOfDay: from,
      toSecondOfDay: to,
      prices: USAGE_BUCKETS.map((_bucket, index) => {
        const unit = price(index);
        return unit === null ? null : picoUsd(unit);
      }),
    });
    const period = (fromMs: number, toMs: number, tiers: readonly RateTier[]): RatePeriod => ({
      validFromMs: fromMs,
      validToMs: toMs,
      tiers,
      source: 'override',
      catalogueModel: 'm',
      asOf: '2026-11-01',
    });
    const periods = [
      period(Date.UTC(2026, 0, 1), changeMs, [
        tier(0, 0, 86_400, (bucket) => BigInt(bucket) * 1_000_003n),
        tier(200_000, 0, 86_400, (bucket) => BigInt(bucket) * 2_000_003n + 1n),
        tier(0, 3600, 7200, (bucket) => (bucket === 5 ? null : 7n)),
      ]),
      period(changeMs, Date.UTC(2026, 9, 1), [tier(0, 0, 86_400, () => 9_000_000_000_000_000_000n)]),
    ];
    const instants = [
      Date.UTC(2026, 0, 1) - 1,
      Date.UTC(2026, 0, 1),
      changeMs - 1,
      changeMs,
      changeMs + 1,
      Date.UTC(2026, 9, 1) - 1,
      Date.UTC(2026, 9, 1),
      Date.UTC(2026, 2, 3, 0, 59, 59, 999),
      Date.UTC(2026, 2, 3, 1),
      Date.UTC(2026, 2, 3, 1, 59, 59, 999),
      Date.UTC(2026, 2, 3, 2),
    ];
    const usages: readonly Usage[] = [
      { input: 199_999 },
      { input: 200_000 },
      { input: 200_001 },
      { input: 100_000, cache_read: 100_000 },
      { input: 100_000, cache_read: 100_001, output: 3 },
      { cache_read_audio: 1 },
      { output: 200_001 },
      { request: 1 },
      Object.fromEntries(USAGE_BUCKETS.map((bucket) => [bucket, 1_000_000_000])),
    ];
    const calls = instants.flatMap((atMs) =>
      usages.map((usage): CallToPrice => ({ provider: 'own', requestModel: 'm', atMs, usage, quality: 'reported' })),
    );
    const spans = calls.map(spanOf);
    const answers = await answersOf(spans, () => periods);
    calls.forEach((call, index) => {
      const held = periods.find(({ validFromMs, validToMs }) => call.atMs >= validFromMs && call.atMs < validToMs);
      const computed = held === undefined ? { reason: 'no_price_at_time' } : computeCost(call.usage, held, call.atMs);
      const answer = answers.get(spans[index]?.SpanId ?? '');
      expect({ call, cost: answer?.cost, reason: answer?.reason }).toEqual({
        call,
        cost: 'reason' in computed ? null : formatPicoUsd(computed.costPicoUsd),
        reason: 'reason' in computed ? computed.reason : '',
      });
    });
  });

  it('at every named edge: thresholds, the instant of a change, discount x batch x long context, empty tier, unknown region', async () => {
    const changeMs = Date.UTC(2026, 5, 1);
    const provider = (name: string, model: unknown) => [name, JSON.stringify({ models: [model] })] as const;
    const book = createPriceBook({
      catalogues: [
        lazyCatalogue(
          'edges 1',
          '2026-11-22',
          Object.fromEntries([
            provider('openai', [
              'edge',
              '=edge',
              [
                [null, { i: [1_000_003, [200_000, 2_000_003]], o: [4_000_001, [200_000, 6_000_001]], r: 100_001 }],
                ['2026-06-01', { i: [900_001, [128_000, 1_800_001]], o: 3_000_001 }],
              ],
              [[{ processing: 'batch' }, { i: [500_001, [200_000, 1_000_001]], o: 2_000_001 }, null]],
            ]),
          ]),
        ),
      ],
      rules: {
        overrides: [],
        discounts: [
          { name: 'contract', provider: 'openai', millionthsOff: 123_457, fromMs: changeMs - 2 },
          { name: 'search', provider: 'openai', feature: 'search', serviceTier: 'batch', millionthsOff: 333_333 },
        ].toReversed(),
      },
    });
    const named = {
      threshold: [127_999, 128_000, 128_001, 199_999, 200_000, 200_001].map((input) => ({ input })),
      'threshold of all input together': [199_999, 200_000, 200_001].map((all) => ({ input: all - 7, cache_read: 7 })),
      'a whole call at its tier': [{ input: 200_001, output: 1 }, { input: 1, output: 1_000_000 }, { output: 1 }],
      'a bucket without a price': [{ input: 1, web_search: 1 }, { maps_search: 1 }],
      nothing: [{}],
    } satisfies Readonly<Record<string, readonly Usage[]>>;
    const cases = Object.entries(named).flatMap(([name, usages]) =>
      usages.flatMap((usage) =>
        [changeMs - 3, changeMs - 2, changeMs - 1, changeMs, changeMs + 1].flatMap((atMs) =>
          ['', 'batch', 'flex', 'no-such-tier'].flatMap((serviceTier) =>
            ['', 'eu', 'no-such-region'].flatMap((region) =>
              ['', 'search'].map((feature) => ({
                name,
                call: {
                  provider: 'openai',
                  requestModel: 'edge',
                  atMs,
                  serviceTier,
                  region,
                  feature,
                  usage,
                  quality: 'reported',
                } satisfies CallToPrice,
              })),
            ),
          ),
        ),
      ),
    );
    expect(cases.length).toBe(15 * 5 * 4 * 3 * 2);
    const calls = cases.map(({ call }) => call);
    expect(await compare(calls, book)).toEqual(['not_billable', 'priced', 'unpriced']);
    // Discount x batch x long context meet in one price: $1.000001 a million, a third off, to the pico-dollar.
    const meet = calls.find(
      ({ usage, serviceTier, feature, atMs }) =>
        'input' in usage &&
        usage.input === 200_001 &&
        serviceTier === 'batch' &&
        feature === 'search' &&
        atMs < changeMs,
    );
    if (meet === undefined) throw new Error('the cases have no such call');
    const [line] = priceCall(meet, book).lineItems;
    expect([line?.quantity, line?.unitPricePicoUsd]).toEqual([200_001, 666_668n]);
    console.info(`store: ${calls.length} named edges priced the same by TypeScript and ClickHouse, line by line`);
  });

  it('on arrival, once the key is known, and not only when healed', async () => {
    const call: CallToPrice = {
      provider: 'openai',
      requestModel: 'gpt-4o',
      atMs: Date.UTC(2026, 10, 1),
      usage: { input: 7, output: 3 },
      quality: 'reported',
    };
    const span = spanOf(call);
    await refreshRates(store.db, ratePeriods);
    await insertSpans(store, [spanOf(call)]);
    await resolveRates(store.db, ratePeriods);
    await insertSpans(store, [span]);
    const [row] = await store.db.query<{ cost: string; revision: string }>(
      'SELECT cost_usd AS cost, bitShiftRight(version, 48) AS revision FROM llm_calls WHERE span_id = {span:String}',
      { span: span.SpanId },
    );
    expect(row).toEqual({ cost: formatPicoUsd(priceCall(call).costPicoUsd ?? picoUsd(0n)), revision: '0' });
  });
});
