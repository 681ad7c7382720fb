import { cityHash128 } from './city-hash-128.js';
import { decodeLz4Block } from './lz4.js';
import { encodeLz4Block } from './lz4-encoder.js';
import { InterfaceError } from './interface-error.js';

const CHECKSUM_BYTES = 16;
const HEADER_BYTES = 9;
const METHOD_NONE = 0x02;
const METHOD_LZ4 = 0x82;
const METHOD_ZSTD = 0x90;
/** How much of an answer is packed at a time. */
export const FRAME_CONTENT_BYTES = 1024 * 1024;

/**
 * Wraps bytes in ClickHouse's compressed block framing (`compress=1`), a block for each MiB: a checksum, the method byte for
 * lz4, both sizes, the packed bytes. Always lz4, as a server does: the clients for Java and Rust know no other method.
 */
export function* framedBlocks(content: Uint8Array): Generator<Buffer> {
  for (let at = 0; at < content.length; at += FRAME_CONTENT_BYTES)
    yield frameBlock(content.subarray(at, at + FRAME_CONTENT_BYTES));
}

/** All blocks of {@link framedBlocks}, one after the other. */
export function frameBlocks(content: Uint8Array): Buffer {
  return Buffer.concat([...framedBlocks(content)]);
}

function frameBlock(content: Uint8Array): Buffer {
  const packed = encodeLz4Block(content);
  const frame = Buffer.allocUnsafe(CHECKSUM_BYTES + HEADER_BYTES + packed.length);
  frame.writeUInt8(METHOD_LZ4, CHECKSUM_BYTES);
  frame.writeUInt32LE(HEADER_BYTES + packed.length, CHECKSUM_BYTES + 1);
  frame.writeUInt32LE(content.length, CHECKSUM_BYTES + 5);
  frame.set(packed, CHECKSUM_BYTES + HEADER_BYTES);
  cityHash128(frame.subarray(CHECKSUM_BYTES)).copy(frame, 0);
  return frame;
}

/**
 * Unwraps blocks, lz4 or plain, that a client sent with `decompress=1`. The checksum is left unchecked (TCP has one, every size is
 * bounded here, and hashing costs more than decoding).
 * @throws InterfaceError 33 or 271 for blocks cut short, sizes that lie, unknown methods, more than `maxBytes`.
 */
export function unframeBlocks(framed: Buffer, maxBytes: number): Buffer {
  const blocks: Buffer[] = [];
  let total = 0;
  for (const { method, content, contentBytes } of readBlocks(framed)) {
    total += contentBytes;
    if (total > maxBytes) throw unpacksTooLarge(maxBytes);
    blocks.push(unframeBlock(method, content, contentBytes));
  }
  return Buffer.concat(blocks);
}

function unframeBlock(method: number, content: Buffer, contentBytes: number): Buffer {
  switch (method) {
    case METHOD_NONE:
      if (content.length !== contentBytes) throw truncated();
      return content;
    case METHOD_LZ4:
      return decodeLz4Block(content, contentBytes);
    default:
      throw new InterfaceError(
        89,
        'UNKNOWN_COMPRESSION_METHOD',
        `compression method 0x${method.toString(16)} is not supported in one body with others: use lz4, zstd or none`,
      );
  }
}

/** A block of the framing, not unpacked. */
interface FramedBlock {
  readonly method: number;
  readonly content: Buffer;
  readonly contentBytes: number;
}

function* readBlocks(framed: Buffer): Generator<FramedBlock> {
  for (let at = 0; at < framed.length;) {
    if (framed.length - at < CHECKSUM_BYTES + HEADER_BYTES) throw truncated();
    const method = framed.readUInt8(at + CHECKSUM_BYTES);
    const compressedBytes = framed.readUInt32LE(at + CHECKSUM_BYTES + 1);
    const contentBytes = framed.readUInt32LE(at + CHECKSUM_BYTES + 5);
    const end = at + CHECKSUM_BYTES + compressedBytes;
    if (compressedBytes < HEADER_BYTES || end > framed.length) throw truncated();
    yield { method, content: framed.subarray(at + CHECKSUM_BYTES + HEADER_BYTES, end), contentBytes };
    at = end;
  }
}

/** True where every block is zstd: then {@link joinZstdBlocks} makes one zstd stream of them. */
export function hasOnlyZstdBlocks(framed: Buffer): boolean {
  return framed.length > CHECKSUM_BYTES && framed.readUInt8(CHECKSUM_BYTES) === METHOD_ZSTD;
}

/**
 * Each block is a zstd frame, and frames one after the other are a zstd stream.
 * @throws InterfaceError 271 for blocks cut short or of another method, 307 where they claim more than `maxBytes`.
 */
export function joinZstdBlocks(framed: Buffer, maxBytes: number): Buffer {
  const frames: Buffer[] = [];
  let total = 0;
  for (const { method, content, contentBytes } of readBlocks(framed)) {
    if (method !== METHOD_ZSTD) throw truncated();
    total += contentBytes;
    if (total > maxBytes) throw unpacksTooLarge(maxBytes);
    frames.push(content);
  }
  return Buffer.concat(frames);
}

function unpacksTooLarge(maxBytes: number): InterfaceError {
  return new InterfaceError(307, 'TOO_MANY_BYTES', `the body unpacks to more than ${maxBytes} bytes`, 413);
}

function truncated(): InterfaceError {
  return new InterfaceError(271, 'CANNOT_DECOMPRESS', 'the compressed blocks are cut short or their sizes are wrong');
}
