import { formatPicoUsd, priceCall } from '@costel/pricing';
import {
  ATTR_COSTEL_FALLBACK_COST_USD,
  ATTR_COSTEL_FALLBACK_MODEL,
  ATTR_COSTEL_FALLBACK_PROVIDER,
  ATTR_COSTEL_TAG_FALLBACK_FROM,
} from '@costel/semconv';
import type { CallOutcome } from './call-outcome.js';
import type { AttributeTarget } from './span-attributes.js';

/** What a fallback call is compared with. */
export interface FallbackCall {
  /** Attribution under attribute names, the marks of a fallback among it. */
  readonly attribution: Readonly<Record<string, string>>;
  /** The provider that was called. */
  readonly provider: string;
  /** The call's start, milliseconds since 1970. */
  readonly atMs: number;
}

/** The attribution of a call with the tag that the ledger keeps of a fallback; the same object where it is none. */
export function withFallbackTag(
  attribution: Readonly<Record<string, string>>,
  provider: string,
): Readonly<Record<string, string>> {
  const model = attribution[ATTR_COSTEL_FALLBACK_MODEL];
  if (model === undefined) return attribution;
  const meant = `${attribution[ATTR_COSTEL_FALLBACK_PROVIDER] ?? provider}/${model}`;
  return { ...attribution, [ATTR_COSTEL_TAG_FALLBACK_FROM]: meant };
}

/**
 * Writes what a fallback call's usage would have cost with the model that was meant; with the call's own cost it gives
 * what was saved. 1000 tokens in and 100 out of gpt-4o-mini cost $0.00021, of gpt-4o $0.0035: $0.00329 saved.
 */
export function writeFallback(
  span: AttributeTarget,
  { attribution, provider, atMs }: FallbackCall,
  outcome: CallOutcome,
): void {
  const model = attribution[ATTR_COSTEL_FALLBACK_MODEL];
  if (model === undefined) return;
  const { usage, quality } = outcome.reading;
  const meant = priceCall({
    provider: attribution[ATTR_COSTEL_FALLBACK_PROVIDER] ?? provider,
    requestModel: model,
    atMs,
    usage,
    quality,
  });
  if (meant.costPicoUsd !== undefined)
    span.setAttribute(ATTR_COSTEL_FALLBACK_COST_USD, formatPicoUsd(meant.costPicoUsd));
}
