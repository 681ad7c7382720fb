import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import type { EngineConnection } from '../engine/engine-connection.js';
import { insertFromFileSql } from '../engine/insert-file.js';
import { InterfaceError, refused } from './interface-error.js';
import type { MultipartFile } from './multipart.js';
import { checkFormat } from './statement-check.js';
import { formatStatement } from './statement-format.js';
import { tokenizeCanonicalSql } from './sql-tokens.js';
import { parseSyntaxTree, visitTree } from './syntax-tree.js';

/** A table that comes with one statement and goes with it. */
export interface ExternalTable {
  readonly name: string;
  /** `name Type, name Type`, as it came. */
  readonly structure: string;
  readonly format: string;
  readonly data: Buffer;
}

const MAX_EXTERNAL_TABLES = 16;
/** Suffixes of the fields that describe a file: they are no settings. */
const DESCRIBING = ['format', 'structure', 'types'] as const;

/**
 * The files of a form as tables: `NAME_structure` or `NAME_types` say what the columns are, `NAME_format` how the rows
 * are written (TabSeparated where it is left out). What describes them is taken out of `fields`.
 * @throws InterfaceError 36 where a name, or what describes it, is missing.
 */
export function readExternalTables(files: readonly MultipartFile[], fields: Map<string, string>): ExternalTable[] {
  if (files.length > MAX_EXTERNAL_TABLES)
    throw new InterfaceError(36, 'BAD_ARGUMENTS', `more than ${MAX_EXTERNAL_TABLES} external tables`);
  return files.map(({ name, data }) => {
    if (!/^[A-Za-z_]\w{0,127}$/.test(name))
      throw new InterfaceError(
        36,
        'BAD_ARGUMENTS',
        `the external table ${JSON.stringify(name.slice(0, 100))} must be letters, digits and _`,
      );
    const [format, structure, types] = DESCRIBING.map((suffix) => take(fields, `${name}_${suffix}`));
    const columns = structure ?? (types === undefined ? undefined : columnsOfTypes(types));
    if (columns === undefined)
      throw new InterfaceError(
        36,
        'BAD_ARGUMENTS',
        `the external table ${name} needs ${name}_structure or ${name}_types`,
      );
    checkFormat(format ?? 'TabSeparated');
    return { name, structure: columns, format: format ?? 'TabSeparated', data };
  });
}

/** `UInt8,Map(String, String)` is `_1 UInt8, _2 Map(String, String)`: a comma in parentheses parts no types. */
function columnsOfTypes(types: string): string {
  const parts = [''];
  let depth = 0;
  for (const character of types) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${character}`);
  }
  return parts.map((type, index) => `_${index + 1} ${type}`).join(', ');
}

function take(fields: Map<string, string>, name: string): string | undefined {
  const value = fields.get(name);
  fields.delete(name);
  return value;
}

/** What a list of columns with their types consists of: nothing that is evaluated, no engine, no query. */
const COLUMN_NODES =
  /^(?:CreateQuery|Identifier|Columns|ExpressionList|ColumnDeclaration|DataType|EnumDataType|TupleDataType|NameTypePair|Literal)\b/;

/** States of aggregate functions are read as the function's own memory: a stranger's bytes have no place there. */
const STATE_TYPES = /^DataType (?:Simple)?AggregateFunction\b/i;

/**
 * Makes the tables on a connection, temporary and in memory, and has the engine read their rows out of files.
 * @throws InterfaceError 497 where the structure is more than names and types; StoreError for rows that do not fit it.
 */
export async function makeExternalTables(
  tables: readonly ExternalTable[],
  database: EmbeddedDatabase,
  connection: EngineConnection,
): Promise<void> {
  for (const { name, structure, format, data } of tables) {
    const sql = await formatStatement(`CREATE TEMPORARY TABLE ${name} (${structure})`, connection);
    tokenizeCanonicalSql(sql);
    const { bytes } = await connection.run(`EXPLAIN AST ${sql}`, 'TSVRaw');
    const tree = parseSyntaxTree(Buffer.from(bytes).toString('utf8'));
    const isPlain = tree.children.length === 2 && tree.children[0]?.label === `Identifier ${name}`;
    if (!isPlain || !sql.startsWith(`CREATE TEMPORARY TABLE ${name} (`)) throw notColumns(name);
    visitTree(tree, (node) => {
      if (!COLUMN_NODES.test(node.label) || STATE_TYPES.test(node.label)) throw notColumns(name);
    });
    await connection.run(sql, 'Null');
    if (data.length === 0) continue;
    await database.scratch.withFile(data, async (path) =>
      connection.run(insertFromFileSql({ table: name, columns: [], format, path }), 'Null'),
    );
  }
}

function notColumns(name: string): Error {
  return refused(`a structure of the external table ${name} that is more than columns and types`);
}
