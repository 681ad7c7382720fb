import { COMBINATORS, FUNCTION_CATEGORIES, OTHER_FUNCTIONS, REFUSED_FUNCTIONS } from './allow-list.js';

/** A row of `system.functions`. */
export interface EngineFunction {
  readonly name: string;
  readonly isAggregate: boolean;
  readonly aliasTo: string;
  /** Comma-separated; empty for aliases. */
  readonly categories: string;
  /** `System` for what the engine itself brings. */
  readonly origin: string;
}

/** Reads the functions that {@link FunctionAllowList} is made of; columns as in {@link EngineFunction}. */
export const FUNCTIONS_QUERY =
  'SELECT name, is_aggregate = 1 AS isAggregate, alias_to AS aliasTo, categories, toString(origin) AS origin FROM system.functions';

/**
 * Which functions a statement may call: those of known categories that compute from their arguments, aggregates with
 * any combinators, and a list by name. A function that a later engine brings in another category is refused.
 */
export class FunctionAllowList {
  readonly #plain = new Set<string>(OTHER_FUNCTIONS);
  readonly #aggregates = new Set<string>();

  constructor(functions: readonly EngineFunction[]) {
    const targets = functions.filter(({ aliasTo }) => aliasTo === '');
    for (const each of targets) this.#add(each, each);
    const byName = new Map(targets.map((each) => [each.name, each]));
    for (const alias of functions) {
      const target = byName.get(alias.aliasTo);
      if (target !== undefined) this.#add(alias, target);
    }
  }

  /** Names are compared without case: that admits no other function, only other spellings. */
  allows(name: string): boolean {
    const lower = name.toLowerCase();
    return this.#plain.has(lower) || this.#allowsAggregate(name);
  }

  /** Every allowed name in lower case, sorted; a test looks through it. */
  get names(): readonly string[] {
    return [...new Set([...this.#plain, ...this.#aggregates])].toSorted();
  }

  #allowsAggregate(name: string): boolean {
    for (let base = name; ;) {
      if (this.#aggregates.has(base.toLowerCase())) return true;
      const shorter = base.replace(COMBINATORS, '');
      if (shorter === base) return false;
      base = shorter;
    }
  }

  #add(named: EngineFunction, target: EngineFunction): void {
    const name = named.name.toLowerCase();
    const isRefused = REFUSED_FUNCTIONS.has(name) || REFUSED_FUNCTIONS.has(target.name.toLowerCase());
    if (isRefused || named.origin !== 'System') return;
    if (target.isAggregate) this.#aggregates.add(name);
    else if (isComputing(target)) this.#plain.add(name);
  }
}

function isComputing({ name, categories }: EngineFunction): boolean {
  if (OTHER_FUNCTIONS.has(name.toLowerCase())) return true;
  const names = categories.split(',').map((category) => category.trim());
  return names.length > 0 && names.every((category) => FUNCTION_CATEGORIES.has(category));
}
