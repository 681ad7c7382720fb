import { DIMENSIONS } from '@costel/store';
import { describe, expect, it } from 'vitest';
import { DIMENSION_NAMES } from '../src/dimensions.js';

describe('the dimensions', () => {
  it('of budgets and of the API are the columns of the ledger, in one order', () => {
    expect(DIMENSION_NAMES).toEqual(DIMENSIONS);
  });
});
