import { fillPrices } from '../bucket-prices.js';
import { FIRST_PERIOD_MS, LAST_PERIOD_MS, TOKEN_BUCKETS } from '../build-periods.js';
import { USAGE_BUCKETS, type UsageBucket } from '../usage.js';
import type {
  CeilingPrice,
  PriceDiscount,
  PriceOverride,
  PriceRules,
  RulePrices,
  RuleScope,
  RuleStatement,
} from './price-rules.js';
import type {
  Amounts,
  CeilingSource,
  DiscountSource,
  ExchangeRate,
  OverrideSource,
  RateSource,
  RulesSource,
  SelfHostedSource,
} from './rule-source.js';
import { gpuHourPrice, unitPrice } from './unit-price.js';

const MILLIONTHS_PER_PERCENT = 10_000;

const MILLION = '1000000';

/** A stretch of time in which a currency has one exchange rate. */
interface ExchangePeriod {
  readonly fromMs: number;
  readonly toMs: number;
  readonly usd: string;
  /** From when the rate itself holds. */
  readonly rateFromMs: number;
}

/** The exchange rates that hold over a rule's time; dollars have one for all time. */
function exchangePeriods(
  currencies: RulesSource['currencies'],
  currency: string,
  scope: Pick<RuleScope, 'fromMs' | 'toMs'>,
): ExchangePeriod[] {
  const fromMs = scope.fromMs ?? FIRST_PERIOD_MS;
  const toMs = scope.toMs ?? LAST_PERIOD_MS;
  if (currency === 'USD') return [{ fromMs, toMs, usd: '1', rateFromMs: fromMs }];
  const rates: readonly ExchangeRate[] = (currencies[currency] ?? []).toSorted((a, b) => a.fromMs - b.fromMs);
  return rates.flatMap((rate, index) => {
    const start = Math.max(fromMs, rate.fromMs);
    const end = Math.min(toMs, rates[index + 1]?.fromMs ?? LAST_PERIOD_MS);
    return start < end ? [{ fromMs: start, toMs: end, usd: rate.usd, rateFromMs: rate.fromMs }] : [];
  });
}

function pricesOf({ perMillion = {}, perUnit = {} }: Omit<RateSource, 'currency'>, usd: string): RulePrices {
  const priced = (amounts: Amounts, perUnits: string): [UsageBucket, ReturnType<typeof unitPrice>][] =>
    Object.entries(amounts).map(([bucket, amount]) => [
      bucket as UsageBucket,
      unitPrice({ amount, perUnits, usdPerCurrencyUnit: usd }),
    ]);
  return Object.fromEntries([...priced(perMillion, MILLION), ...priced(perUnit, '1')]);
}

/** The conditions of a rule within a stretch of time; a rule in dollars keeps its open ends. */
function scopeOf(source: RuleScope, currency: string, period: ExchangePeriod): RuleScope {
  const { name, provider, model, serviceTier, region } = source;
  const time = currency === 'USD' ? source : period;
  return {
    name,
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(region === undefined ? {} : { region }),
    ...(time.fromMs === undefined ? {} : { fromMs: time.fromMs }),
    ...(time.toMs === undefined ? {} : { toMs: time.toMs }),
  };
}

/** How a rule was stated, as far as its compiled form does not tell. */
function statementOf(
  source: RuleScope,
  currency: string,
  { usd, rateFromMs }: ExchangePeriod,
  hardware?: RuleStatement['hardware'],
): { readonly statement?: RuleStatement } {
  if (currency === 'USD' && hardware === undefined) return {};
  return {
    statement: {
      ...(source.fromMs === undefined ? {} : { fromMs: source.fromMs }),
      ...(source.toMs === undefined ? {} : { toMs: source.toMs }),
      ...(currency === 'USD' ? {} : { exchange: { currency, usd, fromMs: rateFromMs } }),
      ...(hardware === undefined ? {} : { hardware }),
    },
  };
}

function compileOverride(source: OverrideSource, currencies: RulesSource['currencies']): PriceOverride[] {
  return exchangePeriods(currencies, source.currency, source).map((period) => ({
    ...scopeOf(source, source.currency, period),
    ...statementOf(source, source.currency, period),
    prices: pricesOf(source, period.usd),
    ...(source.above === undefined
      ? {}
      : {
          above: source.above.map(({ aboveInputTokens, ...rates }) => ({
            aboveInputTokens,
            prices: pricesOf(rates, period.usd),
          })),
        }),
  }));
}

function compileSelfHosted(source: SelfHostedSource, currencies: RulesSource['currencies']): PriceOverride[] {
  const { gpuHour: amount, gpus, utilizationPercent } = source;
  return exchangePeriods(currencies, source.currency, source).map((period) => ({
    ...scopeOf(source, source.currency, period),
    ...statementOf(source, source.currency, period, { gpuHour: amount, gpus, utilizationPercent }),
    prices: Object.fromEntries(
      Object.entries(source.tokensPerHour).map(([bucket, tokensPerHour]) => [
        bucket,
        gpuHourPrice({ amount, usdPerCurrencyUnit: period.usd, gpus, utilizationPercent, tokensPerHour }),
      ]),
    ),
  }));
}

function compileDiscount(source: DiscountSource, currencies: RulesSource['currencies']): PriceDiscount[] {
  const { feature, percent, perMillion, perUnit } = source;
  const hasRates = perMillion !== undefined || perUnit !== undefined;
  return exchangePeriods(currencies, source.currency, source).map((period) => ({
    ...scopeOf(source, source.currency, period),
    ...(hasRates ? statementOf(source, source.currency, period) : {}),
    ...(feature === undefined ? {} : { feature }),
    ...(percent === undefined ? {} : { millionthsOff: Math.round(percent * MILLIONTHS_PER_PERCENT) }),
    ...(hasRates ? { prices: pricesOf(source, period.usd) } : {}),
  }));
}

/**
 * A ceiling holds until the next one begins, and changes with its currency's rate; before the first rate it takes that.
 * Without gap: a call of any time has one.
 */
function compileCeiling(
  { changes = [], ...first }: CeilingSource,
  currencies: RulesSource['currencies'],
): CeilingPrice[] {
  const stated = [{ ...first, fromMs: FIRST_PERIOD_MS }, ...changes.toSorted((a, b) => a.fromMs - b.fromMs)];
  return stated.flatMap((source, index) => {
    const { fromMs } = source;
    const toMs = stated[index + 1]?.fromMs ?? LAST_PERIOD_MS;
    const periods = exchangePeriods(currencies, source.currency, { fromMs, toMs });
    const [earliest] = (currencies[source.currency] ?? []).toSorted((a, b) => a.fromMs - b.fromMs);
    const rateFromMs = Math.min(toMs, periods[0]?.fromMs ?? toMs);
    const before =
      earliest === undefined || fromMs >= rateFromMs ? [] : [{ fromMs, toMs: rateFromMs, usd: earliest.usd }];
    return [...before, ...periods].map((period) => ({
      prices: ceilingPrices(source, period.usd),
      fromMs: period.fromMs,
      toMs: period.toMs,
    }));
  });
}

/** What a ceiling does not name follows what it does as in any list: reasoning the output, cached tokens the input. */
function ceilingPrices(source: RateSource, usd: string): RulePrices {
  const prices = pricesOf(source, usd);
  const stated = new Map(Object.entries(prices) as [UsageBucket, bigint][]);
  // One for other units alone says nothing of tokens, least of all that they are free.
  if (![...stated.keys()].some((bucket) => TOKEN_BUCKETS.has(bucket))) return prices;
  const filled = fillPrices(stated, '');
  const named = USAGE_BUCKETS.map((bucket, index) => [bucket, filled[index] ?? undefined] as const);
  return Object.fromEntries(named.filter(([, price]) => price !== undefined));
}

/**
 * Makes rules of what a user states: amounts become pico-dollars a unit, cut where an exchange rate changes;
 * hardware by the hour becomes prices a token. Overrides come before self-hosted models, each in the order written.
 * @throws RangeError for what `checkRules` would have found.
 */
export function compileRules(source: RulesSource): PriceRules {
  const { currencies, overrides, discounts, selfHosted, regions = [], ceiling } = source;
  return {
    overrides: [
      ...overrides.flatMap((rule) => compileOverride(rule, currencies)),
      ...selfHosted.flatMap((rule) => compileSelfHosted(rule, currencies)),
    ],
    discounts: discounts.flatMap((rule) => compileDiscount(rule, currencies)),
    ...(regions.length === 0 ? {} : { regions }),
    ...(ceiling === undefined ? {} : { ceiling: compileCeiling(ceiling, currencies) }),
  };
}
