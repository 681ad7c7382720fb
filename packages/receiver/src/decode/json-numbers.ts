const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
/** Integers of fewer digits are exact as doubles: 2^53 is 9007199254740992. */
const LONG_DIGITS = 16;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

/** Whether `byte` makes a number one that is not written as an integer: `.`, `e` or `E`. */
const isFraction = (byte: number): boolean => byte === 0x2e || byte === 0x65 || byte === 0x45;

/**
 * Puts quotes round the long integers of a JSON text, for `JSON.parse` would round them and a start time of
 * 1700000000000000123 would end in 200. Text without such integers comes back as it is.
 */
export function quoteLongIntegers(json: Uint8Array): Uint8Array {
  const ranges = findLongIntegers(json);
  if (ranges.length === 0) return json;
  const quoted = new Uint8Array(json.length + ranges.length);
  let from = 0;
  let to = 0;
  for (const position of ranges) {
    quoted.set(json.subarray(from, position), to);
    to += position - from;
    quoted[to++] = QUOTE;
    from = position;
  }
  quoted.set(json.subarray(from), to);
  return quoted;
}

/** Positions at which a quote belongs: start and end of each long integer outside strings, in order. */
function findLongIntegers(json: Uint8Array): number[] {
  const positions: number[] = [];
  const { length } = json;
  let index = 0;
  while (index < length) {
    const byte = json[index] ?? 0;
    if (byte === QUOTE) index = afterString(json, index);
    else if (byte === MINUS || isDigit(byte)) {
      const start = index++;
      while (index < length && isDigit(json[index] ?? 0)) index++;
      if (index - start >= LONG_DIGITS && !isFraction(json[index] ?? 0)) positions.push(start, index);
      while (index < length && isNumberByte(json[index] ?? 0)) index++;
    } else index++;
  }
  return positions;
}

const isNumberByte = (byte: number): boolean => isDigit(byte) || isFraction(byte) || byte === MINUS || byte === 0x2b;

function afterString(json: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < json.length && json[index] !== QUOTE) index += json[index] === BACKSLASH ? 2 : 1;
  return index + 1;
}
