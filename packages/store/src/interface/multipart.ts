import { InterfaceError } from './interface-error.js';

const MAX_PARTS = 1000;
const MAX_HEADER_BYTES = 8192;

/** A part with a file name: the rows of an external table. */
export interface MultipartFile {
  readonly name: string;
  readonly data: Buffer;
}

/** What a form holds; `query` is the statement, the other fields count like fields of the URL. */
export interface MultipartForm {
  readonly fields: ReadonlyMap<string, string>;
  readonly files: readonly MultipartFile[];
}

/** @throws InterfaceError 36 where the body is malformed. */
export function parseMultipart(body: Buffer, contentType: string): MultipartForm {
  const boundary = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i.exec(contentType);
  const marker = boundary?.[1] ?? boundary?.[2];
  if (marker === undefined) throw malformed('has no boundary');
  const fields = new Map<string, string>();
  const files: MultipartFile[] = [];
  for (const part of splitParts(body, marker)) {
    const { name, fileName, data } = parsePart(part);
    if (fileName) files.push({ name, data });
    else fields.set(name, data.toString('utf8'));
  }
  return { fields, files };
}

/** The parts between the delimiters, each from the end of its delimiter's line on. */
function* splitParts(body: Buffer, marker: string): Generator<Buffer> {
  const delimiter = Buffer.from(`\r\n--${marker}`, 'latin1');
  const first = Buffer.from(`--${marker}`, 'latin1');
  let start = body.subarray(0, first.length).equals(first) ? first.length : -1;
  if (start === -1) {
    const found = body.indexOf(delimiter);
    if (found === -1) throw malformed('does not hold its boundary');
    start = found + delimiter.length;
  }
  for (let parts = 0; !isLast(body, start); parts += 1) {
    if (parts >= MAX_PARTS) throw malformed(`has more than ${MAX_PARTS} parts`);
    const end = body.indexOf(delimiter, start);
    if (end === -1) throw malformed('is cut short');
    yield body.subarray(start, end);
    start = end + delimiter.length;
  }
}

function isLast(body: Buffer, at: number): boolean {
  return body.subarray(at, at + 2).toString('latin1') === '--';
}

function parsePart(part: Buffer): { name: string; fileName: boolean; data: Buffer } {
  const end = part.subarray(0, MAX_HEADER_BYTES).indexOf('\r\n\r\n');
  const headers = end === -1 ? '' : part.subarray(0, end).toString('utf8');
  const disposition = /^content-disposition:([^\r\n]*)/im.exec(headers)?.[1] ?? '';
  const name = /;\s*name="([^"\r\n]*)"/i.exec(disposition)?.[1];
  if (name === undefined) throw malformed('has a part without a name');
  return { name, fileName: /;\s*filename\*?=/i.test(disposition), data: part.subarray(end + 4) };
}

function malformed(what: string): InterfaceError {
  return new InterfaceError(36, 'BAD_ARGUMENTS', `the multipart body ${what}`);
}
