import { asText } from '../sdks/read-unknown.js';

/** An instant as any SDK or answer states it: a `Date`, seconds since 1970, or ISO 8601; milliseconds since 1970. */
export function instantMs(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isFinite(value)) return value * 1000;
  const instant = value instanceof Date ? value.getTime() : Date.parse(asText(value) ?? '');
  return Number.isNaN(instant) ? undefined : instant;
}
