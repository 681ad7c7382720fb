import { USAGE_BUCKETS, type Usage } from '@costel/pricing';
import { trace, type Attributes } from '@opentelemetry/api';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { AGGREGATE_FIXTURES, DIALECT_FIXTURES } from '../../../receiver/test/dialects/fixtures.js';
import { CostSpanProcessor } from '../../src/index.js';
import { Telemetry } from '../support/telemetry.js';

const telemetry = new Telemetry([new CostSpanProcessor()]);

beforeEach(() => telemetry.reset());
afterAll(() => telemetry.stop());

function emit(scope: string, attributes: Attributes): void {
  const span = trace.getTracer(scope).startSpan('call');
  span.setAttributes(attributes);
  span.end();
}

/** The buckets that the ledger will go by, because the span states them now. */
function writtenUsage(): Usage {
  const { attributes } = telemetry.onlySpan;
  return Object.fromEntries(
    USAGE_BUCKETS.flatMap((bucket) => {
      const count = attributes[`costel.usage.${bucket}`];
      return typeof count === 'number' ? [[bucket, count]] : [];
    }),
  );
}

describe('the span of another emitter, read in the process as the ledger reads it:', () => {
  it.each(DIALECT_FIXTURES)('$name', async ({ scope, attributes, expected }) => {
    emit(scope, attributes);
    expect(writtenUsage()).toEqual(expected.usage);
    expect(telemetry.onlySpan.attributes['costel.usage.quality']).toBe('reported');
    const [point] = await telemetry.points('gen_ai.client.operation.duration');
    expect(point?.attributes).toMatchObject({
      'gen_ai.provider.name': expected.provider,
      'gen_ai.operation.name': expected.operation,
      'gen_ai.request.model': expected.model,
    });
  });

  it.each(AGGREGATE_FIXTURES)('$name is no call', ({ scope, attributes }) => {
    emit(scope, attributes);
    expect(telemetry.onlySpan.attributes).toEqual(attributes);
  });

  it.each([
    [
      'a part above its total is cut to it',
      { 'gen_ai.usage.cache_read.input_tokens': 500 },
      { cache_read: 100, output: 50 },
    ],
    ['a count that is none voids them all', { 'gen_ai.usage.cache_read.input_tokens': -1 }, {}],
    [
      'a count of an unknown name may have a price of its own',
      { 'gen_ai.usage.smell.input_tokens': 7 },
      { input: 100, output: 50 },
    ],
    [
      'nothing is said by zeros, sums and explanations',
      {
        'gen_ai.usage.smell.input_tokens': 0,
        'gen_ai.usage.total_tokens': 150,
        'gen_ai.usage.details.text_tokens': 100,
        'gen_ai.usage.completion_tokens_details.rejected_prediction_tokens': 3,
        'gen_ai.usage.tokens_per_second': 9,
      },
      { input: 100, output: 50 },
    ],
    ['JSON that is none says nothing', { 'gen_ai.usage.raw': '{"input_tokens":' }, { input: 100, output: 50 }],
  ])('%s', (name, attributes, expected) => {
    emit('some-emitter', {
      'gen_ai.provider.name': 'anthropic',
      'gen_ai.request.model': 'claude-sonnet-4-6',
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 50,
      ...attributes,
    });
    expect(writtenUsage()).toEqual(expected);
    expect(telemetry.onlySpan.attributes['costel.usage.quality']).toBe(
      /nothing/.test(name) ? 'reported' : 'inconsistent',
    );
  });

  it('has the service tier that emitters state', async () => {
    const call = {
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.usage.input_tokens': 100,
    };
    emit('some-emitter', { ...call, 'openai.response.service_tier': 'Priority' });
    expect(telemetry.onlySpan.attributes['costel.service_tier']).toBe('priority');
    await telemetry.reset();
    emit('some-emitter', { ...call, 'openai.response.service_tier': 'default' });
    expect(telemetry.onlySpan.attributes['costel.service_tier']).toBeUndefined();
  });
});
