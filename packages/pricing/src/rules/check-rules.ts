import { FIRST_PERIOD_MS } from '../build-periods.js';
import type { Amounts, CeilingSource, OverrideSource, RateSource, RuleProblem, RulesSource } from './rule-source.js';
import type { RuleScope } from './price-rules.js';

/** Features that discounts may name in all: each adds tiers to the prices of every model that the discount is for. */
export const MAX_DISCOUNT_FEATURES = 50;

type Section = 'overrides' | 'discounts' | 'selfHosted' | 'regions';

type Path = readonly (string | number)[];

const dateOf = (ms: number): string => new Date(ms).toISOString().replace('T00:00:00.000Z', '');

function problem(path: Path, message: string): RuleProblem {
  return { path, message };
}

function checkTime({ fromMs, toMs }: RuleScope, path: Path): RuleProblem[] {
  if (fromMs === undefined || toMs === undefined || fromMs < toMs) return [];
  return [problem([...path, 'to'], `to ${dateOf(toMs)} must be later than from ${dateOf(fromMs)}; "to" is exclusive`)];
}

/** A currency needs a rate from the rule's beginning on: without one a price would be unknown there. */
function checkCurrency(rule: RateSource & Partial<RuleScope>, source: RulesSource, path: Path): RuleProblem[] {
  if (rule.currency === 'USD') return [];
  const rates = source.currencies[rule.currency];
  if (rates === undefined || rates.length === 0) {
    const known = ['USD', ...Object.keys(source.currencies)].join(', ');
    return [
      problem(
        [...path, 'currency'],
        `currency "${rule.currency}" has no exchange rate; known are ${known}; add it under prices.currencies`,
      ),
    ];
  }
  const firstMs = Math.min(...rates.map((rate) => rate.fromMs));
  const fromMs = rule.fromMs ?? FIRST_PERIOD_MS;
  // A ceiling holds before its currency has a rate, at the first one.
  if (rule.name === undefined || firstMs <= fromMs) return [];
  return [
    problem(
      [...path, rule.fromMs === undefined ? 'currency' : 'from'],
      `from ${rule.fromMs === undefined ? 'the beginning' : dateOf(fromMs)} is before the first exchange rate of ${rule.currency} (${dateOf(firstMs)}); begin later or add a rate`,
    ),
  ];
}

function stated(amounts: Amounts | undefined): string[] {
  return Object.keys(amounts ?? {});
}

/** Less than any provider asks for a million of anything: the price of one was meant, which would be next to nothing. */
const LEAST_PER_MILLION = 0.0001;

function checkAmounts(perMillion: Amounts | undefined, path: Path): RuleProblem[] {
  return Object.entries(perMillion ?? {})
    .filter(([, amount]) => Number(amount) > 0 && Number(amount) < LEAST_PER_MILLION)
    .map(([bucket, amount]) =>
      problem(
        [...path, 'per_million', bucket],
        `per_million.${bucket} ${amount} must be 0 or >= ${LEAST_PER_MILLION}; state the price of one in per_unit`,
      ),
    );
}

function checkRates(rule: Omit<RateSource, 'currency'>, path: Path): RuleProblem[] {
  const twice = stated(rule.perMillion).filter((bucket) => stated(rule.perUnit).includes(bucket));
  return [
    ...twice.map((bucket) =>
      problem([...path, 'per_unit', bucket], `${bucket} has a price in per_million and in per_unit; state one`),
    ),
    ...checkAmounts(rule.perMillion, path),
  ];
}

/** Rules of one kind share their names. */
const KINDS: Readonly<Record<Section, string>> = {
  overrides: 'override',
  selfHosted: 'override',
  discounts: 'discount',
  regions: 'region',
};

function checkNames(source: RulesSource): RuleProblem[] {
  const firstByName = new Map<string, Path>();
  const sections: readonly Section[] = ['overrides', 'selfHosted', 'discounts', 'regions'];
  return sections.flatMap((section) =>
    (source[section] ?? []).flatMap(({ name }, index) => {
      const kind = KINDS[section];
      const first = firstByName.get(`${kind}:${name}`);
      firstByName.set(`${kind}:${name}`, first ?? [section, index]);
      return first === undefined
        ? []
        : [problem([section, index, 'name'], `name "${name}" is taken by ${first[0]}[${first[1]}]; choose another`)];
    }),
  );
}

function checkFeatures(source: RulesSource): RuleProblem[] {
  const features = new Set(source.discounts.map((rule) => rule.feature).filter((feature) => feature !== undefined));
  return features.size <= MAX_DISCOUNT_FEATURES
    ? []
    : [
        problem(
          ['discounts'],
          `name ${features.size} features, at most ${MAX_DISCOUNT_FEATURES} may have a discount of their own; give the others one by model`,
        ),
      ];
}

/** Without its beginning: before its currency has a rate, a ceiling takes the first one. */
function ratesOf({ fromMs: _fromMs, ...rates }: RateSource & { readonly fromMs: number }): RateSource {
  return rates;
}

function statesPrice({ perMillion, perUnit }: Omit<RateSource, 'currency'>): boolean {
  return stated(perMillion).length + stated(perUnit).length > 0;
}

function checkCeiling(ceiling: CeilingSource, source: RulesSource): RuleProblem[] {
  const begins = new Set<number>();
  const of = (rates: RateSource, path: Path): RuleProblem[] => [
    ...checkCurrency(rates, source, path),
    ...checkRates(rates, path),
    ...(statesPrice(rates) ? [] : [problem(path, 'states no price; add per_million or per_unit')]),
  ];
  const changes = (ceiling.changes ?? []).flatMap((change, index) => {
    const path = ['ceiling', 'changes', index];
    const isRepeated = begins.has(change.fromMs);
    begins.add(change.fromMs);
    const repeated = `from ${dateOf(change.fromMs)} has a ceiling already; state one for each instant`;
    return [...of(ratesOf(change), path), ...(isRepeated ? [problem([...path, 'from'], repeated)] : [])];
  });
  return [...of(ceiling, ['ceiling']), ...changes].map(({ path, message }) =>
    problem(path, `ceiling${typeof path[2] === 'number' ? ` change #${path[2] + 1}` : ''}: ${message}`),
  );
}

/** Prices of long contexts: each threshold once, each with a price. */
function checkThresholds({ above = [] }: OverrideSource, path: Path): RuleProblem[] {
  const seen = new Set<number>();
  return above.flatMap((threshold, index) => {
    const at = [...path, 'above_input_tokens', index];
    const isRepeated = seen.has(threshold.aboveInputTokens);
    seen.add(threshold.aboveInputTokens);
    const where = `above_input_tokens ${threshold.aboveInputTokens}`;
    return [
      ...checkRates(threshold, at),
      ...(statesPrice(threshold) ? [] : [problem(at, `${where} states no price; add per_million or per_unit`)]),
      ...(isRepeated ? [problem(at, `${where} is stated twice; state each threshold once`)] : []),
    ];
  });
}

/** A currency has one rate from each instant on, and the dollar is what the others are measured in. */
function checkExchangeRates(source: RulesSource): RuleProblem[] {
  return Object.entries(source.currencies).flatMap(([code, rates]) => {
    if (code === 'USD') {
      const message = 'currency "USD" needs no exchange rate: amounts are converted to it; remove it';
      return [problem(['currencies', code], message)];
    }
    const begins = rates.map((rate) => rate.fromMs);
    return rates.flatMap(({ fromMs }, index) =>
      begins.indexOf(fromMs) === index
        ? []
        : [
            problem(
              ['currencies', code, index, 'from'],
              `currency "${code}" has two rates from ${dateOf(fromMs)} on; state one`,
            ),
          ],
    );
  });
}

/** What a schema of single values cannot tell: times, names, currencies, buckets that are stated twice. */
export function checkRules(source: RulesSource): RuleProblem[] {
  const rates: readonly (readonly [Section, readonly (RuleScope & RateSource)[]])[] = [
    ['overrides', source.overrides],
    ['discounts', source.discounts],
    ['selfHosted', source.selfHosted],
  ];
  return [
    ...rates.flatMap(([section, rules]) =>
      rules.flatMap((rule, index) => [
        ...checkTime(rule, [section, index]),
        ...checkCurrency(rule, source, [section, index]),
        ...checkRates(rule, [section, index]),
      ]),
    ),
    ...(source.regions ?? []).flatMap((rule, index) => checkTime(rule, ['regions', index])),
    ...source.overrides.flatMap((rule, index) =>
      stated(rule.perMillion).length + stated(rule.perUnit).length + (rule.above?.length ?? 0) > 0
        ? []
        : [problem(['overrides', index], 'states no price; add per_million or per_unit')],
    ),
    ...source.discounts.flatMap((rule, index) =>
      rule.percent !== undefined || stated(rule.perMillion).length + stated(rule.perUnit).length > 0
        ? []
        : [problem(['discounts', index], 'states neither percent nor rates; add percent, per_million or per_unit')],
    ),
    ...(source.ceiling === undefined ? [] : checkCeiling(source.ceiling, source)),
    ...source.overrides.flatMap((rule, index) => checkThresholds(rule, ['overrides', index])),
    ...checkExchangeRates(source),
    ...checkNames(source),
    ...checkFeatures(source),
  ];
}
