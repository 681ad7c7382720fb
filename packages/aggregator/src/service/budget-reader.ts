import type { Budget, BudgetWithSpend } from '@costel/budget';
import { evaluateBudgets, type ReadSpend } from './budget-watch.js';

/** What fresh figures are read with. */
export interface BudgetReaderOptions {
  readonly budgets: readonly Budget[];
  readonly readSpend: ReadSpend;
  /** See `StoreParts.readLedgerVersion`. */
  readonly readLedgerVersion: () => Promise<string>;
  readonly clock: () => number;
}

/** Figures are read again at least this often, also where the ledger has not changed: periods end by themselves. */
const MAX_AGE_MS = 1000;

/**
 * Reads how the budgets stand at the moment of asking, once for all who ask meanwhile: a reading that was under way when
 * somebody asked may be older than the question, so the one after it answers.
 */
export class BudgetReader {
  readonly #options: BudgetReaderOptions;
  #current: Promise<readonly BudgetWithSpend[]> | undefined;
  #next: Promise<readonly BudgetWithSpend[]> | undefined;
  #read: { readonly atMs: number; readonly ledgerVersion: string; readonly statuses: readonly BudgetWithSpend[] } = {
    atMs: Number.NEGATIVE_INFINITY,
    ledgerVersion: '',
    statuses: [],
  };

  constructor(options: BudgetReaderOptions) {
    this.#options = options;
  }

  /** The current windows, with everything that the ledger held when this was called; never two readings at once. */
  readNow(): Promise<readonly BudgetWithSpend[]> {
    // It begins a moment after the one before it has ended; a reading begun in that moment could end after it with less.
    if (this.#next !== undefined) return this.#next;
    if (this.#current === undefined) return this.#start();
    return (this.#next = this.#current
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#start();
      }));
  }

  #start(): Promise<readonly BudgetWithSpend[]> {
    const reading = this.#evaluate().finally(() => {
      if (this.#current === reading) this.#current = undefined;
    });
    return (this.#current = reading);
  }

  async #evaluate(): Promise<readonly BudgetWithSpend[]> {
    const { budgets, readSpend, readLedgerVersion, clock } = this.#options;
    const atMs = clock();
    // Read before the spend: what commits in between is a new version to the next reading.
    const ledgerVersion = await readLedgerVersion();
    if (ledgerVersion !== this.#read.ledgerVersion || atMs - this.#read.atMs >= MAX_AGE_MS) {
      const { statuses } = await evaluateBudgets(budgets, readSpend, atMs);
      this.#read = { atMs, ledgerVersion, statuses };
    }
    return this.#read.statuses;
  }
}
