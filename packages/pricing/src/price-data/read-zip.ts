import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const DIRECTORY_ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

/** No file of price data is larger; a larger one is a bomb or something else. */
const MAX_ENTRY_BYTES = 64 * 1024 * 1024;

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads the first entry of a zip archive (a Python wheel is one) whose name matches: stored or deflated, without zip64.
 * @throws Error when it is no such archive, holds no such file, or the file is larger than 64 MB.
 */
export function readZipEntry(archive: Buffer, matches: (name: string) => boolean): ZipEntry {
  let end = archive.length - END_BYTES;
  while (end >= 0 && archive.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error('not a zip archive: no end of central directory');
  const count = archive.readUInt16LE(end + 10);
  let position = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    const nameBytes = archive.readUInt16LE(position + 28);
    const nameStart = position + DIRECTORY_ENTRY_BYTES;
    const name = archive.toString('utf8', nameStart, nameStart + nameBytes);
    if (matches(name)) return { name, text: entryText(archive, position) };
    position = nameStart + nameBytes + archive.readUInt16LE(position + 30) + archive.readUInt16LE(position + 32);
  }
  throw new Error('the archive holds no such file');
}

function entryText(archive: Buffer, position: number): string {
  const method = archive.readUInt16LE(position + 10);
  const compressedBytes = archive.readUInt32LE(position + 20);
  const local = archive.readUInt32LE(position + 42);
  const start = local + LOCAL_HEADER_BYTES + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(start, start + compressedBytes);
  if (method !== 0 && method !== 8)
    throw new Error(`zip compression method ${method} is neither stored (0) nor deflated (8)`);
  return (method === 8 ? inflateRawSync(bytes, { maxOutputLength: MAX_ENTRY_BYTES }) : bytes).toString('utf8');
}
