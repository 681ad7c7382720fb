import { createRequire } from 'node:module';
import type * as OtelApi from '@opentelemetry/api';
import type * as OtlpExporter from '@opentelemetry/exporter-trace-otlp-http';
import type * as SdkTrace from '@opentelemetry/sdk-trace-base';

/*
 * The workspace's own copies of OpenTelemetry: the SDK versions bring newer ones of their own, and one does not talk to
 * what an older one has registered.
 */
const require = createRequire(new URL('../../../package.json', import.meta.url));

export const { context, trace } = require('@opentelemetry/api') as typeof OtelApi;

const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http') as typeof OtlpExporter;
const { BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base') as typeof SdkTrace;

/** Sends spans to a stack, as an application does. */
export function exportTo(otlpUrl: string): SdkTrace.SpanProcessor {
  return new BatchSpanProcessor(new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }), { scheduledDelayMillis: 200 });
}
