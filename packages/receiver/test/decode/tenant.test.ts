import { describe, expect, it } from 'vitest';
import { decodeRequest } from '../../src/decode/decode-request.js';
import { DEFAULT_LIMITS } from '../../src/limits.js';
import { tableRows } from '../support/decode.js';
import { jsonBytes, span } from '../support/otlp.js';

const CLAIM = { key: 'costel.tenant', value: { stringValue: 'somebody-else' } };
const SERVICE = { key: 'service.name', value: { stringValue: 'shop' } };

function decodeAs(tenant: string, attributes: readonly object[]) {
  const request = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span(0)] }] }] };
  const job = { signal: 'traces', format: 'json', encoding: 'identity', body: jsonBytes(request) } as const;
  const decoded = decodeRequest(job, DEFAULT_LIMITS, tenant);
  if (decoded.kind === 'refused') throw new Error(decoded.message);
  const [row] = tableRows(decoded, 'otel_traces');
  return { resource: row?.['ResourceAttributes'], adjusted: Object.fromEntries(decoded.adjusted) };
}

describe('the tenant of received telemetry', () => {
  it('is the receiver’s, whatever a payload claims', () => {
    expect(decodeAs('acme', [CLAIM, SERVICE])).toEqual({
      resource: [
        ['service.name', 'shop'],
        ['costel.tenant', 'acme'],
      ],
      adjusted: { tenant_dropped: 1 },
    });
  });

  it('is not written where it is the default, and a claim is dropped all the same', () => {
    const expected = [['service.name', 'shop']];
    expect(decodeAs('default', [SERVICE])).toEqual({ resource: expected, adjusted: {} });
    expect(decodeAs('default', [SERVICE, CLAIM])).toEqual({ resource: expected, adjusted: { tenant_dropped: 1 } });
  });
});
