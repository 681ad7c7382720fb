import { asRecord } from '../sdks/read-unknown.js';
import { isPlainName } from '../telemetry/error-name.js';

/** Where SDKs' errors keep the HTTP status of the answer. */
const STATUS_FIELDS = ['status', 'statusCode', 'status_code'] as const;

/** The HTTP status of an error response; 4xx and 5xx answers are not billed. */
export function httpStatusOf(error: unknown): number | undefined {
  const fields = asRecord(error);
  if (fields === undefined) return undefined;
  for (const name of STATUS_FIELDS) {
    const status = fields[name];
    if (typeof status === 'number') return status;
  }
  const status = asRecord(fields['$metadata'])?.['httpStatusCode'];
  return typeof status === 'number' ? status : undefined;
}

/** Classes that tell less than the error's name: of an aborted `fetch`, of a timeout. */
const VAGUE_CLASSES: ReadonlySet<string> = new Set(['', 'Error', 'DOMException']);

/** The error's class, e.g. `RateLimitError`: few values, and no content as a message could have. */
export function errorTypeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const { name } = error.constructor;
  return VAGUE_CLASSES.has(name) && isPlainName(error.name) ? error.name : name || 'Error';
}
