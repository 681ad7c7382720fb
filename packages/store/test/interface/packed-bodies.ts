import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { frameBlocks } from '../../src/interface/block-framing.js';

/** One frame of the lz4 frame format that holds the bytes unpacked, in blocks of at most 64 KiB. */
export function lz4Frame(content: Uint8Array): Buffer {
  const IS_STORED = 0x80000000;
  const parts: Buffer[] = [Buffer.from('04224d18604082', 'hex')];
  for (let at = 0; at < content.length; at += 65_536) {
    const block = Buffer.from(content.subarray(at, at + 65_536));
    const size = Buffer.alloc(4);
    size.writeUInt32LE((IS_STORED | block.length) >>> 0);
    parts.push(size, block);
  }
  return Buffer.concat([...parts, Buffer.alloc(4)]);
}

/** One zstd frame of stored blocks, and its size in the header. */
export function zstdFrame(content: Uint8Array): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32LE(0xfd2fb528);
  // Single segment, eight bytes of content size.
  header.writeUInt8(0xe0, 4);
  header.writeBigUInt64LE(BigInt(content.length), 5);
  const parts: Buffer[] = [header];
  for (let at = 0; at < content.length || at === 0; at += 131_072) {
    const block = Buffer.from(content.subarray(at, at + 131_072));
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | (at + 131_072 >= content.length ? 1 : 0), 0, 3);
    parts.push(blockHeader, block);
  }
  return Buffer.concat(parts);
}

/** ClickHouse's framing of one block that is not packed (method "none"). The interface does not look at the checksum. */
export function storedBlock(content: Uint8Array): Buffer {
  const header = Buffer.alloc(25);
  header.writeUInt8(0x02, 16);
  header.writeUInt32LE(9 + content.length, 17);
  header.writeUInt32LE(content.length, 21);
  return Buffer.concat([header, content]);
}

/** ClickHouse's framing of one zstd block. The interface does not look at the checksum. */
export function zstdBlock(content: Uint8Array): Buffer {
  const packed = zstdFrame(content);
  const header = Buffer.alloc(25);
  header.writeUInt8(0x90, 16);
  header.writeUInt32LE(9 + packed.length, 17);
  header.writeUInt32LE(content.length, 21);
  return Buffer.concat([header, packed]);
}

/** Every way to send a body packed: what to send, and what to say of it. */
export const PACKINGS: readonly {
  readonly name: string;
  readonly pack: (content: Uint8Array) => Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
}[] = [
  { name: 'gzip', pack: (content) => gzipSync(content), headers: { 'Content-Encoding': 'gzip' }, query: {} },
  { name: 'deflate', pack: (content) => deflateSync(content), headers: { 'Content-Encoding': 'deflate' }, query: {} },
  { name: 'br', pack: (content) => brotliCompressSync(content), headers: { 'Content-Encoding': 'br' }, query: {} },
  { name: 'zstd', pack: zstdFrame, headers: { 'Content-Encoding': 'zstd' }, query: {} },
  { name: 'lz4', pack: lz4Frame, headers: { 'Content-Encoding': 'lz4' }, query: {} },
  { name: 'native blocks', pack: storedBlock, headers: {}, query: { decompress: '1' } },
  { name: 'native lz4 blocks', pack: frameBlocks, headers: {}, query: { decompress: '1' } },
  { name: 'native zstd blocks', pack: zstdBlock, headers: {}, query: { decompress: '1' } },
];
