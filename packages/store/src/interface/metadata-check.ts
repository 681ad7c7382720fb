import { refused } from './interface-error.js';
import type { StatementRules } from './statement.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';
import type { SyntaxNode } from './syntax-tree.js';
import { checkDatabaseName, checkTableName } from './table-names.js';

/** SHOW and EXISTS: every name after FROM, IN or a dot is checked, because the tree does not show them all. */
export function checkMetadata(tree: SyntaxNode, tokens: readonly SqlToken[], rules: StatementRules): void {
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
