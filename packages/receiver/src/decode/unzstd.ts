import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';

/**
 * The largest window that a frame may ask for, in bytes. A decoder sets it aside before it has seen any content; encoders
 * stay at 8 MiB (RFC 8878 asks decoders for no more) unless they are told otherwise.
 */
export const MAX_WINDOW_BYTES = 32 * 1024 * 1024;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;
const HEADER_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;

type Decompressor = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

/** Node has zstd from 22.15 on. */
const NATIVE: Decompressor | undefined =
  'zstdDecompressSync' in zlib && typeof zlib.zstdDecompressSync === 'function'
    ? (Reflect.get(zlib, 'zstdDecompressSync') as Decompressor)
    : undefined;

/** Undoes zstd (RFC 8878) with at most `maxBytes` of output. @throws RangeError beyond them, Error for what is no zstd. */
export function unzstd(body: Uint8Array, maxBytes: number): Uint8Array {
  checkFrames(body, maxBytes);
  return NATIVE === undefined ? unzstdPortably(body, maxBytes) : NATIVE(body, { maxOutputLength: maxBytes });
}

/** As `unzstd`, where Node has none of its own. Blocks are counted as they come out, so a bomb ends at its limit. */
export function unzstdPortably(body: Uint8Array, maxBytes: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  let length = 0;
  const stream = new Decompress((block) => {
    length += block.length;
    if (length > maxBytes) throw new RangeError(`more than ${maxBytes} bytes`);
    // The decompressor may use the block again.
    blocks.push(block.slice());
  });
  stream.push(body, true);
  return Buffer.concat(blocks, length);
}

/**
 * Walks over all frames and their blocks without unpacking them: what a frame says of its window and of its content is
 * looked at before a decompressor believes it.
 */
export function checkFrames(body: Uint8Array, maxBytes: number): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length === 0) throw new Error('no frame');
  let position = 0;
  while (position < body.length) {
    needBytes(view, position, HEADER_BYTES);
    const magic = view.getUint32(position, true);
    position += HEADER_BYTES;
    if (magic >>> 4 === SKIPPABLE_MAGIC >>> 4) {
      needBytes(view, position, HEADER_BYTES);
      position += HEADER_BYTES + view.getUint32(position, true);
    } else if (magic === FRAME_MAGIC) position = passFrame(view, position, maxBytes);
    else throw new Error('not a zstd frame');
    if (position > body.length) throw new Error('a frame reaches past the body');
  }
}

/** Reads a frame from after its magic number; gives the position after it. */
function passFrame(view: DataView, start: number, maxBytes: number): number {
  needBytes(view, start, 1);
  const descriptor = view.getUint8(start);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeBytes = sizeFlag === 0 ? Number(isSingleSegment) : 1 << sizeFlag;
  let position = start + 1;
  needBytes(view, position, Number(!isSingleSegment) + dictionaryBytes + sizeBytes);
  if (!isSingleSegment) checkWindow(view.getUint8(position++));
  position += dictionaryBytes;
  if (sizeBytes > 0 && contentBytes(view, position, sizeBytes) > maxBytes) throw new RangeError('too large');
  position += sizeBytes;
  for (let isLast = false; !isLast;) {
    needBytes(view, position, BLOCK_HEADER_BYTES);
    const header = view.getUint16(position, true) | (view.getUint8(position + 2) << 16);
    const kind = (header >> 1) & 3;
    if (kind === RESERVED_BLOCK) throw new Error('a block of a reserved type');
    position += BLOCK_HEADER_BYTES + (kind === RLE_BLOCK ? 1 : header >>> 3);
    isLast = (header & 1) === 1;
  }
  const hasChecksum = (descriptor & 4) !== 0;
  return position + (hasChecksum ? 4 : 0);
}

/** A DataView would throw a RangeError, which here means that the content is too large. */
function needBytes(view: DataView, position: number, count: number): void {
  if (position + count > view.byteLength) throw new Error('a frame is cut short');
}

function checkWindow(descriptor: number): void {
  const base = 2 ** (10 + (descriptor >> 3));
  const windowBytes = base + (base / 8) * (descriptor & 7);
  if (windowBytes <= MAX_WINDOW_BYTES) return;
  throw new Error(`a window of ${windowBytes} bytes; at most ${MAX_WINDOW_BYTES} are set aside`);
}

function contentBytes(view: DataView, position: number, sizeBytes: number): number {
  if (sizeBytes === 1) return view.getUint8(position);
  if (sizeBytes === 2) return view.getUint16(position, true) + 256;
  if (sizeBytes === 4) return view.getUint32(position, true);
  return Number(view.getBigUint64(position, true));
}
