import type { CatalogueModel, CataloguePrices, Constraint, MatchClause } from '../catalogue/catalogue.js';
import type { CatalogueFile } from './catalogue-file.js';
import { asObject, asText, type JsonObject } from '../apis/json.js';

/** Above this a price is an error of units: $1000 a token or search. */
const MAX_PICO_PER_UNIT = 1e15;

/** A model is looked for by every name that calls have: an expression that cannot be read would fail them all. */
function isExpression(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp;
  } catch {
    return false;
  }
}

class CatalogueCheck {
  #place = '';

  fail(problem: string): never {
    throw new Error(`${this.#place}${problem}`);
  }

  at<Result>(place: string, run: () => Result): Result {
    this.#place = `${place}: `;
    return run();
  }

  price(value: unknown, key: string): void {
    const values = Array.isArray(value)
      ? value.flatMap((step: unknown, index) => (index === 0 ? [step] : (step as readonly unknown[])))
      : [value];
    for (const number of values)
      if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0 || number > MAX_PICO_PER_UNIT)
        this.fail(`${key} ${JSON.stringify(value)} must be whole pico-dollars a unit from 0 to ${MAX_PICO_PER_UNIT}`);
  }

  prices(value: unknown): CataloguePrices {
    const prices = asObject(value) ?? this.fail('prices must be an object');
    for (const [key, price] of Object.entries(prices)) this.price(price, key);
    return prices as CataloguePrices;
  }

  constraint(value: unknown): Constraint {
    const isDate = typeof value === 'string' && /^=?\d{4}-\d\d-\d\d$/.test(value);
    const isWindow = Array.isArray(value) && value.length === 2 && value.every((second) => Number.isInteger(second));
    if (value !== null && !isDate && !isWindow)
      this.fail(`constraint ${JSON.stringify(value)} is no day and no window`);
    return value as Constraint;
  }

  match(value: unknown): MatchClause {
    if (typeof value === 'string') {
      if (!/^[=^$*~]/.test(value)) this.fail(`match ${JSON.stringify(value)} begins with none of = ^ $ * ~`);
      if (value.startsWith('~') && !isExpression(value.slice(1)))
        this.fail(`match ${JSON.stringify(value)} is no regular expression`);
      return value;
    }
    if (!Array.isArray(value) || (value[0] !== '|' && value[0] !== '&')) return this.fail('match is no clause');
    for (const part of value.slice(1)) this.match(part);
    return value as unknown as MatchClause;
  }

  model(value: unknown): CatalogueModel {
    if (!Array.isArray(value)) return this.fail('a model must be a list');
    const [id, match, dated, variants] = value as readonly unknown[];
    if (asText(id) === undefined) this.fail('a model needs an id');
    this.match(match);
    if (!Array.isArray(dated) || dated.length === 0) return this.fail('a model needs prices');
    for (const entry of dated as readonly (readonly unknown[])[]) {
      this.constraint(entry[0]);
      this.prices(entry[1]);
    }
    for (const entry of (variants ?? []) as readonly (readonly unknown[])[]) {
      if (asObject(entry[0]) === undefined) this.fail('a variant needs its conditions');
      this.prices(entry[1]);
      this.constraint(entry[2]);
    }
    return value as unknown as CatalogueModel;
  }
}

function text(record: JsonObject | undefined, name: string): string {
  return asText(record?.[name]) ?? '';
}

/**
 * Checks price data in our own form.
 * @throws Error with provider, model and value of the first thing that is wrong.
 */
export function checkCatalogueFile(value: unknown): CatalogueFile {
  const file = asObject(value);
  const provenance = asObject(file?.['provenance']);
  const providers = asObject(file?.['providers']);
  if (providers === undefined || text(provenance, 'name') === '' || !/^\d{4}-\d\d-\d\d$/.test(text(provenance, 'date')))
    throw new Error('price data needs provenance (name, version, date) and providers');
  const check = new CatalogueCheck();
  for (const [id, provider] of Object.entries(providers)) {
    const models = asObject(provider)?.['models'];
    if (!Array.isArray(models)) throw new Error(`provider ${id} has no list of models`);
    for (const model of models as readonly unknown[])
      check.at(`${id} ${Array.isArray(model) ? String(model[0]) : ''}`, () => check.model(model));
  }
  return value as CatalogueFile;
}
