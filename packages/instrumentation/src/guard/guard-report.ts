import { picoUsd, type PicoUsd } from '@costel/pricing';
import type { Entry } from './guard-books.js';
import type { BudgetBook, ScopeBook } from './scope-book.js';

/** What a guard reports: what it holds, and which finished calls it would like to be rid of. */
export interface Report {
  readonly holds: readonly {
    readonly budget: string;
    readonly scope: Readonly<Record<string, string>>;
    readonly heldPicoUsd: PicoUsd;
    readonly isActive: boolean;
  }[];
  readonly finished: readonly { readonly entry: Entry; readonly holds: readonly number[] }[];
  readonly scopes: readonly ScopeBook[];
}

/** Finished calls named in one report, those first that were not named for longest. */
const MAX_FINISHED_IN_REPORT = 2000;

/** Scope values that the finished calls of one report name, all together: of a thousand budgets a call names as many. */
const MAX_NAMED_IN_REPORT = 50_000;

/** Values of grouped budgets named in one report, those used last. */
const MAX_HOLDS_IN_REPORT = 1000;

/** A scope value that was used within this time counts as one that calls are made for. */
export const ACTIVE_MS = 10_000;

/** What to tell the aggregator of these budgets and of the finished calls that wait, in the order in which they are named. */
export function reportOf(budgets: Iterable<BudgetBook>, waiting: Iterable<Entry>, nowMs: number): Report {
  const all = [...budgets].flatMap(({ scopes }) => [...scopes.values()]);
  const isGrouped = ({ budget }: ScopeBook): boolean => budget.state.groupBy.length > 0;
  const isActive = ({ usedAtMs }: ScopeBook): boolean => nowMs - usedAtMs < ACTIVE_MS;
  const used = all.filter((scope) => isGrouped(scope) && scope.usedAtMs > 0);
  used.sort((left, right) => right.usedAtMs - left.usedAtMs);
  // The aggregator knows every budget: of thousands those are named that there is something to say of.
  const plain = all.filter((scope) => !isGrouped(scope) && (scope.heldPicoUsd !== 0n || isActive(scope)));
  const scopes = [...plain, ...used.slice(0, MAX_HOLDS_IN_REPORT)];
  const indexOf = new Map(scopes.map((scope, index) => [scope, index]));
  const finished = nextToName(waiting);
  return {
    scopes,
    holds: scopes.map((scope) => ({
      budget: scope.budget.state.key,
      scope: scope.scope,
      heldPicoUsd: picoUsd(scope.heldPicoUsd),
      isActive: isActive(scope),
    })),
    finished: finished.map((entry) => ({
      entry,
      holds: entry.scopes.flatMap((scope) => indexOf.get(scope) ?? []),
    })),
  };
}

function nextToName(waiting: Iterable<Entry>): Entry[] {
  const next: Entry[] = [];
  let named = 0;
  for (const entry of waiting) {
    named += entry.scopes.length;
    if (next.length === MAX_FINISHED_IN_REPORT || (next.length > 0 && named > MAX_NAMED_IN_REPORT)) break;
    next.push(entry);
  }
  return next;
}
