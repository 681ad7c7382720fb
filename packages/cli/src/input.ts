import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CliError, EXIT_CODES } from './exit-codes.js';

/** Reads the lines of files, or of stdin where none is named (`-` is stdin too); empty lines are left out. */
export async function* readLines(files: readonly string[]): AsyncGenerator<string> {
  for (const file of files.length === 0 ? ['-'] : files) yield* readLinesOf(file);
}

async function* readLinesOf(file: string): AsyncGenerator<string> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      if (line.trim() !== '') yield line;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('input_unreadable', `${file} cannot be read: ${reason}`, {
      exitCode: EXIT_CODES.usage,
      cause: error,
    });
  }
}
