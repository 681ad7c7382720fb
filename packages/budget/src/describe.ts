import type { Budget } from './budget.js';
import { formatScopeValue, type Crossing } from './evaluate.js';
import { calendarDateAt } from './time-zone.js';

const CENT_PICO_USD = 10_000_000_000n;

/**
 * Dollars for people: rounded half up to cents, or to four significant digits below one cent.
 * 7,605,000,000,000 is `$7.61`, 1,234,567 is `$0.000001235`.
 */
export function formatUsd(picoUsd: bigint): string {
  if (picoUsd === 0n || picoUsd >= CENT_PICO_USD) {
    const cents = (picoUsd + CENT_PICO_USD / 2n) / CENT_PICO_USD;
    return `$${cents / 100n}.${(cents % 100n).toString().padStart(2, '0')}`;
  }
  const digits = picoUsd.toString();
  const unit = 10n ** BigInt(Math.max(0, digits.length - 4));
  const rounded = ((picoUsd + unit / 2n) / unit) * unit;
  return `$0.${rounded.toString().padStart(12, '0')}`.replace(/0+$/, '');
}

function describePeriod(budget: Pick<Budget, 'window' | 'timeZone'>, startMs: number): string {
  const { year, month, day } = calendarDateAt(budget.timeZone, startMs);
  const monthText = `${year}-${String(month).padStart(2, '0')}`;
  const dayText = `${monthText}-${String(day).padStart(2, '0')}`;
  const period = { day: dayText, week: `the week of ${dayText}`, month: monthText }[budget.window];
  return budget.timeZone === 'UTC' ? period : `${period} (${budget.timeZone})`;
}

/**
 * One sentence for people, e.g. `budget "search" has reached 75 % of $10.00 in 2026-11: $7.60 spent`. The scope value of a
 * grouped budget and late data are named.
 */
export function describeCrossing(budget: Pick<Budget, 'window' | 'timeZone'>, crossing: Crossing): string {
  const scope = formatScopeValue(crossing.scopeValue);
  const name = `budget "${crossing.budgetName}"${scope === '' ? '' : ` for ${scope}`}`;
  const limit = formatUsd(crossing.limitPicoUsd);
  const period = describePeriod(budget, crossing.period.startMs);
  const assumed = crossing.assumedPicoUsd;
  const beside = assumed === 0n ? '' : ` and at most ${formatUsd(assumed)} for calls without a price`;
  const spent = `${formatUsd(crossing.spentPicoUsd)} spent${beside}`;
  if (crossing.kind === 'budget_forecast')
    return `${name} is expected to exceed ${limit} in ${period}: ${spent} so far`;
  const late = crossing.isLate ? ', found in late data' : '';
  return `${name} has reached ${crossing.thresholdPercent} % of ${limit} in ${period}: ${spent}${late}`;
}
