import {
  checkRules,
  compileRules,
  type PriceRules,
  type RateSource,
  type RulesSource,
  type RuleScope,
} from '@costel/pricing';
import type { PricesFile } from './prices-schema.js';

type RuleFile = PricesFile['self_hosted'][number] & { readonly service_tier?: string };

/** `*` is any tier, `standard` the tier without a name. */
function toScope(
  rule: Omit<RuleFile, 'currency' | 'gpu_hour' | 'gpus' | 'utilization_percent' | 'tokens_per_hour'>,
): RuleScope {
  const { name, provider, model, region, from, to, service_tier: tier = '*' } = rule;
  return {
    name,
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
    ...(region === undefined ? {} : { region }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
    ...(tier === '*' ? {} : { serviceTier: tier === 'standard' ? '' : tier }),
  };
}

type RatesFile = Pick<PricesFile['overrides'][number], 'currency' | 'per_million' | 'per_unit'>;

function toRates({ currency, per_million: perMillion, per_unit: perUnit }: RatesFile): RateSource {
  return {
    currency,
    ...(perMillion === undefined ? {} : { perMillion }),
    ...(perUnit === undefined ? {} : { perUnit }),
  };
}

/** The rules of a file in our names, still as they were stated. */
function toRulesSource(file: PricesFile): RulesSource {
  return {
    currencies: Object.fromEntries(
      Object.entries(file.currencies).map(([code, rates]) => [
        code,
        rates.map(({ from, usd }) => ({ fromMs: from, usd })),
      ]),
    ),
    overrides: file.overrides.map((rule) => ({
      ...toScope(rule),
      ...toRates(rule),
      ...(rule.above_input_tokens.length === 0
        ? {}
        : {
            above: rule.above_input_tokens
              .toSorted((a, b) => a.tokens - b.tokens)
              .map(({ tokens, per_million: perMillion = {}, per_unit: perUnit = {} }) => ({
                aboveInputTokens: tokens,
                perMillion,
                perUnit,
              })),
          }),
    })),
    discounts: file.discounts.map((rule) => ({
      ...toScope(rule),
      ...toRates(rule),
      ...(rule.feature === undefined ? {} : { feature: rule.feature }),
      ...(rule.percent === undefined ? {} : { percent: rule.percent }),
    })),
    selfHosted: file.self_hosted.map((rule) => ({
      ...toScope(rule),
      currency: rule.currency,
      gpuHour: rule.gpu_hour,
      gpus: rule.gpus,
      utilizationPercent: rule.utilization_percent,
      tokensPerHour: rule.tokens_per_hour,
    })),
    regions: file.regions.map((rule) => ({ ...toScope(rule), region: rule.region })),
    ...(file.ceiling === undefined
      ? {}
      : {
          ceiling: {
            ...toRates(file.ceiling),
            changes: file.ceiling.changes.map(({ from, ...rates }) => ({ ...toRates(rates), fromMs: from })),
          },
        }),
  };
}

/** The rules of a checked section, as prices are resolved by them. */
export function toPriceRules(file: PricesFile): PriceRules {
  return compileRules(toRulesSource(file));
}

/** The file's names of what a problem's path names. */
const FILE_NAMES: Readonly<Record<string, string>> = { selfHosted: 'self_hosted' };

/** A contradiction in the section, with its path in the file. */
export interface PricesProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What single values cannot tell: names that repeat, currencies without a rate, ends before beginnings. */
export function checkPrices(file: PricesFile): PricesProblem[] {
  return checkRules(toRulesSource(file)).map(({ path, message }) => ({
    path: ['prices', ...path.map((step) => FILE_NAMES[step] ?? step)],
    message,
  }));
}
