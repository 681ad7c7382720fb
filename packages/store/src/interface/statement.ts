import type { FunctionAllowList } from './function-allow-list.js';
import type { InsertTarget } from './insert-target.js';
import type { StatementLimits } from './setting-rules.js';
import type { SqlToken } from './sql-tokens.js';
import type { SyntaxNode } from './syntax-tree.js';

/** A statement as the engine's formatter writes it, with what its parser made of it. */
export interface CanonicalStatement {
  readonly sql: string;
  readonly tokens: readonly SqlToken[];
  readonly tree: SyntaxNode;
}

/** What the check is made against. */
export interface StatementRules {
  /** The database of Costel's tables. */
  readonly database: string;
  readonly functions: FunctionAllowList;
  /** Names of data types, which stand like functions in the definition of a table. */
  readonly dataTypes: ReadonlySet<string>;
  readonly limits: StatementLimits;
}

/** What a statement is, once it may run. */
export interface AllowedStatement {
  /**
   * `read` and `set` need no credential; `insert` brings its rows along; `write` changes tables in any other way;
   * `temporary` makes or drops a temporary table. `set` and `temporary` need a session.
   */
  readonly kind: 'read' | 'set' | 'insert' | 'write' | 'temporary';
  readonly insert?: InsertTarget;
  /** Of a `set`: what it sets; undefined takes back what the session had set. */
  readonly settings?: ReadonlyMap<string, string | number | undefined>;
  /** Of a `temporary`. */
  readonly temporary?: { readonly action: 'create' | 'drop'; readonly table: string };
  /** The `FORMAT` that the statement itself asks for. */
  readonly format?: string;
}
