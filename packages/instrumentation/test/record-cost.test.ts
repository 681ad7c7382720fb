import { diag, DiagLogLevel } from '@opentelemetry/api';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { recordCost, withCostAttribution } from '../src/index.js';
import { Telemetry } from './support/telemetry.js';

const telemetry = new Telemetry();
const warnings: string[] = [];
diag.setLogger(
  {
    error: () => undefined,
    warn: (...parts: unknown[]) => void warnings.push(parts.join(' ')),
    info: () => undefined,
    debug: () => undefined,
    verbose: () => undefined,
  },
  DiagLogLevel.WARN,
);

beforeEach(() => telemetry.reset());
afterAll(() => {
  diag.disable();
  telemetry.stop();
});

describe('recordCost', () => {
  it('is a span and a point on the cost counter, with the attribution in force', async () => {
    withCostAttribution({ feature: 'research', customer: 'acme' }, () => {
      recordCost({ kind: 'tool_call', name: 'web-search', costUsd: '0.0125', attribution: { team: 'growth' } });
    });
    const span = telemetry.onlySpan;
    expect(span.name).toBe('execute_tool web-search');
    expect(span.attributes).toMatchObject({
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.provider.name': 'custom',
      'gen_ai.tool.name': 'web-search',
      'costel.cost.kind': 'tool_call',
      'costel.cost.status': 'priced',
      'costel.cost.usd': '0.0125',
      'gen_ai.usage.cost.source': 'provider',
      'costel.feature': 'research',
      'costel.customer': 'acme',
      'costel.team': 'growth',
    });
    const [point] = await telemetry.points('costel.cost');
    expect(point).toMatchObject({ value: 0.0125, attributes: { 'costel.feature': 'research' } });
  });

  it('multiplies units exactly: 3 at $0.1 are $0.3', () => {
    recordCost({ kind: 'vector_search', name: 'index', provider: 'house', units: { quantity: 3, unitPriceUsd: 0.1 } });
    const { attributes, name } = telemetry.onlySpan;
    expect(name).toBe('vector_search index');
    expect(attributes).toMatchObject({ 'costel.cost.usd': '0.3', 'gen_ai.provider.name': 'house' });
    expect(JSON.parse(String(attributes['costel.cost.line_items']))).toEqual([
      { bucket: 'request', quantity: 3, unit_price_usd: '0.1', cost_usd: '0.3' },
    ]);
  });

  it('notes a cost that cannot be read, and does not throw', async () => {
    for (const costUsd of ['-1', 'a lot', '0.0000000000001', Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => recordCost({ kind: 'x', name: 'y', costUsd })).not.toThrow();
    }
    recordCost({ kind: 'x', name: 'y' });
    recordCost({ kind: 'x', name: 'y', units: { quantity: 1.5, unitPriceUsd: 1 } });
    expect(telemetry.spans).toEqual([]);
    const told = warnings.filter((line) => line.includes('record_cost'));
    expect(told).toEqual([expect.stringMatching(/costUsd must be dollars >= 0 .*; this cost was not recorded$/)]);
    const [trouble] = await telemetry.points('costel.instrumentation.errors');
    expect(trouble).toMatchObject({ value: 7, attributes: { hook: 'record_cost' } });
  });
});
