import type { QueryParameters } from '../database.js';
import { StoreError } from './store-error.js';

/** Bytes that mean nothing to any ClickHouse lexer inside quotes: letters, digits, space and `_.,:-`. */
const PLAIN_BYTES = /[A-Za-z0-9 _.,:-]/;
const ENCODED_BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  PLAIN_BYTES.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
);

/**
 * A single-quoted SQL literal of any bytes. Between the quotes stand only letters, digits, space, `_.,:-` and
 * `\xHH`, so no value can end the literal, whatever it holds: `it's` becomes `'it\x27s'`.
 */
export function encodeSqlLiteral(value: string | Uint8Array): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  let text = "'";
  for (const byte of bytes) text += ENCODED_BYTES[byte];
  return `${text}'`;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;
const COLUMN = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?$/;

/** True for a plain name: letters, digits and underscores, not starting with a digit. */
export function isPlainIdentifier(name: string): boolean {
  return IDENTIFIER.test(name);
}

/** Backquotes `table` or `database.table`. @throws StoreError `name_invalid` for anything else. */
export function quoteTableName(name: string): string {
  const parts = name.split('.');
  if (parts.length > 2 || !parts.every(isPlainIdentifier)) {
    throw new StoreError(
      'name_invalid',
      `table ${JSON.stringify(name)} must be name or database.name of letters, digits and _`,
    );
  }
  return parts.map((part) => `\`${part}\``).join('.');
}

/** Backquotes a column, with one dot for a column of a nested table. @throws StoreError `name_invalid`. */
export function quoteColumnName(name: string): string {
  if (!COLUMN.test(name))
    throw new StoreError(
      'name_invalid',
      `column ${JSON.stringify(name)} must be letters, digits, _ and at most one dot`,
    );
  return `\`${name}\``;
}

/** Checks a name that SQL takes bare. @throws StoreError `name_invalid`. */
export function checkedName(kind: 'cluster' | 'database' | 'format' | 'setting' | 'parameter', name: string): string {
  if (!isPlainIdentifier(name))
    throw new StoreError('name_invalid', `${kind} ${JSON.stringify(name)} must be letters, digits and _`);
  return name;
}

const TSV_ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escapeTsv(value: string): string {
  return value.replaceAll(/[\\\0\b\f\n\r\t]/g, (character) => TSV_ESCAPES[character] ?? character);
}

function elementText(value: string | number | bigint): string {
  if (typeof value === 'string') return `'${escapeTsv(value).replaceAll("'", String.raw`\'`)}'`;
  return typeof value === 'bigint' ? value.toString() : numberText(value);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new StoreError('parameter_invalid', `parameter value ${value} must be finite`);
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new StoreError(
      'parameter_invalid',
      `parameter value ${value} is beyond ±2^53 and has lost digits: pass a bigint or a string`,
    );
  }
  return String(value);
}

/** The text of a parameter as the engine reads it: TSV-escaped, `\N` for null, arrays as `['a',…]`. */
export function encodeParameterText(value: QueryParameters[string]): string {
  if (value === null) return String.raw`\N`;
  if (typeof value === 'string') return escapeTsv(value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return numberText(value);
  return `[${value.map(elementText).join(',')}]`;
}

/** Parameter texts by name, ready for a connection. @throws StoreError `parameter_invalid`, `name_invalid`. */
export function encodeParameters(parameters: QueryParameters): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(parameters))
    texts.set(checkedName('parameter', name), encodeParameterText(value));
  return texts;
}
