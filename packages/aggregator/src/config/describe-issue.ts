import type { z } from 'zod';
import { DIMENSION_NAMES } from '../dimensions.js';
import { explainIssue, showValue } from '../explain-issue.js';
import { nearestName } from '../nearest-name.js';
import { validKeys } from './json-schema.js';
import type { ConfigPath } from './parse-source.js';

/** Lists whose items are named in errors, by where they are in the file. */
const SINGULAR: Readonly<Record<string, string>> = {
  budgets: 'budget',
  channels: 'channel',
  'prices.overrides': 'override',
  'prices.discounts': 'discount',
  'prices.self_hosted': 'self-hosted model',
  'prices.regions': 'region',
};

/** The list that a path leads into, what its items are called, and how many steps lead to the item. */
function listOf(path: ConfigPath): { readonly singular: string; readonly steps: number } | undefined {
  for (const steps of [1, 2]) {
    const singular = SINGULAR[path.slice(0, steps).join('.')];
    if (singular !== undefined && typeof path[steps] === 'number') return { singular, steps: steps + 1 };
  }
  return undefined;
}

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
  const list = listOf(path);
  if (list === undefined) return '';
  const item = path.slice(0, list.steps);
  const name = valueAt(root, [...item, 'name']);
  return `${list.singular} ${typeof name === 'string' ? JSON.stringify(name) : `#${Number(item.at(-1)) + 1}`}: `;
}

/** The rest of a path after its label, e.g. `scope.feature` or `thresholds[1]`. */
function fieldOf(path: ConfigPath): string {
  const rest = path.slice(listOf(path)?.steps ?? 0);
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
  if (issue.code === 'invalid_key' && path[0] === 'prices') {
    const message = issue.issues[0]?.message ?? 'is not valid here';
    return [{ path, message: `${fieldOf(path.slice(0, -1))}: key ${JSON.stringify(path.at(-1))} ${message}` }];
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
