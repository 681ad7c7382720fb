import { diag, type TextMapPropagator } from '@opentelemetry/api';
import {
  CompositePropagator,
  getStringListFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';

const PROPAGATORS: Readonly<Record<string, () => TextMapPropagator>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
};

/** What `OTEL_PROPAGATORS` asks for, by default trace context and baggage. */
export function buildPropagator(): TextMapPropagator {
  const names = getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'];
  const propagators = names.flatMap((name) => {
    const build = PROPAGATORS[name];
    if (build === undefined && name !== 'none') diag.warn(`costel: OTEL_PROPAGATORS "${name}" is not supported`);
    return build === undefined ? [] : [build()];
  });
  return new CompositePropagator({ propagators });
}
