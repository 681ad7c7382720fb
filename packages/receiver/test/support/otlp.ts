/** Builders of OTLP JSON, as an SDK would send it. */
export type Json = Record<string, unknown>;

export const attribute = (key: string, value: Json): Json => ({ key, value });
export const text = (key: string, value: string): Json => attribute(key, { stringValue: value });
export const integer = (key: string, value: number | string): Json => attribute(key, { intValue: String(value) });

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';

/** 2026-11-22T12:00:00Z in nanoseconds. */
export const NOON_NS = 1_795_348_800_000_000_000n;

export const spanId = (index: number): string => (index + 1).toString(16).padStart(16, '0');

/** A valid span, named after its index, with any field replaced. */
export const span = (index: number, overrides: Json = {}): Json => ({
  traceId: TRACE_ID,
  spanId: spanId(index),
  name: `span ${index}`,
  kind: 3,
  startTimeUnixNano: String(NOON_NS + BigInt(index) * 1_000_000n),
  endTimeUnixNano: String(NOON_NS + BigInt(index) * 1_000_000n + 250_000_000n),
  attributes: [text('gen_ai.operation.name', 'chat'), integer('gen_ai.usage.input_tokens', 100 + index)],
  status: {},
  ...overrides,
});

export const SHOP = { attributes: [text('service.name', 'shop')] };

/** A traces request with one resource and one scope. */
export const tracesRequest = (spans: readonly unknown[], resource: Json = SHOP): Json => ({
  resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'test', version: '1.0' }, spans }] }],
});

export const metricsRequest = (metrics: readonly unknown[]): Json => ({
  resourceMetrics: [
    {
      resource: SHOP,
      schemaUrl: 'https://opentelemetry.io/schemas/1.40.0',
      scopeMetrics: [{ scope: { name: 'test', version: '1.0' }, metrics }],
    },
  ],
});

export const logsRequest = (logRecords: readonly unknown[]): Json => ({
  resourceLogs: [{ resource: SHOP, scopeLogs: [{ scope: { name: 'test', version: '1.0' }, logRecords }] }],
});

export const jsonBytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
