import type { UsageQuality } from '@costel/pricing';

/** A ledger row, as far as counting once goes. */
export interface JudgedCall {
  readonly tenant: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly item: number;
  readonly parentSpanId: string;
  readonly provider: string;
  readonly operation: string;
  readonly responseId: string;
  readonly startMs: number;
  readonly endMs: number;
  /** What the span itself said, one count a bucket. */
  readonly usage: readonly number[];
  readonly quality: UsageQuality;
  /** The provider stated the cost. */
  readonly hasReportedCost: boolean;
  /** Observed by Costel's own instrumentation. */
  readonly isOurs: boolean;
  /** Something that costs money and is no call of a model: it counts whatever its trace holds. */
  readonly isRecordedCost: boolean;
}
