import { createReadStream } from 'node:fs';
import { pipeline, Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { createGunzip } from 'node:zlib';
import { CliError, EXIT_CODES } from './exit-codes.js';

/** The files that are named, or stdin where none is. */
export function inputsOf(files: readonly string[]): readonly string[] {
  return files.length === 0 ? ['-'] : files;
}

/** As many bytes as tell what a file is. */
const HEAD_BYTES = 4;

/** Archives that hold files and are none themselves, by how they begin. */
const ARCHIVES: readonly (readonly [begin: string, name: string])[] = [
  ['504b0304', 'a ZIP archive'],
  ['28b52ffd', 'packed with Zstandard'],
  ['fd377a58', 'packed with xz'],
  ['425a68', 'packed with bzip2'],
  ['50415231', 'a Parquet file'],
];

/** The first bytes of an input, with which it can be read from its begin. */
async function takeHead(chunks: AsyncIterator<Buffer>): Promise<Buffer> {
  let head = Buffer.alloc(0);
  while (head.length < HEAD_BYTES) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return head;
}

async function* fromHead(head: Buffer, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* chunks;
}

/** A reader of pieces of text in the encoding that a mark at the begin names; UTF-8 without one. */
function createDecoder(head: Buffer): { readonly write: (piece: Buffer) => string; readonly end: () => string } {
  const mark = head.subarray(0, 2).toString('hex');
  if (mark !== 'fffe' && mark !== 'feff') return new StringDecoder('utf8');
  const decoder = new TextDecoder(mark === 'fffe' ? 'utf-16le' : 'utf-16be');
  return { write: (piece) => decoder.decode(piece, { stream: true }), end: () => decoder.decode() };
}

async function* decode(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const chunks = bytes[Symbol.asyncIterator]();
  const head = await takeHead(chunks);
  const begin = head.toString('hex');
  const archive = ARCHIVES.find(([first]) => begin.startsWith(first))?.[1];
  if (archive !== undefined) throw new Error(`it is ${archive} and no text; unpack it first (gzip is read as it is)`);
  const decoder = createDecoder(head);
  for await (const piece of fromHead(head, { [Symbol.asyncIterator]: () => chunks })) yield decoder.write(piece);
  yield decoder.end();
}

async function* open(file: string): AsyncGenerator<string> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file);
  const chunks = input[Symbol.asyncIterator]() as AsyncIterableIterator<Buffer>;
  const head = await takeHead(chunks);
  const bytes = fromHead(head, chunks);
  const isPacked = head[0] === 0x1f && head[1] === 0x8b;
  // What goes wrong on either side ends the reading of the unpacked bytes; the callback is for those who do not read them.
  yield* decode(isPacked ? pipeline(Readable.from(bytes), createGunzip(), () => {}) : bytes);
}

/**
 * The text of a file, or of stdin (`-`), in pieces: UTF-8, or UTF-16 that begins with its mark, as it is or packed with gzip.
 * @throws CliError `input_unreadable`, also for other archives, so that they are not taken for thousands of bad lines.
 */
export async function* readText(file: string): AsyncGenerator<string> {
  try {
    yield* open(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('input_unreadable', `${file === '-' ? 'stdin' : file} cannot be read: ${reason}`, {
      exitCode: EXIT_CODES.usage,
      cause: error,
    });
  }
}

/**
 * Reads the lines of a file, or of stdin (`-`); empty ones too, so that a reader's count is the line's number.
 * @throws CliError `input_unreadable`.
 */
export async function* readLines(file: string): AsyncGenerator<string> {
  let rest = '';
  for await (const piece of readText(file)) {
    // Only what is new is searched: a line of a gigabyte comes in thousands of pieces.
    const lines = piece.split('\n');
    lines[0] = rest + (lines[0] ?? '');
    rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}
