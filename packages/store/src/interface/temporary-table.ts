import { refused } from './interface-error.js';
import type { AllowedStatement } from './statement.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';
import type { SyntaxNode } from './syntax-tree.js';

/**
 * `CREATE TEMPORARY TABLE [IF NOT EXISTS] name (columns) [ENGINE = Memory]` or `… AS SELECT …`, after the nodes of its
 * tree were checked like those of any table.
 * @throws InterfaceError 497 for other engines and forms.
 */
export function checkTemporary(tokens: readonly SqlToken[], tree: SyntaxNode): AllowedStatement {
  const nameAt = isKeyword(tokens[3], 'IF') ? 6 : 3;
  const name = tokens[nameAt];
  const next = tokens[nameAt + 1];
  const isForm =
    isKeyword(tokens[2], 'TABLE') &&
    isPlainName(name) &&
    (isMark(next, '(') ||
      (isKeyword(next, 'AS') && isKeyword(tokens[nameAt + 2], 'SELECT')) ||
      isKeyword(next, 'ENGINE'));
  const kinds = tree.children.map(({ label }) => label.split(' ', 1)[0] ?? '');
  const isWhole = kinds.every((kind) => ['Identifier', 'Columns', 'Storage', 'SelectWithUnionQuery'].includes(kind));
  if (!isForm || !isWhole || !isInMemory(tree)) throw refused('this form of CREATE TEMPORARY TABLE');
  return { kind: 'temporary', temporary: { action: 'create', table: name?.text ?? '' } };
}

function isInMemory(tree: SyntaxNode): boolean {
  const storage = tree.children.find(({ label }) => label === 'Storage definition');
  return storage === undefined || (storage.children.length === 1 && storage.children[0]?.label === 'Function Memory');
}

/** The table of `DROP TEMPORARY TABLE [IF EXISTS] name`. @throws InterfaceError 497 for every other DROP. */
export function droppedTable(tokens: readonly SqlToken[]): string {
  const nameAt = isKeyword(tokens[3], 'IF') ? 5 : 3;
  const name = tokens[nameAt];
  const isForm = isKeyword(tokens[1], 'TEMPORARY') && isKeyword(tokens[2], 'TABLE') && isPlainName(name);
  if (!isForm || tokens.length !== nameAt + 1) throw refused('DROP of anything but a temporary table');
  return name?.text ?? '';
}

function isPlainName(token: SqlToken | undefined): boolean {
  return (token?.kind === 'word' || token?.kind === 'name') && /^[A-Za-z_]\w*$/.test(token.text);
}
