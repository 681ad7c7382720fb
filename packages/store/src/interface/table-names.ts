import { INFORMATION_SCHEMAS, SYSTEM_TABLES } from './allow-list.js';
import { refused } from './interface-error.js';
import type { StatementRules } from './statement.js';

/** A bare name is a table of Costel's database, a CTE or an alias. @throws InterfaceError 497. */
export function checkTableName(name: string, rules: StatementRules): void {
  const parts = name.split('.');
  const [database = '', table = ''] = parts;
  if (parts.length === 1 && /^[\p{L}\p{N}_ ()%-]+$/u.test(name)) return;
  const isAllowed =
    parts.length === 2 &&
    /^\w+$/.test(table) &&
    (database === rules.database ||
      INFORMATION_SCHEMAS.has(database) ||
      (database === 'system' && SYSTEM_TABLES.has(table)));
  if (!isAllowed) throw refused(`the table ${name.slice(0, 100)}`);
}

/** Costel's database and those that describe it. @throws InterfaceError 497. */
export function checkDatabaseName(name: string, rules: StatementRules): void {
  if (name === rules.database || name === 'system' || INFORMATION_SCHEMAS.has(name)) return;
  throw refused(`the database ${name.slice(0, 100)}`);
}
