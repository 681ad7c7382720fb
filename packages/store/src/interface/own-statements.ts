import type { EngineConnection } from '../engine/engine-connection.js';
import { readMigrations, renderMigration } from '../migrate/migrations.js';
import { ROLLUP_TABLES } from '../rollup/rollup-tables.js';
import { refused } from './interface-error.js';
import { formatStatement } from './statement-format.js';
import type { AllowedStatement } from './statement.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';

/** Rows that are derived from others and built again: the only ones that a writer may delete. */
const DERIVED_TABLES: ReadonlySet<string> = new Set([
  ...ROLLUP_TABLES.map(({ name }) => name),
  'llm_cost_top_users',
  'published',
]);

const PRICES = 'llm_rates_dict';

/** As the engine's formatter prints what retention sends; nothing else of ALTER may run. */
const RETENTION =
  /^ALTER TABLE (?:(?<database>\w+)\.)?(?:otel_\w+|llm_calls|llm_cost_15m) \(MODIFY TTL (?:\w+|toDateTime\((?:\w+|greatest\(\w+, \w+\))\)) \+ toIntervalDay\((?<days>[1-9]\d{0,4})\)\)$/;

/** Kinds of statements that migrations consist of. A DROP among them would let any writer repeat it: none is known here. */
const MIGRATION_WORDS = ['CREATE', 'ALTER'];

/**
 * Statements of Costel's own service that no stranger needs: the aggregator sends them when this port is its ClickHouse
 * server. They are known by their whole text (migrations, reload of the prices) or by one fixed form (retention), so
 * that a writer gains no other ALTER, SYSTEM or CREATE DICTIONARY by them.
 */
export class OwnStatements {
  readonly #database: string;
  #definitions: ReadonlySet<string> | undefined;

  constructor(database: string) {
    this.#database = database;
  }

  /** What the canonical statement is among them; undefined for every other. @throws StoreError. */
  async recognize(
    sql: string,
    tokens: readonly SqlToken[],
    connection: EngineConnection,
  ): Promise<AllowedStatement | undefined> {
    const isOwn =
      sql === `SYSTEM RELOAD DICTIONARY ${PRICES}` ||
      sql === `SYSTEM RELOAD DICTIONARY ${this.#database}.${PRICES}` ||
      this.#isRetention(sql) ||
      (await this.#isMigration(sql, tokens[0], connection));
    return isOwn ? { kind: 'write' } : undefined;
  }

  #isRetention(sql: string): boolean {
    const database = RETENTION.exec(sql)?.groups?.['database'];
    return RETENTION.test(sql) && (database === undefined || database === this.#database);
  }

  /** The schema ships with this package; it is formatted on the first statement of its kind that somebody sends. */
  async #isMigration(sql: string, first: SqlToken | undefined, connection: EngineConnection): Promise<boolean> {
    if (!MIGRATION_WORDS.some((word) => isKeyword(first, word))) return false;
    if (this.#definitions === undefined) {
      const definitions = new Set<string>();
      for (const migration of readMigrations())
        definitions.add(await formatStatement(renderMigration(migration, { database: this.#database }), connection));
      this.#definitions = definitions;
    }
    return this.#definitions.has(sql);
  }
}

/**
 * `DELETE FROM [costel.]table WHERE …` of derived rows. The condition is checked like any other expression.
 * @throws InterfaceError 497 for other tables, partitions or clusters.
 */
export function checkDelete(tokens: readonly SqlToken[], database: string): AllowedStatement {
  const isQualified = isMark(tokens[3], '.');
  const table = tokens[isQualified ? 4 : 2]?.text ?? '';
  const isAllowed =
    isKeyword(tokens[1], 'FROM') &&
    (!isQualified || tokens[2]?.text === database) &&
    DERIVED_TABLES.has(table) &&
    isKeyword(tokens[isQualified ? 5 : 3], 'WHERE');
  if (!isAllowed) throw refused('DELETE of rows that are not derived from others');
  return { kind: 'write' };
}
