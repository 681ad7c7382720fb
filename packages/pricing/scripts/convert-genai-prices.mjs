// The conversion proper: parsed Python calls in, the compact form of data/README.md out.

const PICO_PER_USD_DECIMALS = 12;

// Python's keywords take an underscore as names.
const OR = 'or_';
const AND = 'and_';

/** Price key → units a price is quoted for, e.g. `input_mtok` → 1 000 000. Hours and minutes stay the unit. */
export function findPriceUnits(unitData) {
  return new Map(
    Object.entries(unitData).map(([usageKey, unit]) => {
      const isDuration = unit.dimensions?.family === 'durations';
      return [unit.price_key ?? usageKey, isDuration ? 1 : unit.per];
    }),
  );
}

/** A decimal dollar text for `per` units as whole pico-dollars a unit, rounded half up, exactly. */
function picoPerUnit(text, per) {
  const match = /^(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) throw new Error(`price "${text}" is not a decimal`);
  const fraction = match[2] ?? '';
  const shift = PICO_PER_USD_DECIMALS + Number(match[3] ?? 0) - fraction.length;
  const numerator = BigInt(`${match[1]}${fraction}` || '0') * 10n ** BigInt(Math.max(shift, 0));
  const denominator = BigInt(per) * 10n ** BigInt(Math.max(-shift, 0));
  const pico = (numerator * 2n + denominator) / (denominator * 2n);
  if (pico > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`price "${text}" exceeds 2^53 pico-dollars a unit`);
  return { pico: Number(pico), exact: numerator % denominator === 0n };
}

class Converter {
  roundedPrices = 0;

  constructor(priceUnits) {
    this.priceUnits = priceUnits;
  }

  price(decimal, per) {
    const { pico, exact } = picoPerUnit(String(decimal.args[0]), per);
    if (!exact) this.roundedPrices += 1;
    return pico;
  }

  prices(modelPrice) {
    expectCall(modelPrice.call, 'ModelPrice');
    const entries = Object.entries(modelPrice).filter(([key]) => key !== 'call' && key !== 'args');
    return Object.fromEntries(
      entries.map(([key, value]) => {
        const per = this.priceUnits.get(key);
        if (per === undefined) throw new Error(`unknown price key "${key}"`);
        if (value.call === 'Decimal') return [key, this.price(value, per)];
        expectCall(value.call, 'TieredPrices');
        const tiers = value.tiers.map((tier) => [tier.start, this.price(tier.price, per)]).sort((a, b) => a[0] - b[0]);
        return [key, [this.price(value.base, per), ...tiers]];
      }),
    );
  }

  model({ id, match, prices, price_variants: variants }) {
    const priceList = Array.isArray(prices)
      ? prices.map((entry) => [convertConstraint(entry.constraint), this.prices(entry.prices)])
      : [[null, this.prices(prices)]];
    const variantList = (variants ?? []).map((variant) => [
      variant.when,
      this.prices(variant.prices),
      convertConstraint(variant.constraint),
    ]);
    const model = [id, convertMatch(match), priceList];
    return variantList.length === 0 ? model : [...model, variantList];
  }
}

function expectCall(found, expected) {
  if (found !== expected) throw new Error(`expected ${expected}(…), found ${found}(…)`);
}

function convertMatch(clause) {
  switch (clause.call) {
    case 'ClauseEquals':
      return `=${clause.equals.toLowerCase()}`;
    case 'ClauseStartsWith':
      return `^${clause.starts_with.toLowerCase()}`;
    case 'ClauseEndsWith':
      return `$${clause.ends_with.toLowerCase()}`;
    case 'ClauseContains':
      return `*${clause.contains.toLowerCase()}`;
    case 'ClauseRegex':
      return `~${new RegExp(clause.regex).source}`;
    case 'ClauseOr':
      return ['|', ...clause[OR].map(convertMatch)];
    case 'ClauseAnd':
      return ['&', ...clause[AND].map(convertMatch)];
    default:
      throw new Error(`unknown clause ${clause.call}`);
  }
}

/** A start date as `YYYY-MM-DD`, a daily window as `[from, to]` in seconds of the UTC day, no constraint as null. */
function convertConstraint(constraint) {
  if (constraint === null || constraint === undefined) return null;
  if (constraint.call === 'StartDateConstraint') {
    const [year, month, day] = constraint.start_date.args;
    return new Date(Date.UTC(year, month - 1, day)).toISOString().slice(0, 10);
  }
  expectCall(constraint.call, 'TimeOfDateConstraint');
  return [secondOfDay(constraint.start_time), secondOfDay(constraint.end_time)];
}

function secondOfDay({ args, tzinfo }) {
  if (tzinfo !== undefined && tzinfo.name !== 'datetime.UTC')
    throw new Error('a daily window is given in a zone other than UTC');
  const [hour = 0, minute = 0, second = 0] = args;
  return hour * 3600 + minute * 60 + second;
}

/** All providers by id; the order of models is kept, for the first match wins. */
export function convertProviders(providers, priceUnits) {
  const converter = new Converter(priceUnits);
  const converted = Object.fromEntries(
    providers.map((provider) => [
      provider.id,
      {
        ...(provider.fallback_model_providers ? { fallback: provider.fallback_model_providers } : {}),
        models: provider.models.map((model) => converter.model(model)),
      },
    ]),
  );
  return { providers: converted, roundedPrices: converter.roundedPrices };
}
