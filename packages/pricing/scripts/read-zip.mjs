import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

/**
 * Reads one entry of a zip archive (a Python wheel is one): stored or deflated, without zip64.
 * @param {Buffer} archive
 * @param {(name: string) => boolean} matches
 * @returns {{ name: string, text: string }}
 */
export function readZipEntry(archive, matches) {
  let end = archive.length - 22;
  while (end >= 0 && archive.readUInt32LE(end) !== END_OF_DIRECTORY) end -= 1;
  if (end < 0) throw new Error('not a zip archive: no end of central directory');
  const count = archive.readUInt16LE(end + 10);
  let position = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    const nameBytes = archive.readUInt16LE(position + 28);
    const name = archive.toString(
      'utf8',
      position + DIRECTORY_ENTRY_BYTES,
      position + DIRECTORY_ENTRY_BYTES + nameBytes,
    );
    if (matches(name)) return { name, text: entryText(archive, position) };
    position +=
      DIRECTORY_ENTRY_BYTES + nameBytes + archive.readUInt16LE(position + 30) + archive.readUInt16LE(position + 32);
  }
  throw new Error('the archive holds no such file');
}

function entryText(archive, position) {
  const method = archive.readUInt16LE(position + 10);
  const compressedBytes = archive.readUInt32LE(position + 20);
  const local = archive.readUInt32LE(position + 42);
  const start = local + LOCAL_HEADER_BYTES + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(start, start + compressedBytes);
  if (method !== 0 && method !== 8)
    throw new Error(`zip compression method ${method} is neither stored (0) nor deflated (8)`);
  return (method === 8 ? inflateRawSync(bytes) : bytes).toString('utf8');
}
