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
  /** `read` needs no credential; `insert` brings its rows along; `write` changes tables in any other way. */
  readonly kind: 'read' | 'insert' | 'write';
  readonly insert?: InsertTarget;
  /** The `FORMAT` that the statement itself asks for. */
  readonly format?: string;
}
