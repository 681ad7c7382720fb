import { DEFINITION_FUNCTIONS, FORMATS, TABLE_ENGINES, TABLE_FUNCTIONS } from './allow-list.js';
import { checkDefinition } from './definition-check.js';
import { readInsertTarget } from './insert-target.js';
import { InterfaceError, refused } from './interface-error.js';
import { checkMetadata } from './metadata-check.js';
import { checkDelete } from './own-statements.js';
import { MUST_BE_OFF } from './setting-rules.js';
import { countSettingsClauses, readSettings } from './settings-clause.js';
import type { AllowedStatement, CanonicalStatement, StatementRules } from './statement.js';
import { readSetStatement } from './set-statement.js';
import { isKeyword } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';
import { checkTemporary, droppedTable } from './temporary-table.js';
import { visitTree } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';
import { checkTableName } from './table-names.js';

/**
 * Decides whether a statement may run on this port, for anybody, after `checkTokens`. It may not read or write outside the engine's own
 * tables, whatever credential comes with it. Two independent looks at the same canonical text must agree: the syntax
 * tree (kinds of nodes, tables, functions) and the tokens, which show what the tree leaves out (settings, `INTO
 * OUTFILE`, `APPLY`, `AS table`, `TO table`, `ON CLUSTER`, `TO DISK`).
 * @throws InterfaceError 497 naming what is refused.
 */
export function checkStatement(statement: CanonicalStatement, rules: StatementRules): AllowedStatement {
  const { tokens, tree } = statement;
  const kind = rootKind(tree);
  if (kind !== 'Set') checkSettingsCount(statement);
  // Of an insert with rows the clause is taken apart, and such settings are left out.
  if (kind !== 'InsertQuery') refuseSwitchedOn(tokens);
  switch (kind) {
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
    default:
      return checkChange(statement, rules);
  }
}

/** Whatever changes something: tables, rows, or what a session keeps. */
function checkChange(statement: CanonicalStatement, rules: StatementRules): AllowedStatement {
  const { tokens, tree } = statement;
  switch (rootKind(tree)) {
    case 'InsertQuery':
      return checkInsert(statement, rules);
    case 'DeleteQuery':
      checkNodes(tree, rules);
      return checkDelete(tokens, rules.database);
    case 'Set':
      return { kind: 'set', settings: readSetStatement(tokens, rules.limits) };
    case 'DropQuery':
      return { kind: 'temporary', temporary: { action: 'drop', table: droppedTable(tokens) } };
    case 'CreateQuery':
      checkNodes(tree, rules);
      if (isKeyword(tokens[1], 'TEMPORARY')) return checkTemporary(tokens, tree);
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
  'DeleteQuery',
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

function checkExplain(tree: SyntaxNode): void {
  const isSelect = tree.children.some((child) => child.label === 'SelectWithUnionQuery');
  const isPlain = tree.children.every(
    (child) => child.label === 'SelectWithUnionQuery' || child.label === 'Set' || child.label.startsWith('Identifier '),
  );
  if (!isSelect || !isPlain || tree.label.includes('OVERRIDE')) throw refused('EXPLAIN of anything but a SELECT');
}

function checkInsert(statement: CanonicalStatement, rules: StatementRules): AllowedStatement {
  const { tree, tokens } = statement;
  for (const child of tree.children) {
    if (!/^(?:Identifier \S+|ExpressionList|Set|SelectWithUnionQuery)$/.test(child.label))
      throw refused('this target or source of INSERT');
  }
  checkNodes(tree, rules);
  const target = readInsertTarget(tokens, rules.database);
  if (target.format === undefined) {
    refuseSwitchedOn(tokens);
    return { kind: 'write', insert: target };
  }
  if (!FORMATS.has(target.format)) throw unknownFormat(target.format);
  return { kind: 'insert', insert: target };
}

/** @throws InterfaceError 497 where a clause of settings switches on what must be off. */
function refuseSwitchedOn(tokens: readonly SqlToken[]): void {
  const on = readSettings(tokens).find(({ name, value }) => MUST_BE_OFF.has(name) && !/^'?(?:0|false)'?$/i.test(value));
  if (on !== undefined) throw refused(`the setting ${on.name} = ${on.value.slice(0, 40)}`);
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
  );
}
