/**
 * Whether a name is an IANA time zone that this Node knows, e.g. `Asia/Kathmandu`. Bare offsets such as `+02:00` are
 * refused: they have no summer time, and older Node versions do not take them.
 */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
