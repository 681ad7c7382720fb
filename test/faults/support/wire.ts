/** A field of a protobuf message before it is encoded, so that tests can change it in place. */
export interface WireField {
  number: number;
  /** 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
  wireType: 0 | 1 | 2 | 5;
  value: bigint | Buffer | WireField[];
  /** Written instead of the true length of a message or string. */
  claimedLength?: number;
}

/** A field that holds a message. */
export const message = (number: number, fields: WireField[]): WireField => ({ number, wireType: 2, value: fields });
/** A field that holds text. */
export const text = (number: number, value: string): WireField => ({
  number,
  wireType: 2,
  value: Buffer.from(value, 'utf8'),
});
/** A field that holds bytes. */
export const bytes = (number: number, value: Buffer): WireField => ({ number, wireType: 2, value });
/** A field that holds an integer as a varint. */
export const varint = (number: number, value: bigint | number): WireField => ({
  number,
  wireType: 0,
  value: BigInt(value),
});
/** A field that holds eight bytes of an integer. */
export const fixed64 = (number: number, value: bigint): WireField => ({ number, wireType: 1, value });
/** A field that holds a double. */
export function double(number: number, value: number): WireField {
  const encoded = Buffer.alloc(8);
  encoded.writeDoubleLE(value);
  return { number, wireType: 1, value: encoded.readBigUInt64LE() };
}

/** The bytes of a message. */
export function encodeFields(fields: readonly WireField[]): Buffer {
  return Buffer.concat(fields.map(encodeField));
}

function encodeField({ number, wireType, value, claimedLength }: WireField): Buffer {
  const tag = encodeVarint(BigInt(number) * 8n + BigInt(wireType));
  if (typeof value === 'bigint') {
    if (wireType === 0) return Buffer.concat([tag, encodeVarint(BigInt.asUintN(64, value))]);
    const payload = Buffer.alloc(8);
    payload.writeBigUInt64LE(BigInt.asUintN(64, value));
    if (wireType === 2) return Buffer.concat([tag, encodeVarint(BigInt(claimedLength ?? 8)), payload]);
    return Buffer.concat([tag, wireType === 5 ? payload.subarray(0, 4) : payload]);
  }
  const payload = Buffer.isBuffer(value) ? value : encodeFields(value);
  if (wireType !== 2) return Buffer.concat([tag, payload]);
  return Buffer.concat([tag, encodeVarint(BigInt(claimedLength ?? payload.length)), payload]);
}

function encodeVarint(value: bigint): Buffer {
  const encoded: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) encoded.push(Number(rest & 127n) | 128);
  encoded.push(Number(rest));
  return Buffer.from(encoded);
}
