import { formatPicoUsd, parsePicoUsd } from '@costel/pricing';
import { expect } from 'vitest';
import { waitFor } from '../../support/stack.js';
import { compareWithBooks, type Books } from './books.js';
import type { CostelProcess } from './costel-process.js';

/** Waits until the API's total at rest is the books', exactly; then compares call by call. */
export async function expectTotals(stack: CostelProcess, books: Books, limitMs = 180_000): Promise<void> {
  const cost = formatPicoUsd(parsePicoUsd(books.costUsd));
  const expected = { cost_usd: cost, calls: books.calls, unpriced_calls: 0 };
  await waitFor(
    async () => JSON.stringify(await readTotal(stack)) === JSON.stringify(expected),
    `a total of $${cost}`,
    limitMs,
  ).catch(() => undefined);
  expect(await readTotal(stack)).toEqual(expected);
  expect(await compareWithBooks(stack, books)).toEqual({ lost: [], unknown: [], double: [] });
}

async function readTotal(stack: CostelProcess): Promise<object> {
  const { cost_usd, calls, unpriced_calls } = await stack.total();
  return { cost_usd, calls, unpriced_calls };
}
