import type { CallDimensions } from './call-facts.js';
import type { BudgetBook } from './scope-book.js';

/** Finds the budgets that are about a call without a look at all of them. */
export class BudgetIndex {
  /** By the value of their first filter; those without filters are under the empty dimension. */
  readonly #byDimension = new Map<string, Map<string, BudgetBook[]>>();

  constructor(books: Iterable<BudgetBook>) {
    for (const book of books) this.#add(book);
  }

  /** The budgets that are about a call. */
  about(dimensions: CallDimensions): BudgetBook[] {
    const found: BudgetBook[] = [];
    for (const [dimension, byValue] of this.#byDimension) {
      for (const budget of byValue.get(dimension === '' ? '' : dimensions(dimension)) ?? []) {
        const { filters } = budget.state;
        let isAbout = true;
        for (const name in filters) if (filters[name]?.includes(dimensions(name)) !== true) isAbout = false;
        if (isAbout) found.push(budget);
      }
    }
    return found;
  }

  #add(book: BudgetBook): void {
    const [dimension = '', values = ['']] = Object.entries(book.state.filters)[0] ?? [];
    const byValue = this.#byDimension.get(dimension) ?? new Map<string, BudgetBook[]>();
    this.#byDimension.set(dimension, byValue);
    for (const value of values) byValue.set(value, [...(byValue.get(value) ?? []), book]);
  }
}
