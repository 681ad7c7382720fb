import { type Field, LENGTH_DELIMITED, type Message, WIRE_TYPES } from './otlp-schema.js';
import { RecordError } from './record-error.js';
import type { WireBody } from './wire-body.js';

const UNKNOWN = 0xff;
const REPEATED = 0x08;
const PACKABLE = 0x10;
const FIRST_OCCURRENCES = 96;
const KEPT_OCCURRENCES = 300_000;
/** Three for each of a million: so much is looked at in one message, however large the body. */
const MOST_OCCURRENCES = 3_000_000;

const wireTypeOf = ({ type }: Field): number => {
  if (typeof type === 'string') return WIRE_TYPES[type];
  return 'words' in type ? 0 : LENGTH_DELIMITED;
};

/**
 * Finds where the fields of one message lie, without decoding them. Of a field that may occur once the last occurrence
 * counts; occurrences of repeated fields are listed in order. An instance is reused for one message after the other.
 */
export class MessageScanner {
  /** By field number: where its value starts and ends; a start of -1 says that the field is absent. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Occurrences of repeated fields, three numbers each: field number, start, end. */
  occurrences: Int32Array = new Int32Array(FIRST_OCCURRENCES);
  /** Used length of `occurrences`. */
  occurrencesLength = 0;
  readonly #layout: Uint8Array;

  constructor(message: Message) {
    const highest = Math.max(...[...message.fields.values()].map((field) => field.number));
    this.#layout = new Uint8Array(highest + 1).fill(UNKNOWN);
    this.starts = new Int32Array(highest + 1);
    this.ends = new Int32Array(highest + 1);
    for (const field of message.fields.values()) {
      const wireType = wireTypeOf(field);
      const packable = field.isRepeated && wireType !== LENGTH_DELIMITED ? PACKABLE : 0;
      this.#layout[field.number] = wireType | (field.isRepeated ? REPEATED : 0) | packable;
    }
  }

  /** Scans the message in `[start, end)`; throws `RecordError` where its structure is broken or a field has a wrong type. */
  scan(body: WireBody, start: number, end: number): void {
    const { bytes } = body;
    const layout = this.#layout;
    const { starts } = this;
    // A loop is faster than `fill` for so few numbers.
    for (let field = 0; field < starts.length; field++) starts[field] = -1;
    this.occurrencesLength = 0;
    if (this.occurrences.length > KEPT_OCCURRENCES) this.occurrences = new Int32Array(FIRST_OCCURRENCES);
    let position = start;
    while (position < end) {
      let tag = bytes[position] ?? 0;
      if (tag < 0x80) position++;
      else {
        position = body.readVarint(position, end);
        tag = body.low;
      }
      const field = tag >>> 3;
      const wireType = tag & 7;
      const valueStart = wireType === LENGTH_DELIMITED ? this.#afterLength(body, position, end) : position;
      position = wireType === LENGTH_DELIMITED ? valueStart + this.#length : skipScalar(body, position, end, wireType);
      if (position > end || field === 0) throw new RecordError('malformed_record', 'a field reaches past its message');
      const kind = field < layout.length ? (layout[field] ?? UNKNOWN) : UNKNOWN;
      if (kind === UNKNOWN) continue;
      if ((kind & 7) !== wireType && !((kind & PACKABLE) !== 0 && wireType === LENGTH_DELIMITED)) {
        throw new RecordError('malformed_record', `field ${field} has wire type ${wireType}, not ${kind & 7}`);
      }
      if ((kind & REPEATED) !== 0) this.#push(field, valueStart, position);
      else {
        starts[field] = valueStart;
        this.ends[field] = position;
      }
    }
  }

  /** Where the value of a field starts, -1 if it is absent. */
  startOf(field: number): number {
    return this.starts[field] ?? -1;
  }

  /** Where the value of a present field ends. */
  endOf(field: number): number {
    return this.ends[field] ?? -1;
  }

  /** Length in bytes of the value of a field, 0 if it is absent. */
  lengthOf(field: number): number {
    const start = this.starts[field] ?? -1;
    return start < 0 ? 0 : (this.ends[field] ?? 0) - start;
  }

  /** How often a repeated field occurs. */
  countOf(field: number): number {
    let count = 0;
    for (let index = 0; index < this.occurrencesLength; index += 3) if (this.occurrences[index] === field) count++;
    return count;
  }

  #length = 0;

  #afterLength(body: WireBody, position: number, end: number): number {
    const byte = position < end ? (body.bytes[position] ?? 0) : 0x80;
    if (byte < 0x80) {
      this.#length = byte;
      return position + 1;
    }
    const after = body.readVarint(position, end);
    if (body.high !== 0 || body.low > end)
      throw new RecordError('malformed_record', 'a length reaches past its message');
    this.#length = body.low;
    return after;
  }

  #push(field: number, start: number, end: number): void {
    if (this.occurrencesLength + 3 > this.occurrences.length) {
      if (this.occurrences.length >= MOST_OCCURRENCES) {
        throw new RecordError('malformed_record', 'a message repeats its fields a million times');
      }
      const larger = new Int32Array(this.occurrences.length * 2);
      larger.set(this.occurrences);
      this.occurrences = larger;
    }
    this.occurrences[this.occurrencesLength++] = field;
    this.occurrences[this.occurrencesLength++] = start;
    this.occurrences[this.occurrencesLength++] = end;
  }
}

function skipScalar(body: WireBody, position: number, end: number, wireType: number): number {
  if (wireType === 0) return body.readVarint(position, end);
  if (wireType === 1) return position + 8;
  if (wireType === 5) return position + 4;
  throw new RecordError('malformed_record', `wire type ${wireType} is not used by OTLP`);
}
