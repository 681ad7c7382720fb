import { StoreError } from '../engine/store-error.js';

/** The dimensions with one column each; a dimension's name is its column's name. */
export const DIMENSIONS = [
  'provider',
  'model',
  'operation',
  'service',
  'environment',
  'feature',
  'user',
  'customer',
  'team',
  'project',
  'agent',
  'conversation',
] as const;

/** What costs can be grouped and filtered by: a column, or the tag of a name, e.g. `tag.experiment`. */
export type Dimension = (typeof DIMENSIONS)[number] | `tag.${string}`;

const COLUMNS: ReadonlySet<string> = new Set(DIMENSIONS);
const TAG_PREFIX = 'tag.';
const MAX_TAG_NAME_LENGTH = 256;

/** Whether costs can be grouped by this; the door for names that come from outside. */
export function isDimension(name: string): name is Dimension {
  if (COLUMNS.has(name)) return true;
  return name.startsWith(TAG_PREFIX) && name.length > TAG_PREFIX.length && name.length <= MAX_TAG_NAME_LENGTH;
}

/** The tag's name, e.g. `experiment` of `tag.experiment`; undefined for a column. */
export function tagOf(dimension: Dimension): string | undefined {
  return dimension.startsWith(TAG_PREFIX) ? dimension.slice(TAG_PREFIX.length) : undefined;
}

/** @throws StoreError `parameter_invalid` naming every dimension, when this is none. */
export function checkedDimension(name: string): Dimension {
  if (isDimension(name)) return name;
  throw new StoreError(
    'parameter_invalid',
    `dimension ${JSON.stringify(name.slice(0, 64))} must be one of ${DIMENSIONS.join(', ')} or tag.NAME`,
  );
}
