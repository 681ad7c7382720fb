import { priceCall, type UsageReading } from '@costel/pricing';
import { ATTR_GEN_AI_OPERATION_NAME, ATTR_GEN_AI_REQUEST_MODEL, CONVENTIONS } from '@costel/semconv';
import { ROOT_CONTEXT, SpanKind, trace, type Span } from '@opentelemetry/api';
import type { CallOutcome } from '../telemetry/call-outcome.js';
import type { MetricSubject } from '../telemetry/label-sets.js';
import type { Recorder } from '../telemetry/recorder.js';
import { writeOutcome } from '../telemetry/span-attributes.js';
import { markAsCall } from './inside-call.js';

/** The call whose answer billed more than itself. */
export interface CallWithParts extends MetricSubject {
  readonly recorder: Recorder;
  readonly startedAtMs: number;
  /** When it ended, where that was before it became known. */
  readonly endedAtMs?: number | undefined;
  /** The call's own span, which the parts' are below; absent: nothing is recorded, and nothing can be below it. */
  readonly span: Span | undefined;
  readonly durationSeconds: number;
}

/**
 * A span for each part of a call that is billed beside its counts: an adviser of another model, earlier calls of a
 * server-side loop whose contexts are judged one by one, a transcript. They took place within the call, nobody says when
 * exactly: they have its times. Without them what they cost would be in no sum.
 * @returns what they cost together, in pico-dollars, as far as it is known.
 */
export function reportParts(parts: readonly UsageReading[], call: CallWithParts): bigint {
  const { recorder, operation, provider, attribution, startedAtMs, span: parent } = call;
  let costPicoUsd = 0n;
  if (parent === undefined) return costPicoUsd;
  for (const part of parts) {
    const requestModel = part.requestModel ?? call.requestModel;
    const { responseModel, serviceTier, region, usage, quality } = part;
    const price = priceCall({
      provider,
      requestModel,
      responseModel,
      serviceTier,
      region,
      atMs: startedAtMs,
      usage,
      quality,
    });
    costPicoUsd += price.costPicoUsd ?? 0n;
    const outcome: CallOutcome = { reading: part, price, durationSeconds: call.durationSeconds };
    const span = recorder.tracer.startSpan(
      `${operation} ${requestModel}`,
      {
        kind: SpanKind.CLIENT,
        startTime: startedAtMs,
        attributes: {
          [CONVENTIONS[recorder.options.conventions].providerName]: provider,
          [ATTR_GEN_AI_OPERATION_NAME]: operation,
          [ATTR_GEN_AI_REQUEST_MODEL]: requestModel,
          ...attribution,
        },
      },
      trace.setSpan(ROOT_CONTEXT, parent),
    );
    markAsCall(span);
    writeOutcome(span, outcome, recorder.options, 'costel');
    recorder.metrics.recordCall({ ...call, requestModel }, outcome);
    span.end(call.endedAtMs);
  }
  return costPicoUsd;
}
