import { createHash } from 'node:crypto';
import type {
  CatalogueModel,
  CataloguePrice,
  CataloguePrices,
  CatalogueVariant,
  Constraint,
  MatchClause,
} from '../catalogue/catalogue.js';
import type { CatalogueFile, ProviderFile } from './catalogue-file.js';
import {
  isCall,
  isDict,
  isName,
  parsePythonAssignment,
  type PythonCall,
  type PythonValue,
} from './parse-python-literal.js';
import { pricePicoPerUnit } from './pico-per-unit.js';
import { readZipEntry } from './read-zip.js';

// Python's keywords take an underscore as names.
const OR = 'or_';
const AND = 'and_';

function callOf(value: PythonValue | undefined, name?: string): PythonCall {
  if (isCall(value) && (name === undefined || value.call === name)) return value;
  throw new Error(`expected ${name ?? 'a call'}, found ${JSON.stringify(value)?.slice(0, 80)}`);
}

function listOf(value: PythonValue | undefined): readonly PythonValue[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value as readonly PythonValue[];
  throw new Error(`expected a list, found ${JSON.stringify(value).slice(0, 80)}`);
}

function textOf(value: PythonValue | undefined): string {
  if (typeof value === 'string') return value;
  throw new Error(`expected a text, found ${JSON.stringify(value)?.slice(0, 80)}`);
}

const SECONDS_PER_HOUR = 3600;

/** Price key → units a price is quoted for, e.g. `input_mtok` → 1 000 000. Time is counted in seconds. */
function priceUnits(unitData: PythonValue): ReadonlyMap<string, number> {
  const units = isDict(unitData) ? unitData.dict : {};
  return new Map(
    Object.entries(units).map(([usageKey, unit]) => {
      const fields = isDict(unit) ? unit.dict : {};
      const dimensions = isDict(fields['dimensions']) ? fields['dimensions'].dict : {};
      const per = dimensions['family'] === 'durations' ? SECONDS_PER_HOUR : Number(fields['per']);
      return [typeof fields['price_key'] === 'string' ? fields['price_key'] : usageKey, per];
    }),
  );
}

class Converter {
  roundedPrices = 0;
  readonly #units: ReadonlyMap<string, number>;

  constructor(units: ReadonlyMap<string, number>) {
    this.#units = units;
  }

  #price(value: PythonValue | undefined, per: number): number {
    const { pico, isExact } = pricePicoPerUnit(textOf(callOf(value, 'Decimal').args[0]), per);
    if (!isExact) this.roundedPrices += 1;
    return pico;
  }

  #tieredPrice(value: PythonValue, per: number): CataloguePrice {
    const { call, keywords } = callOf(value);
    if (call === 'Decimal') return this.#price(value, per);
    callOf(value, 'TieredPrices');
    const { base, tiers } = keywords;
    const steps = listOf(tiers)
      .map((tier) => callOf(tier, 'Tier').keywords)
      .map(({ start, price }): [number, number] => [Number(start), this.#price(price, per)])
      .sort((a, b) => a[0] - b[0]);
    return [this.#price(base, per), ...steps];
  }

  #prices(modelPrice: PythonValue | undefined): CataloguePrices {
    return Object.fromEntries(
      Object.entries(callOf(modelPrice, 'ModelPrice').keywords).map(([key, value]) => {
        const per = this.#units.get(key);
        if (per === undefined) throw new Error(`unknown price key "${key}"`);
        return [key.replace(/_hours$/, '_seconds'), this.#tieredPrice(value, per)];
      }),
    );
  }

  #dated(entry: PythonValue): readonly [Constraint, CataloguePrices] {
    const { constraint, prices } = callOf(entry).keywords;
    return [convertConstraint(constraint), this.#prices(prices)];
  }

  model(value: PythonValue): CatalogueModel {
    const { id, match, prices, price_variants: variants } = callOf(value, 'ModelInfo').keywords;
    const dated = Array.isArray(prices)
      ? listOf(prices).map((entry) => this.#dated(entry))
      : [[null, this.#prices(prices)] as const];
    const variantList = listOf(variants).map((entry): CatalogueVariant => {
      const { when, prices: own, constraint } = callOf(entry).keywords;
      const conditions = isDict(when) ? when.dict : {};
      return [
        Object.fromEntries(Object.entries(conditions).map(([name, wanted]) => [name, textOf(wanted)])),
        this.#prices(own),
        convertConstraint(constraint),
      ];
    });
    const model = [textOf(id), convertMatch(match), dated] as const;
    return variantList.length === 0 ? model : [...model, variantList];
  }
}

const SIMPLE_CLAUSES: ReadonlyMap<string, readonly [string, string]> = new Map([
  ['ClauseEquals', ['=', 'equals']],
  ['ClauseStartsWith', ['^', 'starts_with']],
  ['ClauseEndsWith', ['$', 'ends_with']],
  ['ClauseContains', ['*', 'contains']],
]);

function convertMatch(value: PythonValue | undefined): MatchClause {
  const { call, keywords } = callOf(value);
  const simple = SIMPLE_CLAUSES.get(call);
  if (simple !== undefined) return `${simple[0]}${textOf(keywords[simple[1]]).toLowerCase()}`;
  switch (call) {
    case 'ClauseRegex':
      return `~${new RegExp(textOf(keywords['regex'])).source}`;
    case 'ClauseOr':
      return ['|', ...listOf(keywords[OR]).map(convertMatch)];
    case 'ClauseAnd':
      return ['&', ...listOf(keywords[AND]).map(convertMatch)];
    default:
      throw new Error(`unknown clause ${call}`);
  }
}

/** A start date as `YYYY-MM-DD`, a daily window as `[from, to]` in seconds of the UTC day, no constraint as null. */
function convertConstraint(value: PythonValue | undefined): Constraint {
  if (value === null || value === undefined) return null;
  const { call, keywords } = callOf(value);
  if (call === 'StartDateConstraint') {
    const [year, month, day] = callOf(keywords['start_date']).args.map(Number);
    return new Date(Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1)).toISOString().slice(0, 10);
  }
  const window = callOf(value, 'TimeOfDateConstraint').keywords;
  return [secondOfDay(window['start_time']), secondOfDay(window['end_time'])];
}

function secondOfDay(value: PythonValue | undefined): number {
  const { args, keywords } = callOf(value);
  const zone = keywords['tzinfo'];
  if (zone !== undefined && !(isName(zone) && zone.name === 'datetime.UTC'))
    throw new Error('a daily window is given in a zone other than UTC');
  const [hour = 0, minute = 0, second = 0] = args.map(Number);
  return hour * 3600 + minute * 60 + second;
}

function convertProvider(converter: Converter, value: PythonValue): [string, ProviderFile] {
  const { id, fallback_model_providers: fallback, models } = callOf(value, 'Provider').keywords;
  const resold = listOf(fallback).map(textOf);
  return [
    textOf(id),
    {
      ...(resold.length === 0 ? {} : { fallback: resold }),
      models: listOf(models).map((model) => converter.model(model)),
    },
  ];
}

/** The newest day that the data itself speaks of (starts of prices, days of checks), at most the day of retrieval. */
function dataDate(source: string, retrieved: string): string {
  const written = source.match(/20\d\d-\d\d-\d\d/g) ?? [];
  const starts = [...source.matchAll(/start_date=datetime\.date\((\d+), (\d+), (\d+)\)/g)].map(
    ([, year = '', month = '', day = '']) => `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`,
  );
  return [...written, ...starts].filter((day) => day <= retrieved).reduce((a, b) => (a > b ? a : b), '');
}

/**
 * Converts the wheel of the Python distribution genai-prices.
 * @param retrieved Day of the download, `YYYY-MM-DD`.
 * @throws Error naming what the wheel holds that is not understood: a price is never left out silently.
 */
export function convertGenaiPrices(wheel: Buffer, version: string, retrieved: string): CatalogueFile {
  const source = readZipEntry(wheel, (name) => name === 'genai_prices/data.py').text;
  const units = readZipEntry(wheel, (name) => name === 'genai_prices/data_units.py').text;
  const converter = new Converter(priceUnits(parsePythonAssignment(units, 'unit_data')));
  const providers = listOf(parsePythonAssignment(source, 'providers')).map((entry) =>
    convertProvider(converter, entry),
  );
  return {
    provenance: {
      name: 'genai-prices',
      package: 'genai-prices (Python)',
      version,
      date: dataDate(source, retrieved) || retrieved,
      retrieved,
      licence: 'MIT',
      sha256: createHash('sha256').update(wheel).digest('hex'),
      roundedPrices: converter.roundedPrices,
    },
    providers: Object.fromEntries(providers),
  };
}
