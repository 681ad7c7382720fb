import { findProvider, type Usage, type UsageBucket, type UsageReading } from '@costel/pricing';
import {
  AGGREGATE_OPERATIONS,
  ATTR_COSTEL_COST_STATUS,
  ATTR_GEN_AI_OPERATION_NAME,
  DIALECT_ATTRIBUTES,
  type DialectField,
} from '@costel/semconv';
import type { Attributes } from '@opentelemetry/api';
import { NOTHING_READ } from '../telemetry/call-outcome.js';

/** What the span of any emitter says about a call. */
export interface SpanReading {
  readonly provider: string;
  readonly requestModel: string;
  readonly operation: string;
  readonly reading: UsageReading;
}

/**
 * Emitters whose input tokens leave the cached ones out, by the start of their scope name. All others follow the
 * conventions, where cached tokens are part of the input.
 */
const EXCLUSIVE_SCOPES: readonly string[] = ['@traceloop/instrumentation-anthropic', 'openlit'];

function text(attributes: Attributes, field: DialectField): string | undefined {
  for (const name of DIALECT_ATTRIBUTES[field]) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

function count(attributes: Attributes, field: DialectField): number | undefined {
  for (const name of DIALECT_ATTRIBUTES[field]) {
    const value = attributes[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  }
  return undefined;
}

/** The provider under its present name: `openai.chat` (AI SDK) and `OpenAI` are `openai`. */
function providerOf(attributes: Attributes): string {
  const named = text(attributes, 'provider') ?? '';
  return (findProvider(named) ?? findProvider(named.split('.')[0] ?? ''))?.name ?? named.toLowerCase();
}

function nonZero(counts: Readonly<Partial<Record<UsageBucket, number>>>): Usage {
  return Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
}

function usageOf(attributes: Attributes, scope: string): Usage | undefined {
  const input = count(attributes, 'inputTokens');
  const output = count(attributes, 'outputTokens');
  if (input === undefined && output === undefined) return undefined;
  const cacheRead = count(attributes, 'cacheReadTokens') ?? 0;
  const cacheWrite = count(attributes, 'cacheWriteTokens') ?? 0;
  const cacheWrite1h = Math.min(count(attributes, 'cacheWrite1hTokens') ?? 0, cacheWrite);
  const stated = input ?? 0;
  const isExclusive = EXCLUSIVE_SCOPES.some((prefix) => scope.startsWith(prefix)) || cacheRead + cacheWrite > stated;
  const reasoning = Math.min(count(attributes, 'reasoningTokens') ?? 0, output ?? 0);
  return nonZero({
    input: isExclusive ? stated : stated - cacheRead - cacheWrite,
    cache_read: cacheRead,
    cache_write_5m: cacheWrite - cacheWrite1h,
    cache_write_1h: cacheWrite1h,
    output: (output ?? 0) - reasoning,
    reasoning,
  });
}

/**
 * Reads a span as a call of its own, in whichever dialect it is written.
 * @returns undefined for spans without usage, for those that repeat the usage of calls below them (agents, workflows,
 * tools), and for those that Costel already judged.
 */
export function readSpan(attributes: Attributes, scope: string): SpanReading | undefined {
  if (attributes[ATTR_COSTEL_COST_STATUS] !== undefined) return undefined;
  const operation = attributes[ATTR_GEN_AI_OPERATION_NAME];
  if (typeof operation === 'string' && AGGREGATE_OPERATIONS.has(operation)) return undefined;
  const usage = usageOf(attributes, scope);
  if (usage === undefined) return undefined;
  const responseModel = text(attributes, 'responseModel');
  const responseId = text(attributes, 'responseId');
  return {
    provider: providerOf(attributes),
    requestModel: text(attributes, 'requestModel') ?? '',
    operation: typeof operation === 'string' ? operation : 'chat',
    reading: {
      ...NOTHING_READ,
      usage,
      quality: 'reported',
      ...(responseModel === undefined ? {} : { responseModel }),
      ...(responseId === undefined ? {} : { responseId }),
    },
  };
}
