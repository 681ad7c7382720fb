// The parts of protobuf that benchmarks encode OTLP with by hand: a sender must cost little, and the encoding must not
// change with a dependency.

/** @param {number} value */
function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** A field of bytes: text, or a message. @param {number} number @param {Buffer} bytes */
export const field = (number, bytes) => Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);

/** A field of eight bytes, a time in nanoseconds. @param {number} number @param {bigint} value */
export function fixed64(number, value) {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  bytes.writeBigUInt64LE(value, 1);
  return bytes;
}

const valueOf = (value) =>
  typeof value === 'number' ? Buffer.concat([Buffer.from([0x18]), varint(value)]) : field(1, Buffer.from(value));

/** A key with a text or a whole number. @param {number} number @param {string} key @param {string | number} value */
export const attribute = (number, key, value) =>
  field(number, Buffer.concat([field(1, Buffer.from(key)), field(2, valueOf(value))]));
