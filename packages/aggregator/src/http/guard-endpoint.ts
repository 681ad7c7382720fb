import {
  countedPicoUsd,
  periodAt,
  type Budget,
  type BudgetWithSpend,
  type Period,
  type ScopeValue,
} from '@costel/budget';
import { formatPicoUsd, parsePicoUsd, picoUsd } from '@costel/pricing';
import type { SpanToFind } from '@costel/store';
import type { Handler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { GuardShares, type GuardHold, type Share } from '../service/guard-shares.js';
import { requireToken } from './admin.js';
import { toIso } from './cost-json.js';
import { ApiProblem } from './problem.js';

/** What the guards of applications are answered from. */
export interface GuardSources {
  /** Tokens that a guard may carry: that of `run.json`, and one of its own. */
  readonly tokens: readonly string[];
  readonly budgets: readonly Budget[];
  /** The current windows, with everything that the ledger holds now; of two readings the later answers later. */
  readonly readBudgets: () => Promise<readonly BudgetWithSpend[]>;
  readonly findCounted: (spans: readonly SpanToFind[]) => Promise<readonly boolean[]>;
}

/** Bytes of a report; 1000 scope values and 2000 finished calls are well below. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** Scope values that are told besides those that the guard asks about: those that spent most. */
const MAX_LISTED = 1000;

/** How often the figures of one answer are read at most, where calls of the report are counted all the while. */
const MAX_READINGS = 3;

/** A guard may not have its share kept for longer without a word, milliseconds. */
const MAX_KEEP_MS = 120_000;

const amount = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,12})?$/)
  .transform((text) => parsePicoUsd(text));
const shortText = z.string().max(1000);

const reportSchema = z.strictObject({
  guard: z.uuid(),
  keep_ms: z.number().min(1).max(1e9),
  budgets: z.array(shortText).max(10_000).optional(),
  holds: z
    .array(
      z.strictObject({
        budget: shortText,
        scope: z.record(shortText, shortText),
        held_usd: amount,
        active: z.boolean(),
      }),
    )
    .max(12_000),
  finished: z
    .array(
      z.strictObject({
        trace_id: z.string().regex(/^[0-9a-f]{32}$/),
        span_id: z.string().regex(/^[0-9a-f]{16}$/),
        started: z.iso.datetime().transform((text) => Date.parse(text)),
        cost_usd: amount,
        holds: z.array(z.int().min(0)).max(10_000),
      }),
    )
    .max(5000),
});

type GuardReport = z.output<typeof reportSchema>;

interface ScopeFigures {
  readonly scope: ScopeValue;
  readonly spentPicoUsd: bigint;
}

interface BudgetFigures {
  readonly budget: Budget;
  readonly period: Period;
  /** By `scopeText`, most spent first. */
  readonly scopes: Map<string, ScopeFigures>;
}

function budgetKey({ id, revision }: Budget): string {
  return `${id}@${revision}`;
}

function scopeText({ groupBy }: Budget, scope: ScopeValue): string {
  return JSON.stringify(groupBy.map((dimension) => scope[dimension] ?? ''));
}

function holdKey({ budget, period }: BudgetFigures, scope: ScopeValue): string {
  return JSON.stringify([budgetKey(budget), period.startMs, scopeText(budget, scope)]);
}

/** Every budget's current window, and what was spent in it. */
function figuresOf(
  budgets: readonly Budget[],
  statuses: readonly BudgetWithSpend[],
  names: readonly string[] | undefined,
  nowMs: number,
): BudgetFigures[] {
  const periods = new Map<string, Period>();
  const figures = new Map<string, BudgetFigures>();
  for (const budget of budgets) {
    if (names !== undefined && !names.includes(budget.name)) continue;
    const calendar = `${budget.window} ${budget.timeZone}`;
    const period = periods.get(calendar) ?? periodAt(budget, nowMs);
    periods.set(calendar, period);
    figures.set(budgetKey(budget), { budget, period, scopes: new Map<string, ScopeFigures>() });
  }
  const sorted = [...statuses].sort((left, right) => compare(countedPicoUsd(right.spend), countedPicoUsd(left.spend)));
  for (const { budget, spend } of sorted) {
    const found = figures.get(budgetKey(budget));
    // Figures of a window that has just ended say nothing of the one that has begun.
    if (found === undefined || found.period.startMs !== spend.period.startMs) continue;
    const { scopeValue: scope } = spend;
    found.scopes.set(scopeText(budget, scope), { scope, spentPicoUsd: countedPicoUsd(spend) });
  }
  return [...figures.values()];
}

function compare(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function invalidReport(detail: string): ApiProblem {
  return new ApiProblem('invalid_parameter', {
    detail,
    limit: 'a report of budgetGuard of the same version',
    fix: 'let @costel/instrumentation ask, and update it with the aggregator',
  });
}

function parseReport(text: string): GuardReport {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalidReport('the report is no JSON');
  }
  const parsed = reportSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidReport(`the report is not valid at ${issue?.path.join('.') ?? 'its root'}: ${issue?.message ?? ''}`);
}

/** Answers guards: how the budgets stand, what of their calls is in it, and what each may spend until it asks again. */
class GuardDesk {
  readonly #sources: GuardSources;
  readonly #clock: () => number;
  readonly #shares = new GuardShares();
  /** As the figures were last read, for whichever guard. */
  #statuses: readonly BudgetWithSpend[] = [];
  /** The report that each guard sent last of those that are being answered. */
  readonly #open = new Map<string, OpenReport>();

  constructor(sources: GuardSources, clock: () => number) {
    this.#sources = sources;
    this.#clock = clock;
  }

  async answer(report: GuardReport): Promise<object> {
    if (!this.#shares.hasRoomFor(report.guard))
      throw new ApiProblem('not_ready', { detail: 'too many guards report at once', fix: 'share one guard a process' });
    const isCounted = await this.#readInTurn(report);
    const nowMs = this.#clock();
    // Not those read for this report: what another guard was answered meanwhile, and holds no longer, is in these alone.
    const figures = figuresOf(this.#sources.budgets, this.#statuses, report.budgets, nowMs);
    const held = this.#heldOf(report, isCounted, figures);
    const shares = this.#divide(report, held, nowMs);
    return {
      as_of: toIso(nowMs),
      guards: this.#shares.count(nowMs),
      counted: isCounted.flatMap((is, index) => (is ? [index] : [])),
      budgets: figures.map((budget) => budgetJson(budget, shares, heldScopes(held, budget))),
    };
  }

  /**
   * Reads for a report, unless the guard has sent another meanwhile: it waits for that one, and what it held before that
   * is not what it holds.
   */
  async #readInTurn(report: GuardReport): Promise<readonly boolean[]> {
    const own: OpenReport = { isSuperseded: false };
    const before = this.#open.get(report.guard);
    if (before !== undefined) before.isSuperseded = true;
    this.#open.set(report.guard, own);
    try {
      const isCounted = await this.#readFigures(report);
      if (!own.isSuperseded) return isCounted;
    } finally {
      if (this.#open.get(report.guard) === own) this.#open.delete(report.guard);
    }
    throw new ApiProblem('not_ready', { detail: 'the guard has sent another report meanwhile' });
  }

  /**
   * Reads the figures, and which finished calls are in them. Calls are looked for before: what is found is then certainly
   * in the figures. They are looked for after, too: what is not found then is certainly not. Where a call came in between,
   * the figures are read again; after the last reading such a call stays held for one more report.
   */
  async #readFigures({ finished }: GuardReport): Promise<readonly boolean[]> {
    const isCounted = finished.map(() => false);
    let added = await this.#lookFor(finished, isCounted);
    for (let reading = 1; ; reading += 1) {
      for (const index of added) isCounted[index] = true;
      this.#statuses = await this.#sources.readBudgets();
      if (reading === MAX_READINGS) return isCounted;
      added = await this.#lookFor(finished, isCounted);
      if (added.length === 0) return isCounted;
    }
  }

  /** Which of the calls are counted now that were not. */
  async #lookFor(finished: GuardReport['finished'], isCounted: readonly boolean[]): Promise<readonly number[]> {
    const open = finished.flatMap((call, index) => (isCounted[index] === true ? [] : [{ call, index }]));
    const found = await this.#sources.findCounted(
      open.map(({ call }) => ({ traceId: call.trace_id, spanId: call.span_id, startedMs: call.started })),
    );
    return open.flatMap(({ index }, at) => (found[at] === true ? [index] : []));
  }

  /** What the guard holds by hold key, without what the figures already contain; each plain budget has a key. */
  #heldOf(report: GuardReport, isCounted: readonly boolean[], figures: readonly BudgetFigures[]): Map<string, Held> {
    const counted = report.holds.map(() => 0n);
    report.finished.forEach((call, index) => {
      if (isCounted[index] !== true) return;
      for (const hold of call.holds) counted[hold] = (counted[hold] ?? 0n) + call.cost_usd;
    });
    const byKey = new Map(figures.map((budget) => [budgetKey(budget.budget), budget]));
    const held = new Map<string, Held>();
    for (const budget of figures) {
      if (budget.budget.groupBy.length > 0) continue;
      held.set(holdKey(budget, {}), { budget, scope: {}, heldPicoUsd: 0n, isActive: false });
    }
    report.holds.forEach((hold, index) => {
      const budget = byKey.get(hold.budget);
      if (budget === undefined) return;
      const heldPicoUsd = hold.held_usd - (counted[index] ?? 0n);
      const scope = Object.fromEntries(budget.budget.groupBy.map((name) => [name, hold.scope[name] ?? '']));
      held.set(holdKey(budget, scope), {
        budget,
        scope,
        heldPicoUsd: heldPicoUsd > 0n ? heldPicoUsd : 0n,
        isActive: hold.active,
      });
    });
    return held;
  }

  #divide(report: GuardReport, held: ReadonlyMap<string, Held>, nowMs: number): Map<string, Share> {
    const holds: GuardHold[] = [...held].map(([key, { heldPicoUsd, isActive }]) => ({ key, heldPicoUsd, isActive }));
    const leftOf = (key: string): bigint => {
      const hold = held.get(key);
      if (hold === undefined) return 0n;
      return hold.budget.budget.limitPicoUsd - spentIn(hold.budget, hold.scope);
    };
    const keepMs = Math.min(report.keep_ms, MAX_KEEP_MS);
    const shares = this.#shares.report(report.guard, holds, leftOf, { nowMs, keepMs });
    return new Map(shares.map((share, index) => [holds[index]?.key ?? '', share]));
  }
}

interface OpenReport {
  isSuperseded: boolean;
}

interface Held {
  readonly budget: BudgetFigures;
  readonly scope: ScopeValue;
  readonly heldPicoUsd: bigint;
  readonly isActive: boolean;
}

function spentIn({ budget, scopes }: BudgetFigures, scope: ScopeValue): bigint {
  return scopes.get(scopeText(budget, scope))?.spentPicoUsd ?? 0n;
}

function heldScopes(held: ReadonlyMap<string, Held>, budget: BudgetFigures): readonly ScopeValue[] {
  return [...held.values()].filter((hold) => hold.budget === budget).map(({ scope }) => scope);
}

function usd(amountPicoUsd: bigint): string {
  return formatPicoUsd(picoUsd(amountPicoUsd));
}

function budgetJson(figures: BudgetFigures, shares: ReadonlyMap<string, Share>, asked: readonly ScopeValue[]): object {
  const { budget, period, scopes } = figures;
  const listed = new Map([...scopes].slice(0, MAX_LISTED).map(([text, { scope }]) => [text, scope]));
  const [unlisted] = [...scopes.values()].slice(MAX_LISTED);
  for (const scope of asked) listed.set(scopeText(budget, scope), scope);
  return {
    id: budget.id,
    revision: budget.revision,
    name: budget.name,
    filters: budget.filters,
    group_by: budget.groupBy,
    limit_usd: usd(budget.limitPicoUsd),
    period: { start: toIso(period.startMs), end: toIso(period.endMs) },
    unlisted_at_most_usd: usd(unlisted?.spentPicoUsd ?? 0n),
    scopes: [...listed.values()].map((scope) => {
      const share = shares.get(holdKey(figures, scope));
      return {
        scope,
        spent_usd: usd(spentIn(figures, scope)),
        ...(share === undefined ? {} : { granted_usd: usd(share.grantPicoUsd), pending: share.isPending }),
      };
    }),
  };
}

/** Keeps a report that is too large from being read. */
export const guardBodyLimit = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: () => {
    throw invalidReport(`the report has more than ${MAX_BODY_BYTES} bytes`);
  },
});

/** `POST /api/v1/guard`: takes a guard's report, answers how the budgets stand and what the guard may spend. */
export function guardHandler(sources: GuardSources, clock: () => number): Handler {
  const desk = new GuardDesk(sources, clock);
  return async (context) => {
    requireToken(context.req.header('authorization'), sources.tokens);
    return context.json(await desk.answer(parseReport(await context.req.text())));
  };
}
