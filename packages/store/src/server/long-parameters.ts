import { randomUUID } from 'node:crypto';
import type { QueryParameters } from '../database.js';
import { encodeParameters } from '../engine/literals.js';

/**
 * A server takes at most 128 KiB as one field of a form (`http_max_field_value_size`, which no request can raise), and a
 * parameter is one field. Text may be written with an escape for every byte, so a part is cut at half of that.
 */
const MAX_PART_BYTES = 60_000;
/** Quotes and comma of a text; the digits of a number. */
const VALUE_OVERHEAD_BYTES = 24;

type ListValue = string | number | bigint;

/** A statement and its parameters. */
export interface ParameterizedStatement {
  readonly sql: string;
  readonly parameters: QueryParameters;
}

function partsOf(values: readonly ListValue[]): readonly (readonly ListValue[])[] {
  const parts: ListValue[][] = [[]];
  let bytes = 0;
  for (const value of values) {
    const size = VALUE_OVERHEAD_BYTES + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
    if (bytes > 0 && bytes + size > MAX_PART_BYTES) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(value);
    bytes += size;
  }
  return parts;
}

/**
 * Hands a long list over as several parameters, which the statement joins: `x IN {ids:Array(String)}` becomes
 * `x IN arrayConcat({ids__0:Array(String)}, {ids__1:Array(String)})`, a constant to the planner as the list was. E.g. 20,000
 * trace ids (1.1 MB) are 19 parts.
 */
export function splitLongParameters(sql: string, parameters: QueryParameters): ParameterizedStatement {
  let statement = sql;
  const split: Record<string, QueryParameters[string]> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const parts = Array.isArray(value) ? partsOf(value as readonly ListValue[]) : [];
    if (parts.length < 2) {
      split[name] = value;
      continue;
    }
    const placeholder = new RegExp(`\\{${name}:(Array\\((?:[^{}]*)\\))\\}`, 'g');
    statement = statement.replaceAll(
      placeholder,
      (_match, type: string) => `arrayConcat(${parts.map((_part, index) => `{${name}__${index}:${type}}`).join(', ')})`,
    );
    for (const [index, part] of parts.entries()) split[`${name}__${index}`] = part;
  }
  return { sql: statement, parameters: split };
}

/** Beyond this many bytes parameters go as a form. An address with all that is escaped in it holds at most 1 MiB. */
export const MAX_ADDRESS_PARAMETER_BYTES = 4096;

/** Bytes of the texts of all parameters, before anything is escaped for an address. */
export function parameterBytes(parameters: QueryParameters): number {
  return [...encodeParameters(parameters).values()].reduce((total, text) => total + Buffer.byteLength(text), 0);
}

/** A body of a request and what it is. */
export interface Form {
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * The parameters as the fields `param_NAME` of a form, which has no limit of its own (a server takes 1 GiB of it). No value
 * can hold the boundary, which is random. Not `FormData`: that rewrites line ends.
 * @throws StoreError `parameter_invalid`, `name_invalid`.
 */
export function formOf(parameters: QueryParameters): Form {
  const boundary = `costel-${randomUUID()}`;
  const fields = [...encodeParameters(parameters)].map(
    ([name, text]) => `--${boundary}\r\nContent-Disposition: form-data; name="param_${name}"\r\n\r\n${text}\r\n`,
  );
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.from(`${fields.join('')}--${boundary}--\r\n`, 'utf8'),
  };
}
