import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPicoUsd, picoUsd, priceCall, type CallToPrice, type PricedCall } from '../src/index.js';
import { usages } from './arbitraries.js';

const AT = Date.UTC(2026, 10, 22);

function price(call: Partial<CallToPrice>): PricedCall {
  return priceCall({
    provider: 'openai',
    responseModel: 'gpt-4o-mini-2024-07-18',
    atMs: AT,
    usage: { input: 1_000, output: 100 },
    quality: 'reported',
    ...call,
  });
}

function dollars(call: Partial<CallToPrice>): string | undefined {
  const { costPicoUsd } = price(call);
  return costPicoUsd === undefined ? undefined : formatPicoUsd(costPicoUsd);
}

describe('pricing a call', () => {
  it('gives the cost, its source and the date of the data', () => {
    // 1 000 × $0.15/M + 100 × $0.60/M
    expect(dollars({})).toBe('0.00021');
    expect(price({})).toMatchObject({ status: 'priced', priceSource: 'catalogue', model: 'gpt-4o-mini-2024-07-18' });
    expect(price({}).priceAsOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  });

  it('takes the response model before the request model', () => {
    expect(dollars({ requestModel: 'gpt-4o', responseModel: 'gpt-4o-mini' })).toBe('0.00021');
  });

  it('falls back to the request model when the response model is unknown or not named', () => {
    expect(price({ requestModel: 'gpt-4o-mini', responseModel: 'deployment-7' })).toMatchObject({
      status: 'priced',
      model: 'gpt-4o-mini',
    });
    expect(dollars({ requestModel: 'gpt-4o-mini', responseModel: undefined })).toBe('0.00021');
  });

  it.each([
    [{ provider: 'acme' }, 'unknown_provider'],
    [{ responseModel: 'gpt-unheard-of' }, 'unknown_model'],
    [{ responseModel: '' }, 'unknown_model'],
    [{ responseModel: `gpt-4o-${'x'.repeat(10_000)}` }, 'unknown_model'],
    [{ serviceTier: 'platinum' }, 'unknown_service_tier'],
    [{ usage: { input: 1, output_audio: 1 }, responseModel: 'gpt-4o-audio-preview-2024-10-01' }, 'no_price_for_bucket'],
    [{ usage: {}, quality: 'inconsistent' }, 'usage_inconsistent'],
    [{ atMs: Date.UTC(2100, 0, 1) }, 'no_price_at_time'],
  ] as const)('leaves %o unpriced with reason %s, never $0', (call, reason) => {
    const priced = price(call);
    expect(priced).toMatchObject({ status: 'unpriced', reason, lineItems: [] });
    expect(priced).not.toHaveProperty('costPicoUsd');
  });

  it('tells missing usage from zero usage', () => {
    expect(price({ usage: {}, quality: 'missing' })).toMatchObject({ status: 'no_usage', reason: 'usage_missing' });
    expect(price({ usage: {}, quality: 'reported' })).toMatchObject({ status: 'not_billable' });
  });

  it('takes the cost that the provider reported, whatever the lists say', () => {
    const reported = { reportedCostPicoUsd: picoUsd(123n), provider: 'openrouter', responseModel: 'unheard/of' };
    expect(price(reported)).toMatchObject({
      status: 'priced',
      costPicoUsd: 123n,
      priceSource: 'provider',
      model: 'unheard/of',
    });
    expect(price({ ...reported, usage: {}, quality: 'missing' })).toMatchObject({
      status: 'priced',
      costPicoUsd: 123n,
    });
  });

  it('prices the service tier that the response states', () => {
    const gpt5 = { responseModel: 'gpt-5', usage: { input: 10_000, output: 1_000 } };
    expect(dollars(gpt5)).toBe('0.0225');
    expect(dollars({ ...gpt5, serviceTier: 'flex' })).toBe('0.01125');
    expect(dollars({ ...gpt5, serviceTier: 'batch' })).toBe('0.01125');
    expect(dollars({ ...gpt5, serviceTier: 'priority' })).toBe('0.045');
  });

  it('adds the premium of inference in the United States to tokens and not to searches', () => {
    const call = {
      provider: 'anthropic',
      responseModel: 'claude-opus-4-8',
      usage: { input: 1_000_000, web_search: 1 },
    };
    expect(dollars(call)).toBe('5.01');
    expect(dollars({ ...call, region: 'us' })).toBe('5.51');
    expect(dollars({ ...call, region: 'somewhere' })).toBe('5.01');
  });

  it('knows a provider by its convention name, its short name and its older names', () => {
    const names = ['azure.ai.openai', 'azure', 'az.ai.openai', 'AZURE'];
    expect(new Set(names.map((provider) => dollars({ provider })))).toEqual(new Set(['0.00021']));
  });

  it('never throws and never makes a call free that has usage', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.constantFrom('openai', 'anthropic', 'gpt-4o', 'claude-opus-5', '__proto__', 'constructor', ''),
    );
    fc.assert(
      fc.property(
        texts,
        texts,
        texts,
        texts,
        usages,
        fc.double(),
        (provider, model, serviceTier, region, usage, atMs) => {
          const priced = priceCall({
            provider,
            responseModel: model,
            serviceTier,
            region,
            atMs,
            usage,
            quality: 'reported',
          });
          const isUsed = Object.values(usage).some((count) => count > 0);
          expect(priced.status === 'priced').toBe(priced.costPicoUsd !== undefined);
          if (isUsed) expect(priced.costPicoUsd).not.toBe(0n);
        },
      ),
    );
  });
});
