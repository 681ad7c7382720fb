import type { Budget, BudgetWithSpend } from '@costel/budget';
import type { AlertRecord, Outbox } from '@costel/notify';
import type { Config } from '../config/config.js';
import { findResolutions, toAlert, type AlertContext } from './budget-alerts.js';
import { evaluateBudgets, toBudgets, type ReadSpend } from './budget-watch.js';

/** Budgets as they stand, kept by a tick. */
export interface BudgetService {
  /** Evaluates all budgets, raises what was crossed, resolves what is over. */
  readonly evaluate: () => Promise<void>;
  /** The current windows by the latest evaluation; evaluates first where there was none. */
  readonly readStatuses: () => Promise<readonly BudgetWithSpend[]>;
}

/** What budgets work with. */
export interface BudgetServiceOptions {
  readonly config: Config;
  readonly readSpend: ReadSpend;
  /** See `StoreParts.readLedgerVersion`. */
  readonly readLedgerVersion: () => Promise<string>;
  readonly outbox: Outbox;
  /** Address of the page; asked for at each alert, for the port may be known only then. */
  readonly publicUrl: () => string;
  readonly clock: () => number;
}

/** How far back standing alerts are looked for: twice the longest window. */
const STANDING_MS = 62 * 86_400_000;
/** How often the list of standing alerts is read again; they change only through us, except across restarts. */
const STANDING_REFRESH_MS = 60_000;
const MAX_STANDING = 10_000;
/** Budgets are evaluated at least this often, also where the ledger has not changed: periods end by themselves. */
const MAX_PAUSE_MS = 15_000;

class LedgerBudgets implements BudgetService {
  readonly #options: BudgetServiceOptions;
  readonly #budgets: readonly Budget[];
  readonly #context: AlertContext;
  #statuses: readonly BudgetWithSpend[] | undefined;
  #evaluated = { atMs: Number.NEGATIVE_INFINITY, ledgerVersion: '' };
  #standing: readonly AlertRecord[] = [];
  #standingReadAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: BudgetServiceOptions) {
    const { config, publicUrl } = options;
    this.#options = options;
    this.#budgets = toBudgets(config.budgets);
    const byId = this.#budgets.flatMap((budget, index) => {
      const budgetConfig = config.budgets[index];
      return budgetConfig === undefined ? [] : [[budget.id, { budget, config: budgetConfig }] as const];
    });
    this.#context = { budgets: new Map(byId), channelNames: config.channels.map((channel) => channel.name), publicUrl };
  }

  evaluate = async (): Promise<void> => {
    const { readSpend, readLedgerVersion, outbox, clock } = this.#options;
    // Read before the spend: what commits in between is a new version to the next run.
    const ledgerVersion = await readLedgerVersion();
    const isCurrent = ledgerVersion === this.#evaluated.ledgerVersion && clock() - this.#evaluated.atMs < MAX_PAUSE_MS;
    if (isCurrent) return;
    const evaluation = await evaluateBudgets(this.#budgets, readSpend, clock());
    this.#statuses = evaluation.statuses;
    const alerts = evaluation.crossings.flatMap((crossing) => toAlert(crossing, this.#context, evaluation.atMs) ?? []);
    const raised = alerts.length === 0 ? [] : await outbox.raise(alerts);
    await this.#readStanding(evaluation.atMs, raised.length > 0);
    const resolutions = findResolutions(this.#standing, evaluation, this.#context);
    if (resolutions.length > 0) {
      await outbox.resolve(resolutions);
      const over = new Set(resolutions.map(({ key }) => key));
      this.#standing = this.#standing.filter(({ alert }) => !over.has(alert.key));
    }
    this.#evaluated = { atMs: evaluation.atMs, ledgerVersion };
  };

  readStatuses = async (): Promise<readonly BudgetWithSpend[]> => {
    if (this.#statuses === undefined) {
      const { readSpend, clock } = this.#options;
      return (await evaluateBudgets(this.#budgets, readSpend, clock())).statuses;
    }
    return this.#statuses;
  };

  async #readStanding(nowMs: number, isChanged: boolean): Promise<void> {
    if (!isChanged && nowMs - this.#standingReadAtMs < STANDING_REFRESH_MS) return;
    this.#standing = await this.#options.outbox.listAlerts({
      state: 'firing',
      sinceMs: nowMs - STANDING_MS,
      limit: MAX_STANDING,
    });
    this.#standingReadAtMs = nowMs;
  }
}

/** Makes the budgets of a configuration; `evaluate` is what a tick calls. */
export function createBudgetService(options: BudgetServiceOptions): BudgetService {
  return new LedgerBudgets(options);
}
