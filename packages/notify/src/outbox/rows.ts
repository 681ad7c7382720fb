import { NotifyError } from '../error.js';

/** `YYYY-MM-DD hh:mm:ss.sss` in UTC: how a DateTime64(3) is written in a row. */
export function toDateTime64(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
}

/** A number from a row, where 64-bit integers arrive as strings. @throws NotifyError `outbox_row_invalid`. */
export function toNumber(column: string, value: unknown): number {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN;
  if (Number.isNaN(number)) {
    throw new NotifyError(
      'outbox_row_invalid',
      `outbox: column ${column} holds ${JSON.stringify(value)}, not a number`,
    );
  }
  return number;
}

/** A string from a row. @throws NotifyError `outbox_row_invalid`. */
export function toText(column: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new NotifyError('outbox_row_invalid', `outbox: column ${column} holds ${JSON.stringify(value)}, not text`);
  }
  return value;
}
