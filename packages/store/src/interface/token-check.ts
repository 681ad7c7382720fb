import { DEFINITION_FUNCTIONS, TABLE_ENGINES, TABLE_FUNCTIONS } from './allow-list.js';
import { refused } from './interface-error.js';
import { checkSettingsClauses } from './settings-clause.js';
import type { StatementRules } from './statement.js';
import { isKeyword, isMark } from './sql-tokens.js';
import type { SqlToken } from './sql-tokens.js';

const FIRST_WORDS = new Set([
  'SELECT',
  'WITH',
  'EXPLAIN',
  'DESCRIBE',
  'SHOW',
  'EXISTS',
  'INSERT',
  'CREATE',
  'DELETE',
  'SET',
  'DROP',
]);
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
