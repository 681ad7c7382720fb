import { BUDGET_DIMENSIONS } from '@costel/budget';

/** The dimensions of cost: each is a column of the ledger of the same name. `tag.NAME` comes besides. */
export const DIMENSION_NAMES = BUDGET_DIMENSIONS;

/** A dimension that the application named itself: `tag.NAME`, the name without blanks and commas, up to 250 characters. */
export const TAG_DIMENSION = /^tag\.[^\s,]{1,250}$/;

const names: ReadonlySet<string> = new Set(DIMENSION_NAMES);

/** Whether a text names a dimension. */
export function isDimension(text: string): boolean {
  return names.has(text) || TAG_DIMENSION.test(text);
}
