import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { CliError, EXIT_CODES } from './exit-codes.js';

/** The files that are named, or stdin where none is. */
export function inputsOf(files: readonly string[]): readonly string[] {
  return files.length === 0 ? ['-'] : files;
}

/**
 * Reads the lines of a file, or of stdin (`-`); empty ones too, so that a reader's count is the line's number.
 * @throws CliError `input_unreadable`.
 */
export async function* readLines(file: string): AsyncGenerator<string> {
  const input: Readable = file === '-' ? process.stdin : createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Infinity });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('input_unreadable', `${file} cannot be read: ${reason}`, {
      exitCode: EXIT_CODES.usage,
      cause: error,
    });
  }
}
