import {
  type EnumType,
  type Field,
  LENGTH_DELIMITED,
  type Message,
  type ScalarType,
  WIRE_TYPES,
} from './otlp-schema.js';
import { BodyError, RecordError, type RejectReason } from './record-error.js';
import { quoteLongIntegers } from './json-numbers.js';
import { RowWriter } from './row-writer.js';

type JsonObject = Readonly<Record<string, unknown>>;

/** Records that the encoder left out, by reason; the first message is for the sender. */
export interface JsonRejections {
  readonly counts: Map<RejectReason, number>;
  first: string;
}

/** How much of a request is looked at. */
export interface JsonBounds {
  /** Messages inside one another. */
  readonly depth: number;
  /** Records, resources and scopes; what comes after them is rejected unseen. */
  readonly items: number;
}

/** A JSON request in protobuf form. */
export interface EncodedJson {
  readonly bytes: Uint8Array;
  readonly rejections: JsonRejections;
}

/**
 * Turns an OTLP JSON request into the protobuf form of the same request, so that one transcoder serves both. Unknown
 * fields and nulls are ignored, enumerations may be numbers or names, 64-bit integers numbers or strings, ids are
 * hexadecimal. A record with a value of the wrong type is left out and counted; text that is not JSON throws `BodyError`.
 */
export function encodeJsonRequest(json: Uint8Array, request: Message, bounds: JsonBounds): EncodedJson {
  const parsed = parseJson(json);
  if (!isObject(parsed)) throw new BodyError('the body is not a JSON object');
  const encoder = new JsonEncoder(bounds);
  try {
    return { bytes: encoder.encode(request, parsed), rejections: encoder.rejections };
  } catch (error) {
    if (error instanceof RecordError) throw new BodyError(error.message, { cause: error });
    throw error;
  }
}

function parseJson(json: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(quoteLongIntegers(json)));
  } catch (error) {
    throw new BodyError(`the body is not JSON in UTF-8: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

class JsonEncoder {
  readonly rejections: JsonRejections = { counts: new Map(), first: '' };
  readonly #out = new RowWriter();
  readonly #bounds: JsonBounds;
  #depth = 0;
  #items = 0;

  constructor(bounds: JsonBounds) {
    this.#bounds = bounds;
  }

  encode(message: Message, value: JsonObject): Uint8Array {
    this.#writeFields(message, value);
    return this.#out.take().rows;
  }

  #writeFields(message: Message, value: JsonObject): void {
    if (++this.#depth > this.#bounds.depth)
      throw new RecordError('attribute_too_deep', 'an attribute is nested too deep');
    for (const name in value) {
      const field = message.fields.get(name);
      const content = value[name];
      if (field === undefined || content === null || content === undefined) continue;
      if (!field.isRepeated) this.#writeValue(field, name, content);
      else if (!Array.isArray(content)) throw invalid(name, content, 'an array');
      else if (field.isolation === undefined) for (const item of content) this.#writeValue(field, name, item);
      else for (const item of content) this.#writeIsolated(field, name, item);
    }
    this.#depth--;
  }

  /** Writes a record or an envelope, or takes back what was written of it and counts what is lost. */
  #writeIsolated(field: Field, name: string, item: unknown): void {
    if (++this.#items > this.#bounds.items) return this.#reject('too_many_records', 'the request holds too many', 1);
    const depth = this.#depth;
    const mark = this.#out.length;
    try {
      this.#writeValue(field, name, item);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#depth = depth;
      this.#out.rewind(mark);
      const count = field.isolation === 'record' ? 1 : Math.max(1, countRecords(messageOf(field.type), item));
      this.#reject(error.reason, error.message, count);
    }
    return undefined;
  }

  #reject(reason: RejectReason, message: string, count: number): void {
    const { counts, first } = this.rejections;
    counts.set(reason, (counts.get(reason) ?? 0) + count);
    if (first === '') this.rejections.first = `${reason}: ${message}`;
  }

  #writeValue(field: Field, name: string, value: unknown): void {
    const { type, number } = field;
    const out = this.#out;
    if (typeof type === 'string') {
      out.varint((number << 3) | WIRE_TYPES[type]);
      return writeScalar(out, type, name, value);
    }
    const message = messageOf(type);
    if (message === undefined) {
      out.varint(number << 3);
      return out.varint64(BigInt.asUintN(64, BigInt('words' in type ? enumNumber(type, name, value) : 0)));
    }
    if (!isObject(value)) throw invalid(name, value, 'an object');
    out.varint((number << 3) | LENGTH_DELIMITED);
    const mark = out.length;
    out.beginLength();
    this.#writeFields(message, value);
    return out.endLength(mark);
  }
}

function messageOf(type: Field['type']): Message | undefined {
  if (typeof type === 'function') return type();
  return typeof type === 'object' && 'fields' in type ? type : undefined;
}

/** Counts the records inside an envelope that cannot be used as a whole. */
function countRecords(message: Message | undefined, value: unknown): number {
  if (message === undefined || !isObject(value)) return 0;
  let count = 0;
  for (const name in value) {
    const field = message.fields.get(name);
    const content = value[name];
    if (field === undefined) continue;
    if (field.isolation === 'record') count += Array.isArray(content) ? content.length : 1;
    else if (Array.isArray(content) && field.isolation === 'envelope') {
      for (const item of content) count += countRecords(messageOf(field.type), item);
    } else if (!field.isRepeated) count += countRecords(messageOf(field.type), content);
  }
  return count;
}

const invalid = (name: string, value: unknown, expected: string): RecordError => {
  const shown = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value).slice(0, 60);
  return new RecordError('invalid_value', `${name} is ${shown}, not ${expected}`);
};

function writeScalar(out: RowWriter, type: ScalarType, name: string, value: unknown): void {
  switch (type) {
    case 'string':
      if (typeof value !== 'string') throw invalid(name, value, 'a string');
      return out.text(value);
    case 'id':
    case 'bytes': {
      const bytes = type === 'id' ? hexBytes(name, value) : base64Bytes(name, value);
      return out.stringBytes(bytes, 0, bytes.length);
    }
    case 'bool':
      if (typeof value !== 'boolean') throw invalid(name, value, 'true or false');
      return out.uint8(value ? 1 : 0);
    case 'double':
      return out.float64(doubleOf(name, value));
    case 'uint32':
      return out.varint(Number(integerOf(type, name, value)));
    case 'fixed32':
      return out.uint32(Number(integerOf(type, name, value)));
    case 'sint32': {
      const integer = Number(integerOf(type, name, value));
      return out.varint(((integer << 1) ^ (integer >> 31)) >>> 0);
    }
    case 'int64':
    case 'uint64':
      return out.varint64(BigInt.asUintN(64, integerOf(type, name, value)));
    case 'fixed64':
    case 'sfixed64': {
      const integer = BigInt.asUintN(64, integerOf(type, name, value));
      return out.uint64(Number(integer & 0xffff_ffffn), Number(integer >> 32n));
    }
  }
}

type IntegerType = Exclude<ScalarType, 'string' | 'id' | 'bytes' | 'bool' | 'double'>;

const RANGES: Readonly<Record<IntegerType, readonly [bigint, bigint]>> = {
  uint32: [0n, 0xffff_ffffn],
  fixed32: [0n, 0xffff_ffffn],
  sint32: [-0x8000_0000n, 0x7fff_ffffn],
  int64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  sfixed64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
  uint64: [0n, 0xffff_ffff_ffff_ffffn],
  fixed64: [0n, 0xffff_ffff_ffff_ffffn],
};

function integerOf(type: IntegerType, name: string, value: unknown): bigint {
  const integer = parseInteger(name, value);
  const [least, greatest] = RANGES[type];
  if (integer < least || integer > greatest) throw invalid(name, value, `a number from ${least} to ${greatest}`);
  return integer;
}

function parseInteger(name: string, value: unknown): bigint {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw invalid(name, value, 'an integer');
}

const NAMED_DOUBLES: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

function doubleOf(name: string, value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') {
    const named = NAMED_DOUBLES.get(value);
    if (named !== undefined) return named;
    if (/^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(value)) return Number(value);
  }
  throw invalid(name, value, 'a number');
}

function enumNumber(type: EnumType, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 0x7fff_ffff) return value;
  const index = typeof value === 'string' ? type.words.indexOf(value) : -1;
  if (index < 0) throw invalid(name, value, `one of ${type.words.join(', ')}`);
  return index;
}

function hexBytes(name: string, value: unknown): Uint8Array {
  if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(value)) {
    throw new RecordError('invalid_id', invalid(name, value, 'hexadecimal').message);
  }
  return Buffer.from(value, 'hex');
}

function base64Bytes(name: string, value: unknown): Uint8Array {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) throw invalid(name, value, 'base64');
  return Buffer.from(value, 'base64');
}
