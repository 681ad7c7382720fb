import { asRecord } from '../sdks/read-unknown.js';

/**
 * A copy of the request that also asks for the usage of its stream, or undefined when the caller already decided about
 * that. The caller's own object is never touched; one with a prototype of its own is left alone, for a copy would
 * lose it.
 */
export function askingForUsage(body: unknown): Readonly<Record<string, unknown>> | undefined {
  const request = asRecord(body);
  if (request?.['stream'] !== true || Object.getPrototypeOf(request) !== Object.prototype) return undefined;
  const options = asRecord(request['stream_options']);
  if (options?.['include_usage'] !== undefined) return undefined;
  return { ...request, stream_options: { ...options, include_usage: true } };
}
