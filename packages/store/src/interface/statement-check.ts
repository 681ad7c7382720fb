import {
  DEFINITION_FUNCTIONS,
  FORMATS,
  INFORMATION_SCHEMAS,
  SYSTEM_TABLES,
  TABLE_ENGINES,
  TABLE_FUNCTIONS,
} from './allow-list.js';
import { checkDefinition } from './definition-check.js';
import { readInsertTarget } from './insert-target.js';
import { InterfaceError, refused } from './interface-error.js';
import { checkSettingsClauses, countSettingsClauses } from './settings-clause.js';
import type { AllowedStatement, CanonicalStatement, StatementRules } from './statement.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';
import { visitTree } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';

/**
 * Decides whether a statement may run on this port, for anybody, after {@link checkTokens}. It may not read or write outside the engine's own
 * tables, whatever credential comes with it. Two independent looks at the same canonical text must agree: the syntax
 * tree (kinds of nodes, tables, functions) and the tokens, which show what the tree leaves out (settings, `INTO
 * OUTFILE`, `APPLY`, `AS table`, `TO table`, `ON CLUSTER`, `TO DISK`).
 * @throws InterfaceError 497 naming what is refused.
 */
export function checkStatement(statement: CanonicalStatement, rules: StatementRules): AllowedStatement {
  const { tokens, tree } = statement;
  checkSettingsCount(statement);
  switch (rootKind(tree)) {
    case 'SelectWithUnionQuery':
    case 'SelectIntersectExceptQuery':
    case 'SelectQuery':
      checkNodes(tree, rules);
      return withFormat({ kind: 'read' }, tree);
    case 'Explain':
      checkExplain(tree);
      checkNodes(tree, rules);
      return withFormat({ kind: 'read' }, tree);
    case 'DescribeQuery':
      checkNodes(tree, rules);
      return withFormat({ kind: 'read' }, tree);
    case 'ShowTables':
    case 'ShowColumns':
    case 'ShowFunctions':
    case 'ShowCreateTableQuery':
    case 'ShowCreateViewQuery':
    case 'ExistsTableQuery':
    case 'ExistsViewQuery':
    case 'ExistsDatabaseQuery':
      checkMetadata(tree, tokens, rules);
      return withFormat({ kind: 'read' }, tree);
    case 'InsertQuery':
      return checkInsert(statement, rules);
    case 'CreateQuery':
      checkNodes(tree, rules);
      checkDefinition(tokens, tree, rules);
      return { kind: 'write' };
    default:
      throw refused(`the statement ${JSON.stringify(tokens[0]?.text ?? '')}`);
  }
}

/** Each clause of settings makes one node; a clause that the tokens do not show as one would pass unchecked. */
function checkSettingsCount({ tree, tokens }: CanonicalStatement): void {
  let count = 0;
  visitTree(tree, (node, parent) => {
    // The options of EXPLAIN are no settings.
    if (node.label === 'Set' && parent?.label.startsWith('Explain') !== true) count += 1;
  });
  if (count !== countSettingsClauses(tokens)) throw refused('this form of SETTINGS');
}

function rootKind(tree: SyntaxNode): string {
  return tree.label.split(' ', 1)[0] ?? '';
}

/** Kinds of nodes whose whole meaning the tree shows. */
const PLAIN_NODES = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ProjectionSelectQuery',
  'ExpressionList',
  'Subquery',
  'WithElement',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsRegexpMatcher',
  'ColumnsListMatcher',
  'QualifiedColumnsRegexpMatcher',
  'QualifiedColumnsListMatcher',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableJoin',
  'ArrayJoin',
  'OrderByElement',
  'StorageOrderByElement',
  'InterpolateElement',
  'WindowDefinition',
  'WindowListElement',
  'SampleRatio',
  'Set',
  'Literal',
  'Identifier',
  'Explain',
  'DescribeQuery',
  'CreateQuery',
  'Columns',
  'Storage',
  'ColumnDeclaration',
  'DataType',
  'EnumDataType',
  'TupleDataType',
  'NameTypePair',
  'ASTObjectTypeArgument',
  'ObjectTypedPath',
  'Index',
  'Projection',
  'Constraint',
  'TTLElement',
  'ViewTargets',
  'InsertQuery',
]);

function checkNodes(tree: SyntaxNode, rules: StatementRules): void {
  visitTree(tree, (node, parent) => {
    const [kind = '', ...rest] = node.label.split(' ');
    const name = rest.join(' ');
    if (kind === 'TableIdentifier') checkTableName(name, rules);
    else if (kind === 'Function') checkFunction(node, name, parent, tree, rules);
    else if (!PLAIN_NODES.has(kind)) throw refused(`the syntax ${kind}`);
    else if (kind === 'SelectWithUnionQuery' && node.children.some((child) => child.label.startsWith('Literal ')))
      throw refused('INTO OUTFILE');
  });
}

const IN_FUNCTIONS = /^(?:global)?(?:not)?(?:null)?in(?:ignoreset)?$/i;

function checkFunction(
  node: SyntaxNode,
  name: string,
  parent: SyntaxNode | undefined,
  root: SyntaxNode,
  rules: StatementRules,
): void {
  const isTableFunction = parent !== undefined && parent.label === 'TableExpression';
  const isDefinition = rootKind(root) === 'CreateQuery';
  const isAllowed = isTableFunction
    ? TABLE_FUNCTIONS.has(name.toLowerCase())
    : rules.functions.allows(name) ||
      (isDefinition &&
        (DEFINITION_FUNCTIONS.has(name.toLowerCase()) ||
          (parent?.label === 'Storage definition' && TABLE_ENGINES.has(name))));
  if (!isAllowed) throw refused(`the ${isTableFunction ? 'table function' : 'function'} ${name.slice(0, 100)}`);
  if (IN_FUNCTIONS.test(name)) checkRightSideOfIn(node, rules);
}

/** `x IN name` reads the table of that name. */
function checkRightSideOfIn(node: SyntaxNode, rules: StatementRules): void {
  const right = node.children[0]?.children[1];
  if (right?.label.startsWith('Identifier ') === true) checkTableName(right.label.slice('Identifier '.length), rules);
}

/** A bare name is a table of Costel's database, a CTE or an alias. */
function checkTableName(name: string, rules: StatementRules): void {
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

function checkExplain(tree: SyntaxNode): void {
  const isSelect = tree.children.some((child) => child.label === 'SelectWithUnionQuery');
  const isPlain = tree.children.every(
    (child) => child.label === 'SelectWithUnionQuery' || child.label === 'Set' || child.label.startsWith('Identifier '),
  );
  if (!isSelect || !isPlain || tree.label.includes('OVERRIDE')) throw refused('EXPLAIN of anything but a SELECT');
}

/** SHOW and EXISTS: every name after FROM, IN or a dot is checked, because the tree does not show them all. */
function checkMetadata(tree: SyntaxNode, tokens: readonly SqlToken[], rules: StatementRules): void {
  const names = tree.children
    .filter((child) => child.label.startsWith('Identifier '))
    .map((child) => child.label.slice('Identifier '.length));
  const isNamingTable = /^(?:ShowCreate|Exists)(?:Table|View)/.test(tree.label);
  if (tree.children.length !== names.length) throw refused('this form of the statement');
  if (isNamingTable) checkTableName(names.join('.'), rules);
  else for (const name of names) checkDatabaseName(name, rules);
  for (const [index, token] of tokens.entries()) {
    if (isKeyword(token, 'WHERE')) throw refused('WHERE in SHOW');
    const next = tokens[index + 1];
    const isShowColumns = tree.label === 'ShowColumns';
    if (!(isKeyword(token, 'FROM') || isKeyword(token, 'IN')) || next === undefined) continue;
    if (isShowColumns)
      checkTableName(
        isMark(tokens[index + 2], '.') ? `${next.text}.${tokens[index + 3]?.text ?? ''}` : next.text,
        rules,
      );
    else checkDatabaseName(next.text, rules);
  }
  if (tree.label === 'ShowColumns') checkSecondFrom(tokens, rules);
}

/** `SHOW COLUMNS FROM table FROM database`. */
function checkSecondFrom(tokens: readonly SqlToken[], rules: StatementRules): void {
  const positions = [...tokens.entries()]
    .filter(([, token]) => isKeyword(token, 'FROM') || isKeyword(token, 'IN'))
    .map(([index]) => index);
  const second = positions[1];
  if (second === undefined) return;
  const database = tokens[second + 1]?.text ?? '';
  const table = tokens[(positions[0] ?? 0) + 1]?.text ?? '';
  checkTableName(`${database}.${table}`, rules);
}

function checkDatabaseName(name: string, rules: StatementRules): void {
  if (name === rules.database || name === 'system' || INFORMATION_SCHEMAS.has(name)) return;
  throw refused(`the database ${name.slice(0, 100)}`);
}

function checkInsert(statement: CanonicalStatement, rules: StatementRules): AllowedStatement {
  const { tree, tokens } = statement;
  for (const child of tree.children) {
    if (!/^(?:Identifier \S+|ExpressionList|Set|SelectWithUnionQuery)$/.test(child.label))
      throw refused('this target or source of INSERT');
  }
  checkNodes(tree, rules);
  const target = readInsertTarget(tokens, rules.database);
  if (target.format === undefined) return { kind: 'write' };
  if (!FORMATS.has(target.format)) throw unknownFormat(target.format);
  return { kind: 'insert', insert: target };
}

/** The format stands as a name below the root. */
function withFormat(statement: AllowedStatement, tree: SyntaxNode): AllowedStatement {
  if (/^(?:ShowCreate|Exists|ShowTables)/.test(tree.label)) return statement;
  const label = tree.children.at(-1)?.label ?? '';
  if (!label.startsWith('Identifier ')) return statement;
  const format = label.slice('Identifier '.length);
  checkFormat(format);
  return { ...statement, format };
}

/** @throws InterfaceError 73 for a format that does not exist or needs files. */
export function checkFormat(format: string): void {
  if (!FORMATS.has(format)) throw unknownFormat(format);
}

function unknownFormat(format: string): InterfaceError {
  return new InterfaceError(
    73,
    'UNKNOWN_FORMAT',
    `Unknown format ${JSON.stringify(format.slice(0, 100))} on this port`,
    400,
  );
}

const FIRST_WORDS = new Set(['SELECT', 'WITH', 'EXPLAIN', 'DESCRIBE', 'SHOW', 'EXISTS', 'INSERT', 'CREATE']);
/** Keywords that may stand before a parenthesis. */
const WORDS_BEFORE_PARENTHESIS = new Set(
  'IN AND OR NOT FROM SELECT DISTINCT USING VALUES OVER AS THEN ELSE WHEN CASE BY ON WHERE PREWHERE HAVING QUALIFY LIMIT OFFSET ALL EXCEPT REPLACE ANY SETS ROLLUP CUBE COLUMNS INTERPOLATE WITH JOIN UNION INTERSECT LIKE ILIKE BETWEEN IS INTERVAL GLOBAL EXPLAIN PLAN SYNTAX AST ESTIMATE PIPELINE TREE TABLE STRICT APPLY TO FILL KEY CHECK TYPE DEFAULT MATERIALIZED ALIAS EPHEMERAL TTL ORDER CODEC DIV MOD REGEXP'.split(
    ' ',
  ),
);

/**
 * The look at the tokens. It comes before `EXPLAIN AST`, because EXPLAIN itself obeys the settings and the `INTO
 * OUTFILE` of the statement it explains.
 * @throws InterfaceError 497 naming what is refused.
 */
export function checkTokens(tokens: readonly SqlToken[], rules: StatementRules): void {
  const [first] = tokens;
  const isKnown = first?.kind === 'word' ? FIRST_WORDS.has(first.text.toUpperCase()) : isMark(first, '(');
  if (!isKnown) throw refused(`the statement ${JSON.stringify(first?.text.slice(0, 100) ?? '')}`);
  const isDefinition = isKeyword(first, 'CREATE');
  checkSettingsClauses(tokens, rules.limits, isDefinition);
  const tableName = isDefinition || isKeyword(first, 'INSERT') ? tableNameBeforeColumns(tokens) : -1;
  for (const [index, token] of tokens.entries()) {
    const isNamed = token.kind === 'word' || token.kind === 'name';
    if (!isNamed) continue;
    const next = tokens[index + 1];
    if (isFileClause(tokens[index - 1], token)) throw refused(`${tokens[index - 1]?.text ?? ''} ${token.text}`);
    if (token.text.toLowerCase() === 'default' && isMark(next, '.')) throw refused('the database default');
    if (index !== tableName && isMark(next, '(') && !mayStandBeforeParenthesis(token, rules, isDefinition)) {
      throw refused(`the function ${token.text.slice(0, 100)}`);
    }
  }
}

/** `INTO OUTFILE` and `FROM INFILE` are keywords of two words. */
function isFileClause(before: SqlToken | undefined, token: SqlToken): boolean {
  return (
    (isKeyword(before, 'INTO') && isKeyword(token, 'OUTFILE')) ||
    (isKeyword(before, 'FROM') && isKeyword(token, 'INFILE'))
  );
}

const NO_TABLE_NAMES = new Set(['SELECT', 'WITH', 'AS', 'ENGINE', 'FUNCTION', 'EXPLAIN', 'DEFAULT']);

/** Where `INSERT INTO [db.]table (` or `CREATE TABLE [db.]table (` has the table's name, which is no call; else -1. */
function tableNameBeforeColumns(tokens: readonly SqlToken[]): number {
  const parenthesis = tokens.findIndex((token) => isMark(token, '('));
  const before = tokens.slice(0, Math.max(parenthesis, 0));
  const isName = before.every((token) =>
    token.kind === 'word' ? !NO_TABLE_NAMES.has(token.text.toUpperCase()) : token.kind === 'name' || isMark(token, '.'),
  );
  return isName ? parenthesis - 1 : -1;
}

function mayStandBeforeParenthesis(token: SqlToken, rules: StatementRules, isDefinition: boolean): boolean {
  if (token.kind === 'word' && WORDS_BEFORE_PARENTHESIS.has(token.text.toUpperCase())) return true;
  const lower = token.text.toLowerCase();
  if (rules.functions.allows(token.text) || TABLE_FUNCTIONS.has(lower)) return true;
  // `{name:Nullable(String)}` and columns of a table name types; the tree shows where a type is called as a function.
  if (rules.dataTypes.has(lower)) return true;
  return isDefinition && (DEFINITION_FUNCTIONS.has(lower) || TABLE_ENGINES.has(token.text));
}
