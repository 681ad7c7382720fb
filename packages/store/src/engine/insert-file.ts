import type { FileInsert } from '../database.js';
import { checkedName, encodeSqlLiteral, quoteColumnName, quoteTableName } from './literals.js';
import { StoreError } from './store-error.js';

/** Characters that make `INFILE` read other files than the one named. */
const GLOB = /[*?{}]/;

/**
 * The statement that makes the engine read a file of rows. Names are checked, values are encoded.
 * @throws StoreError `name_invalid`.
 */
export function insertFromFileSql(insert: FileInsert): string {
  if (GLOB.test(insert.path))
    throw new StoreError(
      'name_invalid',
      `file ${insert.path} must not contain * ? { }: the engine reads them as a pattern`,
    );
  const target = `INSERT INTO ${quoteTableName(insert.table)}${columnsClause(insert.columns)}`;
  if (insert.readAs !== undefined)
    return `${target}${settingsClause(insert.settings)} SELECT * FROM ${fileTable(insert, insert.readAs)}`;
  const source = `FROM INFILE ${encodeSqlLiteral(insert.path)} COMPRESSION 'none'${settingsClause(insert.settings)}`;
  return `${target} ${source} FORMAT ${checkedName('format', insert.format)}`;
}

/** A file as a table with columns of given types; they are told by position, for a dot in a name means a nested column. */
function fileTable({ path, format, columns }: FileInsert, types: readonly string[]): string {
  if (types.length !== columns.length)
    throw new StoreError('name_invalid', `readAs has ${types.length} types for ${columns.length} columns`);
  const structure = types.map((type, index) => `c${index} ${type}`).join(', ');
  const literals = [path, checkedName('format', format), structure, 'none'].map((text) => encodeSqlLiteral(text));
  return `file(${literals.join(', ')})`;
}

/** ` (a, b)` with quoted names, or nothing for all columns. @throws StoreError `name_invalid`. */
export function columnsClause(columns: readonly string[]): string {
  return columns.length === 0 ? '' : ` (${columns.map(quoteColumnName).join(', ')})`;
}

/** ` SETTINGS a = 1, b = 'x'`, or nothing. @throws StoreError `name_invalid`. */
export function settingsClause(settings: FileInsert['settings']): string {
  const parts = Object.entries(settings ?? {}).map(
    ([name, value]) =>
      `${checkedName('setting', name)} = ${typeof value === 'number' ? String(value) : encodeSqlLiteral(value)}`,
  );
  return parts.length === 0 ? '' : ` SETTINGS ${parts.join(', ')}`;
}
