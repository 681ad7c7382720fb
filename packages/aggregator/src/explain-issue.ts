import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/** `"day", "week" or "month"`. */
export function listNames(names: readonly unknown[]): string {
  const quoted = names.map((item) => JSON.stringify(item));
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section (name: value)',
  record: 'a section (name: value)',
};

function explainSize(limit: number | bigint, sign: string, origin: string): string {
  if (origin === 'array') return `must have ${sign} ${limit} items`;
  if (origin === 'string') return `must have ${sign} ${limit} characters`;
  return `must be ${sign} ${limit}`;
}

/**
 * The limit that a value broke, as the end of a sentence, e.g. `must be > 0`. Works on a schema's issue; texts that a
 * schema gives itself are passed on.
 */
export function explainIssue(issue: Issue, value: unknown): string {
  if (value === undefined && ['invalid_type', 'invalid_value', 'invalid_union'].includes(issue.code))
    return 'is missing';
  if (issue.code === 'invalid_type') return `must be ${TYPE_NAMES[issue.expected] ?? issue.expected}`;
  if (issue.code === 'too_small')
    return explainSize(issue.minimum, issue.inclusive === false ? '>' : '>=', issue.origin);
  if (issue.code === 'too_big') return explainSize(issue.maximum, issue.inclusive === false ? '<' : '<=', issue.origin);
  return issue.code === 'invalid_value' ? `must be ${listNames(issue.values)}` : issue.message;
}

/** How a value is shown in an error: as it was written, shortened to 80 characters. */
export function showValue(value: unknown): string {
  const text =
    typeof value === 'number' || typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? 'undefined');
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`;
}
