import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLines, readText } from '../src/input.js';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'costel-input-'));
});

afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function fileOf(bytes: Uint8Array | string): Promise<string> {
  const file = join(directory, `input-${Math.random().toString(36).slice(2)}`);
  await writeFile(file, bytes);
  return file;
}

async function linesOf(bytes: Uint8Array | string): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(await fileOf(bytes))) lines.push(line);
  return lines;
}

const TEXT = '{"id":"é\u2028😀"}\r\n\r\n{"id":"b"}';
const LINES = ['{"id":"é\u2028😀"}', '', '{"id":"b"}'];

const utf16 = (text: string, isBigEndian = false): Buffer => {
  const bytes = Buffer.from(`\uFEFF${text}`, 'utf16le');
  return isBigEndian ? bytes.swap16() : bytes;
};

describe('the lines of an input', () => {
  it.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8, packed with gzip', gzipSync(TEXT)],
    ['gzip in two members', Buffer.concat([gzipSync(TEXT.slice(0, 20)), gzipSync(TEXT.slice(20))])],
    ['UTF-16', utf16(TEXT)],
    ['UTF-16 with the high byte first', utf16(TEXT, true)],
    ['UTF-16, packed with gzip', gzipSync(utf16(TEXT))],
  ])('are read from %s', async (_name, bytes) => {
    expect(await linesOf(bytes)).toEqual(LINES);
  });

  it('are whole where they are longer than the pieces that are read, whatever a piece ends with', async () => {
    const long = 'é€😀'.repeat(50_000);
    for (const bytes of [Buffer.from(`${long}\n${long}`), gzipSync(`${long}\n${long}`), utf16(`${long}\n${long}`)])
      expect(await linesOf(bytes)).toEqual([long, long]);
  });

  it('are none of an empty file, and one without a line feed', async () => {
    expect(await linesOf('')).toEqual([]);
    expect(await linesOf(gzipSync(''))).toEqual([]);
    expect(await linesOf('a')).toEqual(['a']);
  });
});

describe('an input that is no text', () => {
  const read = async (file: string): Promise<void> => {
    for await (const _piece of readText(file));
  };

  it.each([
    ['a ZIP archive', Buffer.concat([Buffer.from('PK\u0003\u0004'), deflateRawSync(TEXT)])],
    ['packed with Zstandard', Buffer.from('28b52ffd00', 'hex')],
    ['a ZIP archive', gzipSync('PK\u0003\u0004')],
  ])('is one error that says it is %s, and what to do', async (name, bytes) => {
    await expect(read(await fileOf(bytes))).rejects.toMatchObject({
      code: 'input_unreadable',
      exitCode: 2,
      message: expect.stringContaining(`cannot be read: it is ${name} and no text; unpack it first`),
    });
  });

  it('is an error where gzip is cut off, and where there is no such file', async () => {
    const packed = gzipSync(TEXT.repeat(100));
    await expect(read(await fileOf(packed.subarray(0, packed.length - 10)))).rejects.toMatchObject({
      code: 'input_unreadable',
      message: expect.stringContaining('unexpected end of file'),
    });
    await expect(read(join(directory, 'none'))).rejects.toMatchObject({ code: 'input_unreadable', exitCode: 2 });
  });
});
