import type { QueryParameters } from '../database.js';
import { StoreError } from '../engine/store-error.js';
import { checkedDimension, tagOf, type Dimension } from './dimensions.js';

/** Values that a dimension may have; a call passes when it has one of them. `''` is "none". */
export type CostFilters = Readonly<Record<string, string | readonly string[]>>;

/** Whose costs, and how they are grouped: checked, and ready to be written as SQL. */
export interface CostScope {
  readonly tenant: string;
  readonly groupBy: readonly Dimension[];
  readonly filters: readonly { readonly dimension: Dimension; readonly values: readonly string[] }[];
}

/** How many dimensions a query may combine, and how many values a filter may have. */
const MAX_GROUP_DIMENSIONS = 8;
const MAX_FILTER_VALUES = 1000;

/** What callers may leave out. */
export interface ScopeInput {
  /** Default: the tenant that spans without a stamped tenant belong to, `default`. */
  readonly tenant?: string | undefined;
  readonly groupBy?: readonly string[] | undefined;
  readonly filters?: CostFilters | undefined;
}

/** @throws StoreError `parameter_invalid` for an unknown dimension or too many of them. */
export function checkedScope(input: ScopeInput): CostScope {
  const groupBy = [...new Set(input.groupBy ?? [])].map(checkedDimension);
  const filters = Object.entries(input.filters ?? {}).map(([name, value]) => ({
    dimension: checkedDimension(name),
    values: typeof value === 'string' ? [value] : [...value],
  }));
  if (groupBy.length > MAX_GROUP_DIMENSIONS)
    throw tooMany('dimensions to group by', groupBy.length, MAX_GROUP_DIMENSIONS);
  for (const { dimension, values } of filters) {
    if (values.length > MAX_FILTER_VALUES)
      throw tooMany(`values of filter ${dimension}`, values.length, MAX_FILTER_VALUES);
  }
  return { tenant: input.tenant ?? 'default', groupBy, filters };
}

function tooMany(what: string, count: number, limit: number): StoreError {
  return new StoreError('parameter_invalid', `${count} ${what} are more than the limit of ${limit}`);
}

/** Every dimension that a scope touches: what decides which rollup can answer. */
export function dimensionsOf(scope: CostScope): readonly Dimension[] {
  return [...new Set([...scope.groupBy, ...scope.filters.map((filter) => filter.dimension)])];
}

/** How a source of rows names a dimension; the tag's name is bound as `parameter`. */
export type DimensionExpression = (dimension: Dimension, parameter: string) => string;

/** In the ledger a dimension is a column, and a tag an element of the map. */
export const ledgerExpression: DimensionExpression = (dimension, parameter) =>
  tagOf(dimension) === undefined ? `\`${dimension}\`` : `tags[{${parameter}:String}]`;

/** Identifiers of a scope, as a source query takes them. */
export interface ScopeFragments {
  readonly dimensions: string;
  readonly filters: string;
}

/** The fragments of a source query: `dimensions` and `filters`. Identifiers only; values are in `scopeParameters`. */
export function scopeFragments(scope: CostScope, expression: DimensionExpression): ScopeFragments {
  const columns = scope.groupBy.map((dimension, index) => `${expression(dimension, `g${index}`)} AS d${index}, `);
  const filters = scope.filters.map(
    ({ dimension }, index) => `\n        AND ${expression(dimension, `n${index}`)} IN {f${index}:Array(String)}`,
  );
  return {
    dimensions: columns.join(''),
    filters: filters.join(''),
  };
}

/** The columns that hold the dimensions: `d0, d1, …`. */
export function aliases(scope: CostScope): readonly string[] {
  return scope.groupBy.map((_dimension, index) => `d${index}`);
}

/** The values behind the placeholders of {@link scopeFragments}. */
export function scopeParameters(scope: CostScope): QueryParameters {
  const parameters: Record<string, string | readonly string[]> = { tenant: scope.tenant };
  scope.groupBy.forEach((dimension, index) => {
    const tag = tagOf(dimension);
    if (tag !== undefined) parameters[`g${index}`] = tag;
  });
  scope.filters.forEach(({ dimension, values }, index) => {
    parameters[`f${index}`] = values;
    const tag = tagOf(dimension);
    if (tag !== undefined) parameters[`n${index}`] = tag;
  });
  return parameters;
}

/** The key of a group out of its row. */
export function keyOf(
  scope: CostScope,
  row: Readonly<Record<string, string | number>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(scope.groupBy.map((dimension, index) => [dimension, String(row[`d${index}`] ?? '')]));
}
