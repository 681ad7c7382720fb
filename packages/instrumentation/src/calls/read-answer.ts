import { createStreamReader, readUsage, type StreamReader, type UsageReading, withImageSize } from '@costel/pricing';
import { countJob } from '../jobs/known-jobs.js';
import { asRecord } from '../sdks/read-unknown.js';
import type { CallStart } from './llm-call.js';

/** What the parsed answer of a call says; `provider` is who really answered. */
export function readAnswer(
  { method, body }: CallStart,
  provider: string,
  answer: unknown,
  headers: unknown,
): UsageReading | undefined {
  if (method.readAnswer !== undefined) return method.readAnswer(answer, body, provider);
  const reading = readUsage(method.api, provider, answer, headers);
  return reading !== undefined && method.api === 'images' ? withImageSize(reading, body) : reading;
}

/** What reads the chunks of a call's stream. */
export function createReader({ method, body }: CallStart, provider: string): StreamReader {
  return method.createReader?.(body, provider) ?? createStreamReader(method.api, provider);
}

/**
 * What a stream said so far, estimated from the request and the text seen where it did not say all.
 * @param reader What the chunks were given to; absent: none came.
 */
export function readStream(
  start: CallStart,
  provider: string,
  reader: StreamReader = createReader(start, provider),
): UsageReading | undefined {
  const { method, body } = start;
  if (method.readAnswer !== undefined && method.createReader === undefined)
    return method.readAnswer(undefined, body, provider);
  const reading = reader.finish({ estimateFromRequest: method.readText?.(body) ?? body });
  // What was streamed is counted here, not when it is looked at later.
  if (reading?.responseId !== undefined && asRecord(body)?.['background'] === true) countJob(reading.responseId);
  return reading;
}
