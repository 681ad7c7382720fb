import { picoUsd, USAGE_BUCKETS, type RateKey, type RatePeriod } from '@costel/pricing';
import type { RateResolver } from '../../src/index.js';
import { spanRow, type SpanRow, type TestStore } from './test-store.js';

/** All buckets at one price, in dollars a million. */
function priceOf(usdPerMillion: number): readonly RatePeriod[] {
  const unit = picoUsd(BigInt(Math.round(usdPerMillion * 1e6)));
  const tier = {
    aboveInputTokens: 0,
    fromSecondOfDay: 0,
    toSecondOfDay: 86_400,
    prices: USAGE_BUCKETS.map(() => unit),
  };
  const always = { validFromMs: 0, validToMs: 4_102_444_800_000 };
  return [{ ...always, tiers: [tier], source: 'override', catalogueModel: 'm', asOf: '2026-11-01' }];
}

/** Prices by model; the others are unknown. */
export const prices =
  (usdPerMillion: Readonly<Record<string, number>>): RateResolver =>
  (key: RateKey) => {
    const price = usdPerMillion[key.model];
    return price === undefined ? { reason: 'unknown_model' } : priceOf(price);
  };

/** A call of 1 000 000 tokens: it costs what its model costs a million. */
export function call(at: string, model = 'm', more: Readonly<Record<string, string>> = {}): SpanRow {
  return spanRow({
    at,
    attributes: {
      'gen_ai.provider.name': 'own',
      'gen_ai.request.model': model,
      'costel.usage.input': '1000000',
      'costel.usage.quality': 'reported',
      'user.id': 'u1',
      ...more,
    },
  });
}

const EMPTIED = [
  'otel_traces',
  'llm_calls',
  'span_edges',
  'llm_rates',
  'llm_verdicts',
  'tick_progress',
  'published',
  'llm_reprices',
  'llm_cost_15m',
  'llm_cost_1d',
  'llm_cost_daily_user',
  'llm_cost_monthly_user',
  'llm_cost_top_users',
  'llm_cost_daily_customer',
  'llm_cost_daily_conversation',
  'llm_cost_daily_tag',
] as const;

/** Empties what a test wrote: quicker than a store of its own for each. */
export async function emptyStore({ db }: TestStore): Promise<void> {
  for (const table of EMPTIED) await db.command(`TRUNCATE TABLE ${table}`);
  await db.command('SYSTEM RELOAD DICTIONARY llm_rates_dict');
}
