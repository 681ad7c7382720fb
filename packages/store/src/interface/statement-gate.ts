import type { EngineConnection } from '../engine/engine-connection.js';
import { parseJsonRows } from '../engine/json-rows.js';
import { FUNCTIONS_QUERY, FunctionAllowList } from './function-allow-list.js';
import type { EngineFunction } from './function-allow-list.js';
import { OwnStatements } from './own-statements.js';
import type { StatementLimits } from './setting-rules.js';
import { tokenizeCanonicalSql } from './sql-tokens.js';
import { checkStatement } from './statement-check.js';
import { formatStatement } from './statement-format.js';
import type { AllowedStatement, StatementRules } from './statement.js';
import { parseSyntaxTree } from './syntax-tree.js';
import { checkTokens } from './token-check.js';

/** A statement that passed, in the only form in which it may run. */
export interface PassedStatement extends AllowedStatement {
  /** The canonical text: what was checked is what runs. */
  readonly sql: string;
}

/** Statements whose verdict is remembered; dashboards send the same ones again and again. */
const MAX_REMEMBERED = 500;
const MAX_REMEMBERED_CHARACTERS = 20_000;

/**
 * Decides what runs. A stranger's text never reaches the engine as a statement: the engine's formatter first parses it
 * as the value of a literal and prints the one statement in it; that print is checked, and that print runs. So
 * comments, encodings, blank lines, semicolons and differences between two parsers have nothing to work on.
 */
export class StatementGate {
  readonly #rules: StatementRules;
  readonly #own: OwnStatements;
  readonly #passed = new Map<string, PassedStatement>();

  private constructor(rules: StatementRules) {
    this.#rules = rules;
    this.#own = new OwnStatements(rules.database);
  }

  /** Learns the functions and types of the engine. @throws StoreError. */
  static async create(connection: EngineConnection, database: string, limits: StatementLimits): Promise<StatementGate> {
    const functions = parseJsonRows<EngineFunction>((await connection.run(FUNCTIONS_QUERY, 'JSONEachRow')).bytes);
    const types = parseJsonRows<{ name: string }>(
      (await connection.run('SELECT lower(name) AS name FROM system.data_type_families', 'JSONEachRow')).bytes,
    );
    return new StatementGate({
      database,
      limits,
      functions: new FunctionAllowList(functions),
      dataTypes: new Set(types.map(({ name }) => name)),
    });
  }

  /** Every function that a statement may call, in lower case. */
  get functions(): readonly string[] {
    return this.#rules.functions.names;
  }

  /** The verdict on a statement that passed before. */
  recall(sql: string): PassedStatement | undefined {
    return this.#passed.get(sql);
  }

  /**
   * Parses and checks one statement on a connection that has its parameters bound.
   * @throws InterfaceError with 62 where it does not parse, 497 where it may not run.
   */
  async pass(sql: string, connection: EngineConnection): Promise<PassedStatement> {
    const remembered = this.recall(sql);
    if (remembered !== undefined) return remembered;
    const canonical = await formatStatement(sql, connection);
    const tokens = tokenizeCanonicalSql(canonical);
    const own = await this.#own.recognize(canonical, tokens, connection);
    if (own !== undefined) return { ...own, sql: canonical };
    checkTokens(tokens, this.#rules);
    const { bytes } = await connection.run(`EXPLAIN AST ${canonical}`, 'TSVRaw');
    const tree = parseSyntaxTree(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
    const passed = { ...checkStatement({ sql: canonical, tokens, tree }, this.#rules), sql: canonical };
    // The tree of a statement with an Identifier parameter depends on the value: never remembered.
    if (!canonical.includes('Identifier') && sql.length <= MAX_REMEMBERED_CHARACTERS) this.#remember(sql, passed);
    return passed;
  }

  #remember(sql: string, passed: PassedStatement): void {
    if (this.#passed.size >= MAX_REMEMBERED) {
      const oldest = this.#passed.keys().next().value;
      if (oldest !== undefined) this.#passed.delete(oldest);
    }
    this.#passed.set(sql, passed);
  }
}
