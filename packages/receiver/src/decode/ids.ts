import type { DecodeContext } from './decode-context.js';
import { RecordError } from './record-error.js';
import type { RowWriter } from './row-writer.js';

/** Bytes of a W3C trace id and of a span id. */
export const TRACE_ID_BYTES = 16;
export const SPAN_ID_BYTES = 8;

/** Writes an id in lower-case hexadecimal, an absent or all-zero one as an empty string; another length is `invalid_id`. */
export function writeId(context: DecodeContext, start: number, end: number, size: number, out: RowWriter): void {
  const { bytes } = context.body;
  if (isAbsent(start, end, size)) return out.varint(0);
  let position = start;
  while (position < end && bytes[position] === 0) position++;
  return position === end ? out.varint(0) : out.hex(bytes, start, size);
}

/** Writes the id of an exemplar, which the exporter prints in full even where it is absent: zeros then. */
export function writeExemplarId(
  context: DecodeContext,
  start: number,
  end: number,
  size: number,
  out: RowWriter,
): void {
  if (isAbsent(start, end, size)) out.ascii('00'.repeat(size));
  else out.hex(context.body.bytes, start, size);
}

function isAbsent(start: number, end: number, size: number): boolean {
  if (start < 0 || start === end) return true;
  if (end - start !== size) throw new RecordError('invalid_id', `an id has ${end - start} bytes, not ${size}`);
  return false;
}
