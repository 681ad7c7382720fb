/**
 * Where the content of calls goes: nowhere, onto the span, into an event (a log record), or both. Prompts and answers
 * leave the process only where this says so.
 */
export type ContentCapture = 'none' | 'span' | 'event' | 'span_and_event';

/** The variable by which the conventions have content turned on. */
export const CAPTURE_VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';

/** The variable's values: those that other instrumentations agree on, and the booleans of the time before. */
const MODE_OF_VALUE: Readonly<Record<string, ContentCapture>> = {
  true: 'span',
  false: 'none',
  no_content: 'none',
  span_only: 'span',
  event_only: 'event',
  span_and_event: 'span_and_event',
};

/**
 * What the environment says; a value that is not known captures nothing, for that is the safe way to be wrong.
 * @param onUnknown told of such a value.
 */
export function captureOfEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
  onUnknown: (value: string) => void,
): ContentCapture {
  const value = environment[CAPTURE_VARIABLE]?.trim().toLowerCase() ?? '';
  if (value === '') return 'none';
  const mode = Object.hasOwn(MODE_OF_VALUE, value) ? MODE_OF_VALUE[value] : undefined;
  if (mode === undefined) onUnknown(value);
  return mode ?? 'none';
}
