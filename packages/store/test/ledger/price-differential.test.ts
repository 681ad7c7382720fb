import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  computeCost,
  formatPicoUsd,
  picoUsd,
  priceCall,
  ratePeriods,
  USAGE_BUCKETS,
  type CallToPrice,
  type RatePeriod,
  type RateTier,
  type Usage,
  type UsageQuality,
} from '@costel/pricing';
import { resolveRates, type RateResolver } from '../../src/index.js';
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
/** Few days, for each is a partition: one in 44 of the years in which prices changed. */
const DAYS = 24;
const below = (limit: number) => Math.floor(random() * limit);
const pick = <Item>(items: readonly [Item, ...Item[]]): Item => items[below(items.length)] ?? items[0];

interface Answer {
  readonly cost: string | null;
  readonly status: string;
  readonly reason: string;
  readonly source: string;
}

async function answersOf(spans: readonly SpanRow[], resolver: RateResolver): Promise<Map<string, Answer>> {
  for (let first = 0; first < spans.length; first += 2000) await insertSpans(store, spans.slice(first, first + 2000));
  await resolveRates(store.db, resolver);
  const rows = await store.db.query<Answer & { span_id: string }>(
    'SELECT span_id, cost_usd AS cost, cost_status AS status, cost_reason AS reason, price_source AS source FROM llm_calls FINAL WHERE span_id IN {spans:Array(String)}',
    { spans: spans.map((span) => span.SpanId) },
  );
  return new Map(rows.map(({ span_id: span, ...answer }) => [span, answer]));
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
  it('for thousands of random calls over the catalogue', async () => {
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
    const calls = Array.from({ length: 6000 }, (): CallToPrice => {
      const [provider, model] = pick(models);
      const named = pick(['request', 'response', 'both', 'deployment'] as const);
      return {
        provider,
        requestModel: named === 'response' ? '' : model,
        responseModel: named === 'request' ? '' : named === 'deployment' ? 'my-deployment' : model,
        serviceTier: pick(['', '', '', 'batch', 'flex', 'priority', 'fast', 'unheard-of']),
        region: pick(['', '', 'us', 'eu']),
        atMs: Date.UTC(2024, 0, 1) + below(DAYS) * 44 * 86_400_000 + below(86_400_000),
        usage: randomUsage(),
        quality: pick(qualities),
        reportedCostPicoUsd: random() < 0.05 ? picoUsd(BigInt(below(1e9))) : undefined,
      };
    });
    const spans = calls.map(spanOf);
    const answers = await answersOf(spans, ratePeriods);
    const statuses = new Set<string>();
    calls.forEach((call, index) => {
      const priced = priceCall(call);
      statuses.add(priced.status);
      expect({ call, ...answers.get(spans[index]?.SpanId ?? '') }).toEqual({
        call,
        cost: priced.costPicoUsd === undefined ? null : formatPicoUsd(priced.costPicoUsd),
        status: priced.status,
        reason: priced.reason ?? '',
        source: priced.priceSource ?? '',
      });
    });
    expect([...statuses].toSorted()).toEqual(['no_usage', 'not_billable', 'priced', 'unpriced']);
  });

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

  it('on arrival, once the key is known, and not only when healed', async () => {
    const call: CallToPrice = {
      provider: 'openai',
      requestModel: 'gpt-4o',
      atMs: Date.UTC(2026, 10, 1),
      usage: { input: 7, output: 3 },
      quality: 'reported',
    };
    const span = spanOf(call);
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
