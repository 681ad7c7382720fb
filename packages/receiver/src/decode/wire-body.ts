import { RecordError } from './record-error.js';

/** The bytes of one protobuf request, and readers for the values in them. Positions are offsets into `bytes`. */
export class WireBody {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Lower and upper 32 bits of the value that was read last, both unsigned. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads a varint of at most ten bytes into `low` and `high` and returns the position behind it. */
  readVarint(start: number, end: number): number {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      const position = start + index;
      if (position >= end) throw new RecordError('malformed_record', 'a varint is cut off');
      const byte = bytes[position] ?? 0;
      const part = byte & 0x7f;
      if (index < 4) low |= part << (7 * index);
      else if (index === 4) {
        low |= part << 28;
        high = part >>> 4;
      } else high |= part << (7 * index - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return position + 1;
      }
    }
    throw new RecordError('malformed_record', 'a varint is longer than ten bytes');
  }

  /** The varint at `start` as an unsigned 32-bit number (the lower half of a longer one), or 0 where the field is absent. */
  uint32At(start: number, end: number): number {
    if (start < 0) return 0;
    this.readVarint(start, end);
    return this.low;
  }

  /** The fixed64 at `start` into `low` and `high`; an absent field reads as 0. */
  readFixed64(start: number): void {
    this.low = start < 0 ? 0 : this.view.getUint32(start, true);
    this.high = start < 0 ? 0 : this.view.getUint32(start + 4, true);
  }

  /** The fixed32 at `start`, unsigned; an absent field reads as 0. */
  fixed32At(start: number): number {
    return start < 0 ? 0 : this.view.getUint32(start, true);
  }

  /** The signed 64-bit number in `low` and `high`, rounded to the nearest double. */
  signedNumber(): number {
    return (this.high | 0) * 4294967296 + this.low;
  }

  /** The signed 64-bit number in `low` and `high` as decimal text. */
  signedText(): string {
    const rounded = this.signedNumber();
    if (Number.isSafeInteger(rounded)) return String(rounded);
    return String(BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low)));
  }
}
