const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** A window of 8 MiB: 2^(10 + 13). */
const WINDOW = 13 << 3;
const MAX_BLOCK_BYTES = 128 * 1024;

/** A zstd frame (RFC 8878) of uncompressed blocks: every decoder reads it, and no Node is too old to write it. */
export function storedZstd(content: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(...MAGIC, 0, WINDOW)];
  for (let start = 0; start === 0 || start < content.length; start += MAX_BLOCK_BYTES) {
    const block = content.subarray(start, start + MAX_BLOCK_BYTES);
    const isLast = start + MAX_BLOCK_BYTES >= content.length;
    const header = (block.length << 3) | Number(isLast);
    parts.push(Uint8Array.of(header & 255, (header >> 8) & 255, header >> 16), block);
  }
  return Buffer.concat(parts);
}
