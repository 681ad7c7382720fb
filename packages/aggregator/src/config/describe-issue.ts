import type { z } from 'zod';
import { DIMENSION_NAMES } from '../dimensions.js';
import { explainIssue, showValue } from '../explain-issue.js';
import { nearestName } from '../nearest-name.js';
import { validKeys } from './json-schema.js';
import type { ConfigPath } from './parse-source.js';

const SINGULAR: Readonly<Record<string, string>> = { budgets: 'budget', channels: 'channel' };

/** The value at a path, or undefined. */
function valueAt(root: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>(
    (node, step) =>
      typeof node === 'object' && node !== null ? (node as Record<string | number, unknown>)[step] : undefined,
    root,
  );
}

/** How the thing around a value is named at the start of an error: `budget "search": ` or `budget #2: `, else nothing. */
export function labelOf(path: ConfigPath, root: unknown): string {
  const [section, index] = path;
  const singular = SINGULAR[String(section)];
  if (singular === undefined || typeof index !== 'number') return '';
  const name = valueAt(root, [String(section), index, 'name']);
  return `${singular} ${typeof name === 'string' ? JSON.stringify(name) : `#${index + 1}`}: `;
}

/** The rest of a path after its label, e.g. `scope.feature` or `thresholds[1]`. */
function fieldOf(path: ConfigPath): string {
  const rest = SINGULAR[String(path[0])] !== undefined && typeof path[1] === 'number' ? path.slice(2) : path;
  return rest.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('');
}

/** One sentence, and where it belongs. */
export interface DescribedIssue {
  readonly path: ConfigPath;
  readonly message: string;
}

function describeUnknownKey(parent: ConfigPath, key: string, valid: readonly string[], root: unknown): DescribedIssue {
  const path = [...parent, key];
  const near = nearestName(key, valid);
  const fix = near === undefined ? `valid here: ${valid.join(', ')}` : `did you mean ${JSON.stringify(near)}?`;
  const kind = parent.at(-1) === 'scope' ? 'dimension' : 'key';
  const place = fieldOf(parent);
  return {
    path,
    message: `${labelOf(path, root)}unknown ${kind} ${JSON.stringify(key)}${place === '' ? '' : ` in ${place}`}; ${fix}`,
  };
}

/** An issue with what it was found in. */
export interface IssueToDescribe {
  readonly issue: z.core.$ZodIssue;
  /** The file's content. */
  readonly root: unknown;
  /** What was written where a secret now stands; see `resolveSecrets`. */
  readonly references: ReadonlyMap<string, string>;
  readonly schema: z.ZodType;
}

/**
 * Turns an issue of the schema into sentences with label, value, limit and fix, e.g.
 * `budget "search": limit_usd -5 must be > 0`. A value that a secret went into is shown as it was written.
 */
export function describeIssue({ issue, root, references, schema }: IssueToDescribe): DescribedIssue[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => describeUnknownKey(path, key, validKeys(schema, path), root));
  }
  if (issue.code === 'invalid_key') {
    return [describeUnknownKey(path.slice(0, -1), String(path.at(-1)), [...DIMENSION_NAMES, 'tag.NAME'], root)];
  }
  const value = valueAt(root, path);
  const shown = value === undefined ? '' : ` ${references.get(path.join('\0')) ?? showValue(value)}`;
  const field = fieldOf(path);
  const subject = field === '' ? 'the file' : field;
  return [
    {
      path,
      message: `${labelOf(path, root)}${subject}${field === '' && typeof value === 'object' ? '' : shown} ${explainIssue(issue, value)}`,
    },
  ];
}
