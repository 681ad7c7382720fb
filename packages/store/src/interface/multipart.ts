import { InterfaceError } from './interface-error.js';

const MAX_PARTS = 1000;

/**
 * Fields of a `multipart/form-data` body by name; `query` is the statement, the others count like fields of the URL.
 * @throws InterfaceError 36 where the body is malformed or carries files (external tables).
 */
export function parseMultipart(body: Buffer, contentType: string): Map<string, string> {
  const boundary = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  const marker = boundary?.[1] ?? boundary?.[2];
  if (marker === undefined) throw malformed('has no boundary');
  const fields = new Map<string, string>();
  const parts = body.toString('latin1').split(`--${marker}`);
  if (parts.length > MAX_PARTS) throw malformed(`has more than ${MAX_PARTS} parts`);
  for (const part of parts.slice(1, -1)) {
    const { name, value } = parsePart(part);
    fields.set(name, value);
  }
  return fields;
}

function parsePart(part: string): { name: string; value: string } {
  const match = /^\r\n([\s\S]*?)\r\n\r\n([\s\S]*)\r\n$/.exec(part);
  const headers = match?.[1] ?? '';
  const name = /\bcontent-disposition:[^\r\n]*;\s*name="([^"\r\n]*)"/i.exec(headers)?.[1];
  if (match === null || name === undefined) throw malformed('has a part without a name');
  if (/\bfilename\*?=/i.test(headers)) throw malformed('carries an external table, which this port does not take');
  return { name, value: Buffer.from(match[2] ?? '', 'latin1').toString('utf8') };
}

function malformed(what: string): InterfaceError {
  return new InterfaceError(36, 'BAD_ARGUMENTS', `the multipart body ${what}`);
}
