import { countUsage, findProvider, MAX_BUCKET_COUNT, type CountedUsage, type UsageReading } from '@costel/pricing';
import {
  ADDITIVE_USAGE_ATTRIBUTE,
  AGGREGATE_OPERATIONS,
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_REGION,
  ATTR_COSTEL_SERVICE_TIER,
  DIALECT_ATTRIBUTES,
  EXCLUSIVE_EMITTERS,
  EXCLUSIVE_OUTPUT_EMITTERS,
  NESTED_USAGE_MARK,
  OPERATION_NAMES,
  PROVIDERS_BY_MODEL,
  SERVICE_TIER_ATTRIBUTES,
  SPAN_KIND_ATTRIBUTES,
  SPAN_KIND_OPERATIONS,
  STANDARD_TIERS,
  type EmitterRule,
} from '@costel/semconv';
import type { Attributes } from '@opentelemetry/api';
import { NOTHING_READ } from '../telemetry/call-outcome.js';
import { countsUnknown, statedCounts, usageJsonOf, type StatedCounts } from './stated-counts.js';

/*
 * Reads spans as the ledger does (the store's ledger/call-stages.ts), from the same tables: what is written on a span here
 * is what the ledger then goes by.
 */

/** What the span of any emitter says about a call. */
export interface SpanReading {
  readonly provider: string;
  readonly requestModel: string;
  readonly operation: string;
  readonly reading: UsageReading;
}

/**
 * Emitters beside a call of ours that put an estimate of their own where the input tokens belong, whatever the answer
 * said, by their scope name: OpenLIT's callbacks of LangChain do (1.15).
 */
const ESTIMATING_SCOPES: ReadonlySet<string> = new Set(['@openlit/instrumentation-langchain']);

/** Whether what an emitter says of the input tells nothing of whose call it was. */
export function estimatesInput(scope: string): boolean {
  return ESTIMATING_SCOPES.has(scope);
}

/** The first of these attributes that says something; empty where none does. */
function textOf(attributes: Attributes, names: readonly string[]): string {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
  }
  return '';
}

/** The maker of a model whose name its maker alone sells under, for emitters that name no provider. */
function makerOf(model: string): string {
  const prefix = Object.keys(PROVIDERS_BY_MODEL).find((first) => model.toLowerCase().startsWith(first));
  return prefix === undefined ? '' : (PROVIDERS_BY_MODEL[prefix] ?? '');
}

/** The provider under its present name: `openai.chat` (AI SDK) and `OpenAI` are `openai`. */
function presentName(provider: string): string {
  return (findProvider(provider) ?? findProvider(provider.split('.')[0] ?? ''))?.name ?? provider.toLowerCase();
}

/** What a table has under a word that a stranger wrote. */
function namedIn(table: Readonly<Record<string, string>>, word: string): string | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}

/** What the span says it did; empty where it does not. */
function operationOf(attributes: Attributes): string {
  const named = textOf(attributes, DIALECT_ATTRIBUTES.operation);
  if (named !== '') return namedIn(OPERATION_NAMES, named) ?? named;
  return namedIn(SPAN_KIND_OPERATIONS, textOf(attributes, SPAN_KIND_ATTRIBUTES)) ?? '';
}

function tierOf(attributes: Attributes): string {
  const own = textOf(attributes, [ATTR_COSTEL_SERVICE_TIER]);
  if (own !== '') return own;
  const tier = textOf(attributes, SERVICE_TIER_ATTRIBUTES).toLowerCase();
  return STANDARD_TIERS.includes(tier) ? '' : tier;
}

/** Whose span it is, as far as its counts depend on it. */
interface Emitter {
  readonly attributes: Attributes;
  readonly scope: string;
  /** As the span names it. */
  readonly provider: string;
}

function isOf(rules: readonly EmitterRule[], emitter: Emitter): boolean {
  const maker = emitter.provider.toLowerCase();
  return rules.some(
    ({ scope = emitter.scope, scopePrefix = '', providerPrefix = '', unlessAttribute }) =>
      emitter.scope === scope &&
      emitter.scope.startsWith(scopePrefix) &&
      maker.startsWith(providerPrefix) &&
      (unlessAttribute === undefined || emitter.attributes[unlessAttribute] === undefined),
  );
}

/** Whether the parts of a usage add up, where others have totals that hold their parts (Langfuse's own usage). */
function isAdditive(attributes: Attributes): boolean {
  return attributes[ADDITIVE_USAGE_ATTRIBUTE] !== undefined && !usageJsonOf(attributes).includes(NESTED_USAGE_MARK);
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_BUCKET_COUNT;

/** Disjoint buckets. A count that is none voids them all; parts above their total are cut to it: both are inconsistent, and so is what has unknown counts. */
function usageOf(counts: StatedCounts, emitter: Emitter): CountedUsage {
  if (!Object.values(counts).every(isCount)) return { usage: {}, quality: 'inconsistent' };
  const { cache_read: read = 0, cache_write: write = 0, cache_write_5m: short = 0, cache_write_1h: long = 0 } = counts;
  const { input_audio: audio = 0, input_image: image = 0, input_video: video = 0 } = counts;
  const { reasoning = 0, output_audio: speech = 0 } = counts;
  const written5m = Math.max(write, short + long) - long;
  const cached = read + written5m + long;
  const media = audio + image + video;
  const additive = isAdditive(emitter.attributes);
  const isInputBeside = additive || isOf(EXCLUSIVE_EMITTERS, emitter);
  const isOutputBeside = additive || isOf(EXCLUSIVE_OUTPUT_EMITTERS, emitter);
  const { input = cached + media, output = reasoning + speech } = counts;
  const besideInput = counts.input === undefined || !isInputBeside ? 0 : cached + (additive ? media : 0);
  const besideOutput = counts.output === undefined || !isOutputBeside ? 0 : reasoning + speech;
  return countUsage({
    input: input + besideInput,
    output: output + besideOutput,
    inputParts: {
      cache_read: read,
      cache_write_5m: written5m,
      cache_write_1h: long,
      input_audio: audio,
      input_image: image,
      input_video: video,
    },
    outputParts: { reasoning, output_audio: speech },
    hasUnknown: countsUnknown(emitter.attributes),
  });
}

/**
 * Reads a span as a call of its own, in whichever dialect it is written.
 * @returns undefined for spans without usage, for those that repeat the usage of calls below them (agents, workflows,
 * tools), and for those that Costel already judged.
 */
export function readSpan(attributes: Attributes, scope: string): SpanReading | undefined {
  if (attributes[ATTR_COSTEL_COST_STATUS] !== undefined) return undefined;
  const counts = statedCounts(attributes);
  if (counts === undefined) return undefined;
  const operation = operationOf(attributes);
  if (AGGREGATE_OPERATIONS.has(operation)) return undefined;
  const requestModel = textOf(attributes, DIALECT_ATTRIBUTES.requestModel);
  const responseModel = textOf(attributes, DIALECT_ATTRIBUTES.responseModel);
  const responseId = textOf(attributes, DIALECT_ATTRIBUTES.responseId);
  const provider = textOf(attributes, DIALECT_ATTRIBUTES.provider) || makerOf(responseModel || requestModel);
  return {
    provider: presentName(provider),
    requestModel,
    operation: operation === '' ? 'chat' : operation,
    reading: {
      ...NOTHING_READ,
      ...usageOf(counts, { attributes, scope, provider }),
      serviceTier: tierOf(attributes),
      region: textOf(attributes, [ATTR_COSTEL_REGION]),
      ...(responseModel === '' ? {} : { responseModel }),
      ...(responseId === '' ? {} : { responseId }),
    },
  };
}
