import {
  findProvider,
  formatPicoUsd,
  PROVIDERS,
  publishedSource,
  USAGE_BUCKETS,
  type PriceBook,
  type PriceDiscount,
  type PriceOverride,
  type RateKey,
  type RatePeriod,
  type RateTier,
  type RegionRule,
  type RuleScope,
} from '@costel/pricing';
import { CliError } from '../exit-codes.js';
import { writeJson } from '../output.js';

/** Longest part of a name that an error repeats. */
const QUOTED_CHARACTERS = 100;

/** Provider and model for people, however long somebody made them. */
function nameOf({ provider, model }: Pick<RateKey, 'provider' | 'model'>): string {
  const cut = (name: string): string =>
    name.length > QUOTED_CHARACTERS ? `${name.slice(0, QUOTED_CHARACTERS)}…` : name;
  return `${cut(provider)} ${cut(model)}`;
}

/** What is asked for: the prices of one model. */
export interface ListPricesOptions {
  readonly book: PriceBook;
  readonly provider: string;
  readonly model: string;
  readonly serviceTier: string;
  readonly region: string;
  /** Only the prices of this instant. */
  readonly atMs: number | undefined;
}

/** `costel prices list`: every dated price of a model, one JSON line a period. */
export async function listPrices({ atMs, book, ...key }: ListPricesOptions): Promise<void> {
  const periods = book.ratePeriods(key);
  if ('reason' in periods) {
    throw new CliError('no_price', `${nameOf(key)} has no price: ${periods.reason.replaceAll('_', ' ')}`);
  }
  const wanted = periods.filter(
    (period) => atMs === undefined || (period.validFromMs <= atMs && atMs < period.validToMs),
  );
  if (wanted.length === 0) throw new CliError('no_price', `${nameOf(key)} has no price at that time`);
  for (const period of wanted) await writeJson(periodJson(key.provider, key.model, period));
}

/** Prices outside these bounds of time are prices without a beginning or an end. */
const EARLIEST_MS = Date.UTC(1971, 0, 1);
const LATEST_MS = Date.UTC(2099, 0, 1);

const beginOf = (ms: number): string | null => (ms < EARLIEST_MS ? null : new Date(ms).toISOString());
const endOf = (ms: number): string | null => (ms > LATEST_MS ? null : new Date(ms).toISOString());

function tierJson(tier: RateTier): object {
  return {
    above_input_tokens: tier.aboveInputTokens,
    from_second_of_day: tier.fromSecondOfDay,
    to_second_of_day: tier.toSecondOfDay,
    ...(tier.feature === undefined ? {} : { feature: tier.feature }),
    price_usd: Object.fromEntries(
      USAGE_BUCKETS.flatMap((bucket, index) => {
        const price = tier.prices[index];
        return price === null || price === undefined ? [] : [[bucket, formatPicoUsd(price)]];
      }),
    ),
  };
}

function periodJson(provider: string, model: string, period: RatePeriod): object {
  return {
    provider,
    model,
    catalogue_model: period.catalogueModel,
    source: period.source,
    catalogue: period.catalogue ?? null,
    as_of: period.asOf,
    rules: period.ruleIds ?? [],
    valid_from: beginOf(period.validFromMs),
    valid_to: endOf(period.validToMs),
    tiers: period.tiers.map(tierJson),
  };
}

/** What `costel prices explain` is asked. */
export interface ExplainPricesOptions {
  readonly book: PriceBook;
  /** Default: every provider that has a price for the model. */
  readonly provider: string | undefined;
  readonly model: string;
  readonly serviceTier: string;
  readonly region: string;
  readonly feature: string;
  readonly atMs: number;
}

/** As the rule was stated: one in another currency is cut where the exchange rate changes. */
const timeOf = (rule: PriceOverride | PriceDiscount): string => timeText(rule.statement ?? rule);

const regionText = (rule: RegionRule): string =>
  `region ${JSON.stringify(rule.name)} (prices in costel.yaml), ${timeText(rule)}: calls that name no region are priced as those in ${rule.region}`;

function timeText({ fromMs, toMs }: Pick<PriceOverride, 'fromMs' | 'toMs'>): string {
  const from = fromMs === undefined ? null : beginOf(fromMs);
  const to = toMs === undefined ? null : endOf(toMs);
  return `${from === null ? 'from the beginning' : `from ${from}`}${to === null ? '' : ` to ${to} (exclusive)`}`;
}

const bucketsOf = (rule: PriceOverride | PriceDiscount): string => Object.keys(rule.prices ?? {}).join(', ');

function exchangeText({ statement }: PriceOverride | PriceDiscount): string {
  if (statement?.exchange === undefined) return '';
  const { currency, usd, fromMs } = statement.exchange;
  return `, in ${currency} at $${usd} (exchange rate from ${new Date(fromMs).toISOString()})`;
}

function overrideText(rule: PriceOverride): string {
  const name = JSON.stringify(rule.name);
  const hardware = rule.statement?.hardware;
  if (hardware === undefined) {
    const states = bucketsOf(rule) || 'long-context prices';
    return `override ${name} (prices in costel.yaml), ${timeOf(rule)}, states ${states}${exchangeText(rule)}`;
  }
  const { gpuHour, gpus, utilizationPercent } = hardware;
  const amount =
    rule.statement?.exchange === undefined ? `$${gpuHour}` : `${gpuHour} ${rule.statement.exchange.currency}`;
  return `self-hosted model ${name} (prices in costel.yaml), ${timeOf(rule)}: ${amount} a GPU-hour, ${gpus} ${gpus === 1 ? 'GPU' : 'GPUs'}, ${utilizationPercent} % of the time in use, over the tokens an hour of ${bucketsOf(rule)}${exchangeText(rule)}`;
}

function discountText(rule: PriceDiscount): string {
  const percent = rule.millionthsOff === undefined ? '' : `${rule.millionthsOff / 10_000} % off every price`;
  const rates = bucketsOf(rule) === '' ? '' : `its own rates for ${bucketsOf(rule)}${exchangeText(rule)}`;
  const feature = rule.feature === undefined ? '' : `, for calls of feature ${JSON.stringify(rule.feature)} only`;
  return `${[percent, rates].filter((text) => text !== '').join(' and ')}${feature}`;
}

function sourceText(catalogue: string, catalogueModel: string): string {
  const page = publishedSource(catalogue, catalogueModel);
  return page === undefined ? '' : ` (source: ${page})`;
}

/** Why a price is what it is, one sentence a step, in the order in which they apply. */
function explain(period: RatePeriod, { book, model, atMs, feature }: ExplainPricesOptions): string[] {
  const steps: string[] = [];
  if (period.catalogue !== undefined) {
    // With rules, the period is cut where they change: its bounds are not the list's.
    const [from, to] =
      period.ruleIds === undefined ? [beginOf(period.validFromMs), endOf(period.validToMs)] : [null, null];
    const time = `${from === null ? '' : ` from ${from}`}${to === null ? '' : ` to ${to} (exclusive)`}`;
    const name = period.catalogueModel === model ? '' : ` as ${period.catalogueModel}`;
    const asOf = book.catalogues.find((catalogue) => catalogue.name === period.catalogue)?.asOf ?? period.asOf;
    steps.push(
      `${period.catalogue}, data of ${asOf}, lists ${model}${name}${time}${sourceText(period.catalogue, period.catalogueModel)}`,
    );
    for (const { catalogue, catalogueModel, buckets } of period.additions ?? [])
      steps.push(
        `${catalogue} lists ${buckets.join(', ')}, which that one lacks${sourceText(catalogue, catalogueModel)}`,
      );
  }
  const holds = (rule: RuleScope): boolean => (rule.fromMs ?? -Infinity) <= atMs && atMs < (rule.toMs ?? Infinity);
  for (const id of period.ruleIds ?? []) {
    const name = id.slice(id.indexOf(':') + 1);
    const override = book.rules.overrides.find(
      (rule) => id.startsWith('override:') && rule.name === name && holds(rule),
    );
    const discount = book.rules.discounts.find(
      (rule) => id.startsWith('discount:') && rule.name === name && holds(rule),
    );
    const place = book.rules.regions?.find((rule) => id.startsWith('region:') && rule.name === name && holds(rule));
    if (place !== undefined) steps.push(regionText(place));
    if (override !== undefined) steps.push(overrideText(override));
    if (discount !== undefined) {
      const isOther = discount.feature !== undefined && discount.feature !== feature;
      steps.push(
        `discount ${JSON.stringify(name)} (prices in costel.yaml), ${timeOf(discount)}: ${discountText(discount)}${isOther ? ' (not these calls)' : ''}`,
      );
    }
  }
  return steps;
}

/** What budgets assume of a model without a price; it has no `source`, for it is no price. */
function ceilingJson(
  { book, provider, model, serviceTier, region, atMs }: ExplainPricesOptions,
  reason: string,
): object {
  const ceiling = book.rules.ceiling?.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  const prices = Object.entries(ceiling?.prices ?? {}).filter(([, price]) => price !== undefined);
  return {
    provider: provider ?? null,
    model,
    at: new Date(atMs).toISOString(),
    service_tier: serviceTier === '' ? 'standard' : serviceTier,
    region,
    source: null,
    reason,
    because: [
      `no list and no rule has a price for it: ${reason.replaceAll('_', ' ')}; its calls are in no sum`,
      `ceiling (prices in costel.yaml), ${timeText(ceiling ?? {})}: budgets count its calls at these prices beside what was spent, until it has one`,
    ],
    ceiling_usd: Object.fromEntries(prices.map(([bucket, price]) => [bucket, formatPicoUsd(price)])),
  };
}

/** The tiers that are for calls of a feature at a second of the day, each context threshold once. */
function tiersFor(period: RatePeriod, atMs: number, feature: string): RateTier[] {
  const second = Math.floor(atMs / 1000) % 86_400;
  const byThreshold = new Map<number, RateTier>();
  for (const tier of period.tiers) {
    const isFor = tier.feature === undefined || tier.feature === '' || tier.feature === feature;
    if (isFor && tier.fromSecondOfDay <= second && second < tier.toSecondOfDay)
      byThreshold.set(tier.aboveInputTokens, tier);
  }
  return [...byThreshold.values()];
}

/** `costel prices explain`: which price a model has at an instant, and why; one JSON line a provider. */
export async function explainPrices(options: ExplainPricesOptions): Promise<void> {
  const { book, provider, model, serviceTier, region, feature, atMs } = options;
  const named = book.rules.overrides.map((rule) => rule.provider).filter((name) => name !== undefined);
  const providers =
    provider === undefined
      ? [...new Set([...PROVIDERS.map((row) => row.name), ...named.map((name) => findProvider(name)?.name ?? name)])]
      : [provider];
  let reason = 'unknown_model';
  let found = 0;
  for (const name of providers) {
    const key: RateKey = { provider: name, model, serviceTier, region };
    const period = book.resolveRates(key, atMs);
    if ('reason' in period) {
      reason = provider === undefined ? reason : period.reason;
      continue;
    }
    found += 1;
    await writeJson({
      provider: name,
      model,
      at: new Date(atMs).toISOString(),
      service_tier: serviceTier === '' ? 'standard' : serviceTier,
      region,
      source: period.source,
      as_of: period.asOf,
      rules: period.ruleIds ?? [],
      valid_from: beginOf(period.validFromMs),
      valid_to: endOf(period.validToMs),
      because: explain(period, options),
      tiers: tiersFor(period, atMs, feature).map(tierJson),
    });
  }
  if (found > 0) return;
  if (book.rules.ceiling !== undefined) await writeJson(ceilingJson(options, reason));
  const subject =
    provider === undefined ? `${model} has no price from any provider` : `${nameOf({ provider, model })} has no price`;
  throw new CliError(
    'no_price',
    `${subject}: ${reason.replaceAll('_', ' ')}; state one under prices.overrides in costel.yaml, or run "costel prices update"`,
  );
}
