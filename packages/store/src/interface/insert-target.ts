import { refused } from './interface-error.js';
import { readSettings } from './settings-clause.js';
import type { SettingToken } from './settings-clause.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';

/** Where the rows of an insert go. */
export interface InsertTarget {
  /** With its database. */
  readonly table: string;
  /** Whether the statement itself named the database. */
  readonly isQualified: boolean;
  /** Empty: all of them. */
  readonly columns: readonly string[];
  readonly settings: readonly SettingToken[];
  /** Undefined for `INSERT … SELECT`. */
  readonly format: string | undefined;
}

/**
 * Reads `INSERT INTO [costel.]table [(columns)] [SETTINGS …] FORMAT name`, or the part before a SELECT.
 * @throws InterfaceError 497 for any other database or form.
 */
export function readInsertTarget(tokens: readonly SqlToken[], database: string): InsertTarget {
  if (!isKeyword(tokens[0], 'INSERT') || !isKeyword(tokens[1], 'INTO')) throw refused('this form of INSERT');
  const isQualified = isMark(tokens[3], '.');
  const table = plainName(tokens[isQualified ? 4 : 2]);
  if (isQualified && plainName(tokens[2]) !== database)
    throw refused(`INSERT into the database ${tokens[2]?.text ?? ''}`);
  const at = isQualified ? 5 : 3;
  const { columns, next } = readColumns(tokens, at);
  const afterSettings = next + settingsLength(tokens, next);
  const settings = readSettings(tokens);
  const format = isKeyword(tokens[afterSettings], 'FORMAT') ? tokens[afterSettings + 1]?.text : undefined;
  const isSelect =
    isKeyword(tokens[afterSettings], 'SELECT') ||
    isKeyword(tokens[afterSettings], 'WITH') ||
    isMark(tokens[afterSettings], '(');
  if (format === undefined ? !isSelect : tokens.length !== afterSettings + 2) throw refused('this form of INSERT');
  return { table: `${database}.${table}`, isQualified, columns, settings, format };
}

function plainName(token: SqlToken | undefined): string {
  if ((token?.kind === 'word' || token?.kind === 'name') && /^\w+$/.test(token.text)) return token.text;
  throw refused(`the table ${token?.text.slice(0, 100) ?? ''}`);
}

function readColumns(tokens: readonly SqlToken[], start: number): { columns: string[]; next: number } {
  const columns: string[] = [];
  if (!isMark(tokens[start], '(')) return { columns, next: start };
  let name = '';
  for (let at = start + 1; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (isMark(token, ',') || isMark(token, ')')) {
      if (!/^\w+(?:\.\w+)?$/.test(name)) throw refused('a list of columns that are not plain names');
      columns.push(name);
      name = '';
      if (isMark(token, ')')) return { columns, next: at + 1 };
    } else {
      name += token?.text ?? '';
    }
  }
  throw refused('a list of columns without an end');
}

function settingsLength(tokens: readonly SqlToken[], start: number): number {
  if (!isKeyword(tokens[start], 'SETTINGS')) return 0;
  let length = 4;
  while (isMark(tokens[start + length], ',')) length += 4;
  return length;
}
