import { estimateRequestTokens, picoUsd, priceCall, type PicoUsd } from '@costel/pricing';
import { ATTR_COSTEL_FEATURE } from '@costel/semconv';
import { asRecord } from '../sdks/read-unknown.js';
import { reportTrouble } from '../telemetry/trouble.js';
import { dollarsOf, type GuardedCall, type GuardOptions } from './guard-config.js';

/** Input is estimated from its characters, which is off by a quarter in the median; the reservation covers that. */
const INPUT_MARGIN = 1.25;

/** Names under which requests state the most that may be answered, and where they are. */
const OUTPUT_LIMITS: readonly (readonly string[])[] = [
  ['max_completion_tokens'],
  ['max_output_tokens'],
  ['max_tokens'],
  ['maxTokens'],
  ['maxOutputTokens'],
  ['max_tokens_to_sample'],
  ['config', 'maxOutputTokens'],
  ['generationConfig', 'maxOutputTokens'],
  ['inferenceConfig', 'maxTokens'],
  ['options', 'num_predict'],
];

/** Operations that answer with no tokens of their own. */
const WITHOUT_OUTPUT: ReadonlySet<string> = new Set(['embeddings', 'rerank', 'moderation', 'create_cache']);

function outputLimitOf(request: Readonly<Record<string, unknown>>): number | undefined {
  for (const path of OUTPUT_LIMITS) {
    let value: unknown = request;
    for (const name of path) value = asRecord(value)?.[name];
    if (typeof value === 'number' && value > 0) return value;
  }
  return undefined;
}

/** How many answers are asked for at once: `n` of a chat completion. */
function answersOf(request: Readonly<Record<string, unknown>>): number {
  const count = request['n'];
  return typeof count === 'number' && Number.isInteger(count) && count > 0 ? count : 1;
}

/** Costs seen of operations that no request tells the size of (images, speech); emptied where it outgrows this. */
const MAX_SEEN = 1000;

/** Says before a call what it may cost. */
export class CallEstimates {
  readonly #options: Pick<GuardOptions, 'reservedOutputTokens' | 'reserveUsd'>;
  readonly #seen = new Map<string, PicoUsd>();

  constructor(options: Pick<GuardOptions, 'reservedOutputTokens' | 'reserveUsd'>) {
    this.#options = options;
  }

  /**
   * What a call reserves: its estimated input and a quarter, and the output tokens that its request allows, but no more
   * than `reservedOutputTokens`, at the price of now. 1000 tokens in and a limit of 1000 tokens out of gpt-4o ($2.50 and
   * $10 a million) reserve 1250 × $2.50/M + 1000 × $10/M = $0.013125. What no request tells the size of reserves the
   * most that such a call cost here so far.
   * @param text The request in a form that token estimates can read.
   * @returns undefined where the model has no price and none of its kind was seen.
   */
  of(call: GuardedCall, atMs: number, text: unknown = call.request): PicoUsd | undefined {
    const own = this.#ownEstimate(call);
    if (own !== undefined) return own;
    const isTextOnly = !WITHOUT_OUTPUT.has(call.operation);
    const perAnswer = Math.min(
      outputLimitOf(call.request) ?? outputLimitOf(asRecord(text) ?? {}) ?? Infinity,
      this.#options.reservedOutputTokens,
    );
    const priced = priceCall({
      provider: call.provider,
      requestModel: call.model,
      feature: call.attribution[ATTR_COSTEL_FEATURE],
      atMs,
      usage: {
        input: Math.ceil(estimateRequestTokens(text) * INPUT_MARGIN),
        output: isTextOnly ? Math.ceil(perAnswer * answersOf(call.request)) : 0,
      },
      quality: 'estimated',
    });
    return (
      priced.costPicoUsd ?? this.#seen.get(keyOf(call)) ?? (priced.status === 'not_billable' ? picoUsd(0n) : undefined)
    );
  }

  /** What the application says; what is no amount, or less than nothing, says nothing. */
  #ownEstimate(call: GuardedCall): PicoUsd | undefined {
    try {
      const own = this.#options.reserveUsd?.(call);
      if (own === undefined) return undefined;
      const amount = dollarsOf(own);
      if (amount >= 0n) return amount;
      reportTrouble('guard', new RangeError(`reserveUsd() must return >= 0 or undefined, not ${own}`));
    } catch (error) {
      reportTrouble('guard', error);
    }
    return undefined;
  }

  /** Remembers what a call cost, for those of its kind that cannot be estimated. */
  learn(call: GuardedCall, cost: PicoUsd): void {
    const key = keyOf(call);
    const seen = this.#seen.get(key);
    if (seen !== undefined && seen >= cost) return;
    if (this.#seen.size >= MAX_SEEN) this.#seen.clear();
    this.#seen.set(key, cost);
  }
}

function keyOf({ provider, model, operation }: GuardedCall): string {
  return `${provider} ${model} ${operation}`;
}
