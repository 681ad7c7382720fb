import { utcDay, utcMonth, type TimeRange } from '@costel/store';
import { z } from 'zod';
import { DIMENSION_NAMES, isDimension } from '../dimensions.js';
import { explainIssue, showValue } from '../explain-issue.js';
import { nearestName } from '../nearest-name.js';
import { ApiProblem } from './problem.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const EARLIEST_MS = 0;
const LATEST_MS = Date.UTC(2100, 0, 1);

/** Longest list of dimensions that costs can be grouped by. */
const MAX_GROUP_BY = 4;
/** Values that one filter may list. */
const MAX_FILTER_VALUES = 100;
const MAX_FILTER_LENGTH = 1000;

const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d))?$/i;

/** Reads an ISO 8601 date or instant with a zone as ms; undefined where it is none or lies outside [1970, 2100). */
export function parseInstantMs(text: string): number | undefined {
  // A "+" that was not escaped arrives as a space.
  const repaired = text.replace(/ (\d\d:?\d\d)$/, '+$1');
  if (!INSTANT.test(repaired)) return undefined;
  const ms = Date.parse(repaired);
  return Number.isNaN(ms) || ms < EARLIEST_MS || ms > LATEST_MS ? undefined : ms;
}

const instant = (
  description: string,
  example: string,
): z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>> =>
  z
    .string()
    .transform((text, context): number => {
      const ms = parseInstantMs(text);
      if (ms !== undefined) return ms;
      context.addIssue({
        code: 'custom',
        message: 'must be an ISO 8601 date, or a time with a zone, from 1970 to 2100',
        input: text,
      });
      return z.NEVER;
    })
    .optional()
    .meta({ description, examples: [example] });

const wholeNumber = (minimum: number, maximum: number): z.ZodPipe<z.ZodString, z.ZodTransform<number, string>> =>
  z.string().transform((text, context): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= minimum && value <= maximum) return value;
    context.addIssue({ code: 'custom', message: `must be a whole number from ${minimum} to ${maximum}`, input: text });
    return z.NEVER;
  });

const dimensionList = z.string().transform((text, context): string[] => {
  const names = text === '' ? [] : text.split(',');
  const wrong = names.find((candidate) => !isDimension(candidate));
  const refuse = (message: string): never => {
    context.addIssue({ code: 'custom', message, input: text });
    return z.NEVER;
  };
  if (wrong !== undefined)
    return refuse(`must name dimensions, and ${showValue(wrong)} is none: ${DIMENSION_NAMES.join(', ')} or tag.NAME`);
  if (new Set(names).size !== names.length) return refuse('must not name a dimension twice');
  return names.length > MAX_GROUP_BY ? refuse(`must name at most ${MAX_GROUP_BY} dimensions`) : names;
});

/** The parameters that say which time is meant. */
export const rangeParameters = {
  from: instant('Start, inclusive. Default: the first of the current UTC month.', '2026-11-01'),
  to: instant(
    'End, exclusive. Default: the end of the current UTC month, or of the current UTC day where from is given.',
    '2026-12-01T00:00:00Z',
  ),
  days: wholeNumber(1, 3660)
    .optional()
    .meta({
      description:
        'Instead of from and to: this many times 24 hours up to the end of the current hour; for daily points this many UTC days, today the last.',
      examples: ['7'],
    }),
};

/** The parameter that says whether something is done or only previewed. */
export const applyParameter = {
  apply: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .optional()
    .meta({ description: 'Whether it is done; a preview is made otherwise.', examples: ['true'] }),
};

/** The parameter that says how far back alerts are listed. */
export const daysParameter = {
  days: wholeNumber(1, 3660)
    .optional()
    .meta({ description: 'Raised within this many times 24 hours. Default: 31.', examples: ['31'] }),
};

/** The parameter that says what costs are split by. */
export const groupByParameter = {
  group_by: dimensionList.optional().meta({
    description: `Dimensions joined by commas: ${DIMENSION_NAMES.join(', ')} or tag.NAME.`,
    examples: ['model,feature'],
  }),
};

/** The parameter that bounds how many groups are listed. */
export const limitParameter = {
  limit: wholeNumber(1, 1000)
    .optional()
    .meta({ description: 'How many values are listed; what is left is one row. Default: 20.', examples: ['20'] }),
};

/** Which values a dimension must have, by dimension. */
export type Filters = Readonly<Record<string, readonly string[]>>;

/** A checked query string. */
export interface CheckedQuery<Values> {
  readonly values: Values;
  readonly filters: Filters;
}

function refuseUnknown(name: string, value: string, valid: readonly string[]): never {
  const near = nearestName(name, valid);
  throw new ApiProblem('unknown_parameter', {
    detail: `there is no parameter ${showValue(name)} here`,
    parameter: name.slice(0, 100),
    value: value.slice(0, 200),
    limit: `parameters are ${valid.join(', ') || 'none'}`,
    fix: near === undefined ? 'leave it out' : `did you mean ${near}?`,
  });
}

function addFilter(filters: Record<string, string[]>, name: string, value: string): void {
  const dimension = name.slice('filter.'.length);
  if (!isDimension(dimension))
    refuseUnknown(
      name,
      value,
      [...DIMENSION_NAMES, 'tag.NAME'].map((known) => `filter.${known}`),
    );
  const values = (filters[dimension] ??= []);
  values.push(value);
  const limit =
    value.length > MAX_FILTER_LENGTH
      ? `a value has at most ${MAX_FILTER_LENGTH} characters`
      : values.length > MAX_FILTER_VALUES
        ? `at most ${MAX_FILTER_VALUES} values`
        : undefined;
  if (limit === undefined) return;
  throw new ApiProblem('invalid_parameter', {
    detail: `${name}: ${limit}`,
    parameter: name,
    value: value.slice(0, 200),
    limit,
    fix: 'filter by fewer or shorter values',
  });
}

/**
 * Checks a query string against the parameters of an endpoint. `filter.DIM=VALUE` is taken where the endpoint has
 * filters; repeated, it means any of the values.
 * @throws ApiProblem `invalid_parameter` or `unknown_parameter`, naming the first thing that is wrong.
 */
export function checkQuery<Shape extends z.ZodRawShape>(
  search: URLSearchParams,
  shape: Shape,
  hasFilters: boolean,
): CheckedQuery<z.output<z.ZodObject<Shape>>> {
  const raw: Record<string, string> = {};
  const filters: Record<string, string[]> = {};
  const valid = [...Object.keys(shape), ...(hasFilters ? ['filter.DIMENSION'] : [])];
  for (const [name, value] of search) {
    if (hasFilters && name.startsWith('filter.')) addFilter(filters, name, value);
    else if (!Object.hasOwn(shape, name)) refuseUnknown(name, value, valid);
    else if (raw[name] !== undefined) {
      throw new ApiProblem('invalid_parameter', {
        detail: `${name} is given twice`,
        parameter: name,
        value: value.slice(0, 200),
        limit: 'once',
        fix: 'give it once',
      });
    } else raw[name] = value;
  }
  const parsed = z.object(shape).safeParse(raw);
  if (parsed.success) return { values: parsed.data, filters };
  throw toProblem(parsed.error, raw, shape);
}

function toProblem(error: z.ZodError, raw: Readonly<Record<string, string>>, shape: z.ZodRawShape): ApiProblem {
  const issue = error.issues[0];
  const name = String(issue?.path[0] ?? '');
  const value = raw[name];
  const limit = issue ? explainIssue(issue, value) : 'is wrong';
  const schema = shape[name];
  const examples = schema instanceof z.ZodType ? schema.meta()?.['examples'] : undefined;
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  return new ApiProblem('invalid_parameter', {
    detail: `${name} ${value === undefined ? '' : `${showValue(value)} `}${limit}`,
    parameter: name,
    ...(value === undefined ? {} : { value: value.slice(0, 200) }),
    limit,
    ...(typeof example === 'string' ? { fix: `for example ${name}=${example}` } : {}),
  });
}

/** The three parameters of time, as given. */
export interface GivenRange {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly days?: number | undefined;
}

/** How a range is resolved. */
export interface RangeRules {
  /** The longest range that is answered. Default: 3660. */
  readonly maxDays?: number;
  /** What `days` ends with: the current hour, or the current UTC day. Default: hour. */
  readonly daysEndWith?: 'hour' | 'day';
}

/**
 * The time that `from`, `to` and `days` mean at an instant: at 10:20 `days=1` is [11:00 yesterday, 11:00).
 * @throws ApiProblem `invalid_parameter` where they contradict each other or span too much.
 */
export function resolveRange(given: GivenRange, nowMs: number, rules: RangeRules = {}): TimeRange {
  if (given.days !== undefined && (given.from !== undefined || given.to !== undefined)) {
    throw new ApiProblem('invalid_parameter', {
      detail: 'days stands for from and to, and cannot be given with them',
      parameter: 'days',
      value: String(given.days),
      limit: 'either days, or from and to',
      fix: 'leave out days',
    });
  }
  const range = rangeOf(given, nowMs, rules.daysEndWith ?? 'hour');
  const value = new Date(range.fromMs).toISOString();
  if (range.fromMs >= range.toMs) {
    throw new ApiProblem('invalid_parameter', {
      detail: `from ${value} must be before to ${new Date(range.toMs).toISOString()}`,
      parameter: 'from',
      value,
      limit: 'must be before to',
      fix: 'swap them, or give an earlier from',
    });
  }
  const maxDays = rules.maxDays ?? 3660;
  if (range.toMs - range.fromMs > maxDays * DAY_MS) {
    throw new ApiProblem('invalid_parameter', {
      detail: `the range from ${value} is longer than ${maxDays} days`,
      parameter: given.days === undefined ? 'from' : 'days',
      value: given.days === undefined ? value : String(given.days),
      limit: `at most ${maxDays} days`,
      fix: 'ask for a shorter range',
    });
  }
  return range;
}

function rangeOf(given: GivenRange, nowMs: number, daysEndWith: 'hour' | 'day'): TimeRange {
  const today = utcDay(nowMs);
  if (given.days !== undefined) {
    const toMs = daysEndWith === 'day' ? today.toMs : (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS;
    return { fromMs: toMs - given.days * DAY_MS, toMs };
  }
  const month = utcMonth(nowMs);
  if (given.from === undefined) {
    const toMs = given.to ?? month.toMs;
    return { fromMs: given.to === undefined ? month.fromMs : utcMonth(toMs - 1).fromMs, toMs };
  }
  return { fromMs: given.from, toMs: given.to ?? today.toMs };
}
