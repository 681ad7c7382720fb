import { TABLE_COLUMNS, type TableName } from '../../src/tables.js';

/** A cell as plain JSON: numbers of any width and times as decimal text, doubles by their bits, maps as pairs in order. */
export type Cell = string | readonly Cell[];

type Type = 'string' | 'i64' | 'u64' | 'u32' | 'i32' | 'u8' | 'f64' | 'seconds' | 'map' | { readonly array: Type };

const array = (type: Type): Type => ({ array: type });

const TYPES: Readonly<Record<string, Type>> = {
  Timestamp: 'i64',
  Duration: 'u64',
  TraceFlags: 'u8',
  SeverityNumber: 'u8',
  ResourceAttributes: 'map',
  ScopeAttributes: 'map',
  SpanAttributes: 'map',
  LogAttributes: 'map',
  Attributes: 'map',
  ScopeDroppedAttrCount: 'u32',
  StartTimeUnix: 'seconds',
  TimeUnix: 'seconds',
  Value: 'f64',
  Flags: 'u32',
  AggregationTemporality: 'i32',
  IsMonotonic: 'u8',
  Count: 'u64',
  Sum: 'f64',
  Min: 'f64',
  Max: 'f64',
  Scale: 'i32',
  ZeroCount: 'u64',
  PositiveOffset: 'i32',
  NegativeOffset: 'i32',
  BucketCounts: array('u64'),
  PositiveBucketCounts: array('u64'),
  NegativeBucketCounts: array('u64'),
  ExplicitBounds: array('f64'),
  'Events.Timestamp': array('i64'),
  'Events.Name': array('string'),
  'Events.Attributes': array('map'),
  'Links.TraceId': array('string'),
  'Links.SpanId': array('string'),
  'Links.TraceState': array('string'),
  'Links.Attributes': array('map'),
  'Exemplars.FilteredAttributes': array('map'),
  'Exemplars.TimeUnix': array('seconds'),
  'Exemplars.Value': array('f64'),
  'Exemplars.SpanId': array('string'),
  'Exemplars.TraceId': array('string'),
  'ValueAtQuantiles.Quantile': array('f64'),
  'ValueAtQuantiles.Value': array('f64'),
};

/** Reads RowBinary rows of one of the exporter's tables; throws where they do not end where they should. */
export function readRows(table: TableName, bytes: Uint8Array): Record<string, Cell>[] {
  const reader = new RowReader(bytes);
  const rows: Record<string, Cell>[] = [];
  while (!reader.isAtEnd()) {
    rows.push(Object.fromEntries(TABLE_COLUMNS[table].map((name) => [name, reader.read(TYPES[name] ?? 'string')])));
  }
  return rows;
}

/** A double as its text, for cells of `f64`. */
export function doubleOfBits(cell: Cell | undefined): number {
  return Buffer.from(typeof cell === 'string' ? cell : '', 'hex').readDoubleBE();
}

class RowReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  isAtEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  read(type: Type): Cell {
    if (typeof type === 'object') return this.#items(() => this.read(type.array));
    switch (type) {
      case 'string':
        return this.#take(this.#varint()).toString('utf8');
      case 'map':
        return this.#items(() => [this.read('string'), this.read('string')]);
      case 'i64':
        return String(this.#take(8).readBigInt64LE());
      case 'u64':
        return String(this.#take(8).readBigUInt64LE());
      case 'u32':
      case 'seconds':
        return String(this.#take(4).readUInt32LE());
      case 'i32':
        return String(this.#take(4).readInt32LE());
      case 'u8':
        return String(this.#take(1).readUInt8());
      case 'f64':
        return Buffer.from(this.#take(8)).reverse().toString('hex');
      default:
        throw new Error(`no such type: ${String(type satisfies never)}`);
    }
  }

  #items(read: () => Cell): Cell[] {
    return Array.from({ length: this.#varint() }, read);
  }

  #take(length: number): Buffer {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new Error(`row ends at ${this.#bytes.length}, a value reaches to ${end}`);
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    while (true) {
      const byte = this.#take(1).readUInt8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}
