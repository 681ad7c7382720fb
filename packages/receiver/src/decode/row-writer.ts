import type { WireBody } from './wire-body.js';

const FIRST_CAPACITY = 64 * 1024;
const KEPT_CAPACITY = 8 * 1024 * 1024;
/** Bytes of a length that is written before it is known: enough for 256 MiB. */
const LENGTH_BYTES = 4;
const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef');
const ENCODER = new TextEncoder();

/** A growing buffer of RowBinary rows, and where each row ends. One writer serves one table. */
export class RowWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  #rowEnds: number[] = [];

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Forgets what was written after `length`; used when a row turns out to be malformed half-way. */
  rewind(length: number): void {
    this.#length = length;
  }

  /** Marks the end of a row. */
  endRow(): void {
    this.#rowEnds.push(this.#length);
  }

  /** Hands out the rows as buffers of their own and starts afresh. */
  take(): { rows: Uint8Array; rowEnds: Uint32Array } {
    const taken = { rows: this.#bytes.slice(0, this.#length), rowEnds: Uint32Array.from(this.#rowEnds) };
    this.#length = 0;
    this.#rowEnds = [];
    if (this.#bytes.length > KEPT_CAPACITY) this.#bytes = new Uint8Array(FIRST_CAPACITY);
    return taken;
  }

  /** An unsigned LEB128 number below 2^32. */
  varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  uint8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A 32-bit number, signed or not, little-endian. */
  uint32(value: number): void {
    this.#reserve(4);
    this.#put32(value);
  }

  /** A 64-bit number from its halves, little-endian. */
  uint64(low: number, high: number): void {
    this.#reserve(8);
    this.#put32(low);
    this.#put32(high);
  }

  float64(value: number): void {
    const halves = new Uint32Array(new Float64Array([value]).buffer);
    this.uint64(halves[0] ?? 0, halves[1] ?? 0);
  }

  /** The 8 bytes at `start` as they are (a fixed64 or a double), or zeros where the field is absent. */
  copy64(body: WireBody, start: number): void {
    body.readFixed64(start);
    this.uint64(body.low, body.high);
  }

  /** Bytes as they are, without a length. */
  raw(source: Uint8Array, start: number, length: number): void {
    this.#reserve(length);
    const target = this.#bytes;
    let to = this.#length;
    if (length <= 48) for (let from = start; from < start + length; from++) target[to++] = source[from] ?? 0;
    else target.set(source.subarray(start, start + length), to);
    this.#length += length;
  }

  /** A string given by its UTF-8 bytes. */
  stringBytes(source: Uint8Array, start: number, length: number): void {
    this.varint(length);
    this.raw(source, start, length);
  }

  /** A string. */
  text(value: string): void {
    if (this.#asciiText(value)) return;
    const mark = this.#length;
    this.beginLength();
    this.#reserve(value.length * 3);
    this.#length += ENCODER.encodeInto(value, this.#bytes.subarray(this.#length)).written;
    this.endLength(mark);
  }

  /** Leaves room for a length that is not known yet; `endLength` with the `length` of before fills it in. */
  beginLength(): void {
    this.#reserve(LENGTH_BYTES);
    this.#length += LENGTH_BYTES;
  }

  /** Writes how many bytes came after the room that `beginLength` left at `mark`, as a varint of four bytes. */
  endLength(mark: number): void {
    const count = this.#length - mark - LENGTH_BYTES;
    if (count >= 2 ** 28) throw new RangeError(`${count} bytes are more than a length of four bytes can say`);
    for (let index = 0; index < LENGTH_BYTES; index++) {
      const more = index < LENGTH_BYTES - 1 ? 0x80 : 0;
      this.#bytes[mark + index] = ((count >>> (7 * index)) & 0x7f) | more;
    }
  }

  /** An unsigned LEB128 number below 2^64. */
  varint64(value: bigint): void {
    let rest = value;
    while (rest > 0x7fn) {
      this.uint8(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.uint8(Number(rest));
  }

  /** A short string of ASCII characters. */
  ascii(value: string): void {
    this.varint(value.length);
    this.#reserve(value.length);
    for (let index = 0; index < value.length; index++) this.#bytes[this.#length++] = value.charCodeAt(index);
  }

  /** Bytes as a string of lower-case hexadecimal digits. */
  hex(source: Uint8Array, start: number, length: number): void {
    this.varint(length * 2);
    this.#reserve(length * 2);
    for (let from = start; from < start + length; from++) {
      const byte = source[from] ?? 0;
      this.#bytes[this.#length++] = HEX_DIGITS[byte >>> 4] ?? 0;
      this.#bytes[this.#length++] = HEX_DIGITS[byte & 15] ?? 0;
    }
  }

  /** Writes a short string if it is ASCII; otherwise writes nothing and says so. */
  #asciiText(value: string): boolean {
    const { length } = value;
    if (length > 200) return false;
    const mark = this.#length;
    this.varint(length);
    this.#reserve(length);
    const bytes = this.#bytes;
    let to = this.#length;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) {
        this.#length = mark;
        return false;
      }
      bytes[to++] = code;
    }
    this.#length = to;
    return true;
  }

  #put32(value: number): void {
    const bytes = this.#bytes;
    bytes[this.#length++] = value & 0xff;
    bytes[this.#length++] = (value >>> 8) & 0xff;
    bytes[this.#length++] = (value >>> 16) & 0xff;
    bytes[this.#length++] = value >>> 24;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    let capacity = this.#bytes.length * 2;
    while (capacity < needed) capacity *= 2;
    const larger = new Uint8Array(capacity);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
