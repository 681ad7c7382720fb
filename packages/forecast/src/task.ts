import { ForecastError } from './error.js';
import { forecastMonth } from './month.js';
import type { DailySpend } from './series.js';
import type { Quantiles } from './simulate.js';

/** One line of the answer of `costel forecast`; field names as in its JSON. */
export interface ForecastAnswer {
  readonly id: string;
  /** Each date of the task, in the unit of its history. */
  readonly mean: readonly number[];
  readonly quantiles: Quantiles<readonly number[]>;
  /** Sum of the first `rem` dates; what is spent already is not in it. */
  readonly month_total: { readonly mean: number; readonly quantiles: Quantiles<number> };
  readonly method: string;
  readonly notes: readonly string[];
}

function invalid(what: string): ForecastError {
  return new ForecastError('task_invalid', `task: ${what}`);
}

function parseHistory(value: unknown): readonly DailySpend[] {
  if (!Array.isArray(value)) throw invalid('history must be a list of [date, value]');
  return value.map((entry: unknown, index) => {
    const [date, amount]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (typeof date !== 'string' || (typeof amount !== 'number' && amount !== null)) {
      throw invalid(`history[${index}] ${JSON.stringify(entry)} must be [date, number or null]`);
    }
    return { date, valueUsd: amount };
  });
}

function parseDates(value: unknown): readonly string[] {
  const isDates = Array.isArray(value) && value.every((date): date is string => typeof date === 'string');
  if (!isDates) throw invalid('dates must be a list of YYYY-MM-DD');
  return value;
}

function parseNumber(name: string, value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value !== 'number') throw invalid(`${name} ${JSON.stringify(value)} must be a number`);
  return value;
}

/**
 * Answers one line of `costel forecast`: `{"id", "history":[["2026-11-01",1.5],…], "dates":[…], "rem", "spent"}`.
 * `rem` may be left out for all dates, `spent` for 0; further fields are ignored.
 *
 * @throws ForecastError `task_invalid` for a line that is no task, and as `forecastMonth` does.
 */
export function forecastTask(line: string): ForecastAnswer {
  let task: unknown;
  try {
    task = JSON.parse(line);
  } catch (cause) {
    throw new ForecastError('task_invalid', `task: not JSON: ${line.slice(0, 80)}`, { cause });
  }
  if (typeof task !== 'object' || task === null || Array.isArray(task)) throw invalid('must be a JSON object');
  const fields: Readonly<Record<string, unknown>> = { ...task };
  const id = fields['id'];
  if (typeof id !== 'string') throw invalid(`id ${JSON.stringify(id)} must be a string`);
  const dates = parseDates(fields['dates']);
  const forecast = forecastMonth({
    history: parseHistory(fields['history']),
    dates,
    remainingDays: parseNumber('rem', fields['rem'], dates.length),
    spentUsd: parseNumber('spent', fields['spent'], 0),
  });
  return {
    id,
    mean: forecast.meanEstimateUsd,
    quantiles: forecast.quantilesEstimateUsd,
    month_total: { mean: forecast.sum.meanEstimateUsd, quantiles: forecast.sum.quantilesEstimateUsd },
    method: forecast.method,
    notes: forecast.notes,
  };
}
