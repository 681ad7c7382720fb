import { TABLE_ENGINES } from './allow-list.js';
import { refused } from './interface-error.js';
import type { StatementRules } from './statement.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';
import { visitTree } from './syntax-tree.js';
import type { SyntaxNode } from './syntax-tree.js';

const REFUSED_WORDS = new Set([
  'CLUSTER',
  'DISK',
  'VOLUME',
  'CLONE',
  'TEMPORARY',
  'DEFINER',
  'SECURITY',
  'REFRESH',
  'UUID',
  'ATTACH',
  'DICTIONARY',
  'FUNCTION',
  'WINDOW',
  'LIVE',
  'REPLACE',
  'INNER',
  'UNDROP',
]);

/**
 * Checks what the syntax tree of a CREATE leaves out. Allowed: `CREATE DATABASE IF NOT EXISTS costel`, tables of
 * engines that keep rows in the data directory, views and materialized views of allowed SELECTs into Costel's tables.
 * @throws InterfaceError 497.
 */
export function checkDefinition(tokens: readonly SqlToken[], tree: SyntaxNode, rules: StatementRules): void {
  const isMaterialized = isKeyword(tokens[1], 'MATERIALIZED');
  const kind = tokens[isMaterialized ? 2 : 1];
  const select = tokens.findIndex((token) => isKeyword(token, 'SELECT'));
  const definition = select === -1 ? tokens : tokens.slice(0, select);
  for (const token of definition)
    if (token.kind === 'word' && REFUSED_WORDS.has(token.text.toUpperCase())) throw refused(`${token.text} in CREATE`);
  checkEngines(tree);
  const nameAt = (isMaterialized ? 3 : 2) + (isKeyword(tokens[isMaterialized ? 3 : 2], 'IF') ? 3 : 0);
  if (isKeyword(kind, 'DATABASE')) checkDatabase(tokens, nameAt, rules);
  else if (isKeyword(kind, 'TABLE') || isKeyword(kind, 'VIEW')) checkNames(tokens, nameAt, rules);
  else throw refused(`CREATE ${kind?.text ?? ''}`);
}

function checkDatabase(tokens: readonly SqlToken[], nameAt: number, rules: StatementRules): void {
  const isOurs = tokens[nameAt]?.text === rules.database && tokens.length === nameAt + 1 && isKeyword(tokens[2], 'IF');
  if (!isOurs) throw refused(`CREATE DATABASE other than IF NOT EXISTS ${rules.database}`);
}

function checkNames(tokens: readonly SqlToken[], nameAt: number, rules: StatementRules): void {
  const after = checkQualifiedName(tokens, nameAt, rules);
  if (isKeyword(tokens[after], 'TO')) checkQualifiedName(tokens, after + 1, rules);
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (isMark(token, '(')) depth += 1;
    if (isMark(token, ')')) depth -= 1;
    const next = tokens[index + 1];
    // Outside parentheses and before the query, AS names another table whose definition would be copied.
    if (depth === 0 && isKeyword(token, 'AS')) {
      if (isKeyword(next, 'SELECT') || isKeyword(next, 'WITH') || isMark(next, '(')) return;
      throw refused('CREATE … AS another table');
    }
    if (depth === 0 && index > after && isKeyword(token, 'TO')) throw refused('TO in this place');
  }
}

function checkQualifiedName(tokens: readonly SqlToken[], at: number, rules: StatementRules): number {
  const isQualified = isMark(tokens[at + 1], '.');
  if (isQualified && tokens[at]?.text !== rules.database) throw refused(`the database ${tokens[at]?.text ?? ''}`);
  const table = tokens[isQualified ? at + 2 : at];
  if (table === undefined || (table.kind !== 'word' && table.kind !== 'name') || !/^\w+$/.test(table.text))
    throw refused(`the table ${table?.text ?? ''}`);
  return isQualified ? at + 3 : at + 1;
}

/** The engine is the first function of a storage definition; what else stands there is expressions over columns. */
function checkEngines(tree: SyntaxNode): void {
  visitTree(tree, (node) => {
    if (node.label !== 'Storage definition') return;
    const engine = node.children[0]?.label ?? '';
    const name = engine.replace(/^Function /, '');
    if (!engine.startsWith('Function ') || !TABLE_ENGINES.has(name))
      throw refused(`the table engine ${name.slice(0, 100)}`);
  });
}
