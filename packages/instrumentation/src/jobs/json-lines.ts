import type { ByteListener } from './tap-bytes.js';

/** Characters of one line that are kept; a longer one is passed over. */
const MAX_LINE_CHARACTERS = 16_777_216;

/**
 * Reads lines of JSON out of bytes as they come. A file whose first line is none of those that are looked for is left
 * alone from there on, whatever it is.
 * @param onLine Takes a parsed line; false says that this is no file to read.
 */
export function readJsonLines(onLine: (line: unknown) => boolean): ByteListener {
  const decoder = new TextDecoder();
  let isReading = true;
  let isPassingOver = false;
  let rest = '';
  const take = (line: string): void => {
    if (!isReading || line.trim() === '') return;
    try {
      isReading = onLine(JSON.parse(line));
    } catch {
      isReading = false;
    }
  };
  const push = (text: string): void => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (!isPassingOver) take(line);
      isPassingOver = false;
    }
    if (rest.length > MAX_LINE_CHARACTERS) {
      rest = '';
      isPassingOver = true;
    }
  };
  return {
    onBytes: (bytes) => {
      if (isReading) push(decoder.decode(bytes, { stream: true }));
    },
    onEnd: () => {
      if (!isReading) return;
      push(decoder.decode());
      if (!isPassingOver) take(rest);
      isReading = false;
    },
  };
}
