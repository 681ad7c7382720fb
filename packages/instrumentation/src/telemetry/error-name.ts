/** A name as code gives it, e.g. `RateLimitError` or `ECONNRESET`: what anything longer or looser says may be content. */
const PLAIN_NAME = /^[A-Za-z_$][\w$]{0,63}$/;

/** Whether a text is a name and no message: an error's `name` and `code` are whatever somebody wrote there. */
export function isPlainName(value: unknown): value is string {
  return typeof value === 'string' && PLAIN_NAME.test(value);
}
