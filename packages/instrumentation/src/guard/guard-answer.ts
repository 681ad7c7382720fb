import { parsePicoUsd, type PicoUsd } from '@costel/pricing';
import { asRecord } from '../sdks/read-unknown.js';

/** One scope value of a budget as the aggregator sees it. */
export interface ScopeState {
  readonly scope: Readonly<Record<string, string>>;
  readonly spentPicoUsd: PicoUsd;
  /** What this process may hold beyond what it reported; undefined where it reported nothing. */
  readonly grantPicoUsd: PicoUsd | undefined;
  /** Others still hold part of this process's share; they hand it back at their next look. */
  readonly isPending: boolean;
}

/** One budget as the aggregator sees it. */
export interface BudgetState {
  /** Identity with revision: a budget whose limit or scope was edited is another one. */
  readonly key: string;
  readonly name: string;
  readonly filters: Readonly<Record<string, readonly string[]>>;
  readonly groupBy: readonly string[];
  readonly limitPicoUsd: PicoUsd;
  /** Half-open, milliseconds since 1970 by the aggregator's clock. */
  readonly periodStartMs: number;
  readonly periodEndMs: number;
  /** No scope value outside `scopes` has spent more. */
  readonly unlistedAtMostPicoUsd: PicoUsd;
  readonly scopes: readonly ScopeState[];
}

/** What the aggregator answers to a guard. */
export interface GuardAnswer {
  readonly atMs: number;
  /** Guards that look at the aggregator now, this one among them. */
  readonly guards: number;
  /** Indexes of the finished calls that are in `spentPicoUsd`. */
  readonly counted: readonly number[];
  readonly budgets: readonly BudgetState[];
}

function fail(what: string): never {
  throw new TypeError(`the aggregator's answer has no valid ${what}; do its version and this package's go together?`);
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  return asRecord(value) ?? fail(what);
}

function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : fail(what);
}

function text(value: unknown, what: string): string {
  return typeof value === 'string' ? value : fail(what);
}

function money(value: unknown, what: string): PicoUsd {
  return parsePicoUsd(text(value, what));
}

function instant(value: unknown, what: string): number {
  const ms = Date.parse(text(value, what));
  return Number.isNaN(ms) ? fail(what) : ms;
}

function texts(value: unknown, what: string): readonly string[] {
  return list(value, what).map((item) => text(item, what));
}

function mapped<Value>(value: unknown, what: string, read: (item: unknown) => Value): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record(value, what)).map(([name, item]) => [name, read(item)]));
}

function scopeState(value: unknown): ScopeState {
  const json = record(value, 'scopes');
  return {
    scope: mapped(json['scope'], 'scope', (item) => text(item, 'scope')),
    spentPicoUsd: money(json['spent_usd'], 'spent_usd'),
    grantPicoUsd: json['granted_usd'] === undefined ? undefined : money(json['granted_usd'], 'granted_usd'),
    isPending: json['pending'] === true,
  };
}

function budgetState(value: unknown): BudgetState {
  const json = record(value, 'budgets');
  const period = record(json['period'], 'period');
  return {
    key: `${text(json['id'], 'id')}@${text(json['revision'], 'revision')}`,
    name: text(json['name'], 'name'),
    filters: mapped(json['filters'], 'filters', (item) => texts(item, 'filters')),
    groupBy: texts(json['group_by'], 'group_by'),
    limitPicoUsd: money(json['limit_usd'], 'limit_usd'),
    periodStartMs: instant(period['start'], 'period'),
    periodEndMs: instant(period['end'], 'period'),
    unlistedAtMostPicoUsd: money(json['unlisted_at_most_usd'], 'unlisted_at_most_usd'),
    scopes: list(json['scopes'], 'scopes').map(scopeState),
  };
}

/** Reads the aggregator's answer. @throws TypeError naming the field that is not what it has to be. */
export function parseGuardAnswer(body: string): GuardAnswer {
  const json = record(JSON.parse(body), 'body');
  return {
    atMs: instant(json['as_of'], 'as_of'),
    guards: Number(json['guards']) || 1,
    counted: list(json['counted'], 'counted').map(Number),
    budgets: list(json['budgets'], 'budgets').map(budgetState),
  };
}
