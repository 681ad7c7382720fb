/*
 * Takes OTLP trace requests apart and puts their spans together differently, on the wire format itself:
 * ExportTraceServiceRequest { 1: ResourceSpans { 1: resource, 2: ScopeSpans { 1: scope, 2: span, 3: schema }, 3: schema } }
 */

interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly payload: Buffer;
  /** Tag, length and payload. */
  readonly whole: Buffer;
}

const LENGTH_DELIMITED = 2;

/** One ExportTraceServiceRequest per span, each with its resource and scope. */
export function splitIntoSpans(request: Buffer): Buffer[] {
  return fieldsOf(request, 1).flatMap((resourceSpans) =>
    fieldsOf(resourceSpans.payload, 2).flatMap((scopeSpans) =>
      fieldsOf(scopeSpans.payload, 2).map((span) => {
        const scope = [...without(scopeSpans.payload, 2), span.whole];
        const resource = [...without(resourceSpans.payload, 2), field(2, Buffer.concat(scope))];
        return field(1, Buffer.concat(resource));
      }),
    ),
  );
}

/** Requests that are sent as one: repeated fields of concatenated messages add up. */
export function joinRequests(requests: readonly Buffer[]): Buffer {
  return Buffer.concat(requests);
}

function fieldsOf(message: Buffer, number: number): Field[] {
  return [...readFields(message)].filter((one) => one.number === number && one.wireType === LENGTH_DELIMITED);
}

function without(message: Buffer, number: number): Buffer[] {
  return [...readFields(message)].filter((one) => one.number !== number).map((one) => one.whole);
}

function* readFields(message: Buffer): Generator<Field> {
  let offset = 0;
  while (offset < message.length) {
    const start = offset;
    const [tag, afterTag] = readVarint(message, offset);
    const wireType = tag & 7;
    let [from, to] = [afterTag, afterTag];
    if (wireType === LENGTH_DELIMITED) {
      const [length, afterLength] = readVarint(message, afterTag);
      [from, to] = [afterLength, afterLength + length];
    } else if (wireType === 0) to = readVarint(message, afterTag)[1];
    else if (wireType === 1) to = afterTag + 8;
    else if (wireType === 5) to = afterTag + 4;
    else throw new Error(`wire type ${wireType} at byte ${start}`);
    yield { number: tag >>> 3, wireType, payload: message.subarray(from, to), whole: message.subarray(start, to) };
    offset = to;
  }
}

/** Values above 2^31 do not occur in tags and lengths; in a field of type varint only the end matters. */
function readVarint(bytes: Buffer, start: number): [value: number, end: number] {
  let value = 0;
  let offset = start;
  for (let factor = 1; ; factor *= 128) {
    const byte = bytes[offset];
    if (byte === undefined) throw new Error('the message ends inside a number');
    value += (byte & 127) * factor;
    offset += 1;
    if (byte < 128) return [value, offset];
  }
}

function field(number: number, payload: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + LENGTH_DELIMITED), varint(payload.length), payload]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}
