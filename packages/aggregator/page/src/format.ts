const counts = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** Dollars for reading: `$1,234.50`, `$0.30`, `$0.0042`, `<$0.0001`; the exact figure belongs in a title. */
export function formatUsd(exact: string | number): string {
  const value = Number(exact);
  if (value === 0) return '$0';
  const size = Math.abs(value);
  if (size < 0.0001) return '<$0.0001';
  const digits = size >= 1 ? 2 : size >= 0.01 ? 3 : 4;
  return value.toLocaleString('en', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: 2,
    maximumFractionDigits: digits,
  });
}

/** A cost that may have parts without a price: `$1.20`, `$1.20 + unpriced`, `unpriced`; never $0 for what is not known. */
export function formatCost(exact: string | number, unpricedCalls: number): string {
  if (unpricedCalls === 0) return formatUsd(exact);
  return Number(exact) === 0 ? 'unpriced' : `${formatUsd(exact)} + unpriced`;
}

/** The start of a step on the time axis: `18:00` within a day, `Nov 22` for days and for midnights. */
export function formatStart(startSeconds: number, stepSeconds: number): string {
  const start = new Date(startSeconds * 1000);
  const isMidnight = startSeconds % 86_400 === 0;
  if (stepSeconds < 86_400 && !isMidnight) return start.toISOString().slice(11, 16);
  return start.toLocaleDateString('en', { month: 'short', day: 'numeric', timeZone: 'UTC' });
}

/** An instant for reading, e.g. `Nov 22, 18:04 UTC`. */
export function formatInstant(iso: string): string {
  const text = new Date(iso).toLocaleString('en', {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });
  return `${text} UTC`;
}

/** `1 call`, `2 calls`, `1.2K calls`. */
export function formatCalls(calls: number): string {
  return `${formatCount(calls)} ${calls === 1 ? 'call' : 'calls'}`;
}

/** A count for reading: `950`, `1.2K`, `3.4M`. */
export function formatCount(value: number): string {
  return counts.format(value);
}

/** A duration: `87 ms`, `1.25 s`, `2.1 min`; a dash where nothing was measured. */
export function formatMilliseconds(value: number | null): string {
  if (value === null) return '–';
  if (value < 1000) return `${Math.round(value)} ms`;
  return value < 60_000 ? `${(value / 1000).toFixed(2)} s` : `${(value / 60_000).toFixed(1)} min`;
}

/** A share of a whole: `0 %`, `<0.1 %`, `12.3 %`. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const percent = (100 * part) / whole;
  return percent < 0.1 ? '<0.1 %' : `${percent.toFixed(1)} %`;
}

/** The visible name of a group: its values, what an empty value means, or that it is all the others. */
export function nameOf(key: Readonly<Record<string, string>>, rest = false): string {
  if (rest) return 'everything else';
  const values = Object.values(key);
  return values.map((value) => (value === '' ? '(not set)' : value)).join(' · ');
}
