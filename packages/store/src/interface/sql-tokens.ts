import { InterfaceError, refused } from './interface-error.js';

/** A piece of a canonical statement. `word` is bare, `name` was backquoted. */
export interface SqlToken {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'mark';
  /** Without the quotes for a name, as it stands for everything else. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /(?<space> +)|(?<string>'(?:[^'\\\n]|\\.)*')|`(?<name>[^`\\\p{Cc}\p{Cf}]*)`|(?<word>[A-Za-z_][A-Za-z0-9_]*)|(?<number>\d[A-Za-z0-9_]*(?:\.\d[A-Za-z0-9_]*)?(?:(?<=[eE])[+-]\d+)?)|(?<mark><=>|->|::|\|\||!=|<=|>=|<>|[()[\]{},.+*/%=<>?:-])/uy;

/**
 * Cuts a statement that the engine's own formatter wrote into tokens. That text has one form for everything: strings
 * in single quotes with backslashes, names bare or in backquotes, no comments, one line. Whatever does not look like
 * that is refused, names with quotes, backslashes or control characters included.
 * @throws InterfaceError 497.
 */
export function tokenizeCanonicalSql(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  for (let at = 0; at < sql.length;) {
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(sql)?.groups;
    if (groups === undefined)
      throw refused(`the character ${JSON.stringify(sql.slice(at, at + 1))} outside quotes, or in a quoted name,`);
    const end = TOKEN.lastIndex;
    const kind = (['string', 'name', 'word', 'number', 'mark'] as const).find(
      (candidate) => groups[candidate] !== undefined,
    );
    if (kind !== undefined) tokens.push({ kind, text: groups[kind] ?? '', start: at, end });
    at = end;
  }
  refuseComments(tokens);
  return tokens;
}

/** `--` and `/*` start comments; two marks that touch could be read as one. */
function refuseComments(tokens: readonly SqlToken[]): void {
  for (const [index, token] of tokens.entries()) {
    const next = tokens[index + 1];
    if (next === undefined || next.start !== token.end) continue;
    const pair = token.text + next.text;
    if (token.kind === 'mark' && next.kind === 'mark' && (pair === '--' || pair === '/*')) throw refused('a comment');
  }
}

/** True for the keyword in any case. A backquoted name is never a keyword. */
export function isKeyword(token: SqlToken | undefined, keyword: string): boolean {
  return token?.kind === 'word' && token.text.toUpperCase() === keyword;
}

/** True for the punctuation. */
export function isMark(token: SqlToken | undefined, mark: string): boolean {
  return token?.kind === 'mark' && token.text === mark;
}

/** What a canonical string literal stands for; the formatter writes backslashes before what needs them. */
export function unquoteString(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

/** A statement cut where its inline data begins. */
export interface SplitInsert {
  /** Up to and including `FORMAT name` or `VALUES`. */
  readonly head: Buffer;
  /** Everything after it, for the engine's parser of that format alone. */
  readonly data: Buffer;
}

const RAW_TOKEN =
  /\s+|--[^\n]*|#[ !][^\n]*|\/\*[\s\S]*?\*\/|'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$|[A-Za-z_]\w*|[\s\S]/y;

/**
 * Finds the data of an `INSERT … FORMAT name` or `INSERT … VALUES` statement, or undefined where the text is no insert
 * with data. A wrong cut can only make the head invalid or the data wrong: the head must still parse as one complete
 * statement and the data reaches the engine in a file, so what follows a blank line is never SQL.
 */
export function splitInsert(text: Buffer, maxHeadBytes: number): SplitInsert | undefined {
  const sql = text.subarray(0, maxHeadBytes).toString('latin1');
  let depth = 0;
  let previous = '';
  for (const token of rawTokens(sql)) {
    const word = token.text.toUpperCase();
    if (previous === '' && word !== 'INSERT' && word !== '(') return undefined;
    if (word === '(') depth += 1;
    else if (word === ')') depth -= 1;
    else if (depth === 0 && (word === 'SELECT' || word === 'WITH' || word === ';')) return undefined;
    else if (depth === 0 && word === 'VALUES' && isDataStart(sql, token.end)) return cut(text, token.end);
    else if (depth === 0 && previous === 'FORMAT' && /^[A-Za-z]\w*$/.test(token.text)) return cut(text, token.end);
    previous = word;
  }
  return undefined;
}

function* rawTokens(sql: string): Generator<{ text: string; end: number }> {
  for (let at = 0; at < sql.length;) {
    RAW_TOKEN.lastIndex = at;
    const text = RAW_TOKEN.exec(sql)?.[0];
    if (text === undefined) return;
    at += text.length;
    if (!/^(?:\s|--|\/\*|#[ !])/.test(text)) yield { text, end: at };
  }
}

/** `VALUES` begins data where a row or nothing follows; a column may be called `values`. */
function isDataStart(sql: string, at: number): boolean {
  return /^[\s;]*(?:\(|$)/.test(sql.slice(at, at + 4096));
}

/** What a server does: spaces and one line end after the head belong to neither side; so does a lone semicolon. */
function cut(text: Buffer, at: number): SplitInsert {
  let start = at;
  const SPACE = 0x20;
  const TAB = 0x09;
  while (text[start] === SPACE || text[start] === TAB) start += 1;
  if (text[start] === 0x3b) start += 1;
  if (text[start] === 0x0d && text[start + 1] === 0x0a) start += 2;
  else if (text[start] === 0x0a) start += 1;
  return { head: text.subarray(0, at), data: text.subarray(start) };
}

/** Decodes SQL. @throws InterfaceError 62 where the bytes are no UTF-8. */
export function decodeSql(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InterfaceError(62, 'SYNTAX_ERROR', 'Syntax error: the statement is not valid UTF-8');
  }
}
