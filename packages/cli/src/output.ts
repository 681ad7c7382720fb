import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Ends the process quietly when the reader of stdout has gone, as in `costel price | head -1`: that is no failure.
 * Call once, before anything is written.
 */
export function exitQuietlyOnClosedPipe(stream: Writable = process.stdout): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
}

/** Writes one line, and waits while the reader is slower than we are. */
export async function writeLine(line: string, stream: Writable = process.stdout): Promise<void> {
  if (!stream.write(`${line}\n`)) await once(stream, 'drain');
}

/** Writes one value as a line of JSON. */
export async function writeJson(value: unknown): Promise<void> {
  await writeLine(JSON.stringify(value));
}

/** Says something to the person at the terminal; never mixed with data. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Tells a person who started a command without input that it waits for some. */
export function sayIfInputIsTerminal(files: readonly string[]): void {
  if (files.length === 0 && process.stdin.isTTY) say('reading JSON lines from the terminal; Ctrl-D ends them');
}

/** Reports how far long work is, at most once a second, and only where somebody watches. */
export function createProgress(
  unit: string,
  stream: NodeJS.WriteStream = process.stderr,
): { step: () => void; done: () => void } {
  let count = 0;
  let shownAtMs = performance.now();
  let shown = false;
  return {
    step: (): void => {
      count += 1;
      const nowMs = performance.now();
      if (!stream.isTTY || nowMs - shownAtMs < 1000) return;
      shownAtMs = nowMs;
      shown = true;
      stream.write(`\r${count} ${unit}`);
    },
    done: (): void => {
      if (shown) stream.write(`\r${count} ${unit}\n`);
    },
  };
}
