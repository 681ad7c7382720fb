import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeRequest } from '../../src/decode/decode-request.js';
import { DEFAULT_LIMITS } from '../../src/limits.js';
import { decode, protobufBytes, tableRows } from '../support/decode.js';
import {
  attribute,
  integer,
  type Json,
  jsonBytes,
  NOON_NS,
  span,
  spanId,
  text,
  tracesRequest,
} from '../support/otlp.js';

const names = (spans: readonly unknown[], limits = {}): { stored: unknown[]; rejected: Record<string, number> } => {
  const decoded = decode('traces', 'json', jsonBytes(tracesRequest(spans)), limits);
  return {
    stored: tableRows(decoded, 'otel_traces').map((row) => row['SpanName']),
    rejected: Object.fromEntries(decoded.rejected),
  };
};

const nested = (depth: number): Json => {
  let value: Json = { stringValue: 'bottom' };
  for (let level = 0; level < depth; level++) {
    value = level % 2 === 0 ? { arrayValue: { values: [value] } } : { kvlistValue: { values: [{ key: 'k', value }] } };
  }
  return value;
};

describe('a bad span among good ones', () => {
  const BAD: readonly (readonly [string, unknown, string])[] = [
    ['a trace id of 15 bytes', span(1, { traceId: 'ab'.repeat(15) }), 'invalid_id'],
    ['a trace id that is not hexadecimal', span(1, { traceId: 'z'.repeat(32) }), 'invalid_id'],
    ['a span id that is a number', span(1, { spanId: 17 }), 'invalid_id'],
    ['a time that is a word', span(1, { startTimeUnixNano: 'yesterday' }), 'invalid_value'],
    ['a negative time', span(1, { startTimeUnixNano: '-1' }), 'invalid_value'],
    ['a time beyond 64 bits', span(1, { endTimeUnixNano: '18446744073709551616' }), 'invalid_value'],
    ['a time with a fraction', span(1, { endTimeUnixNano: 1.5 }), 'invalid_value'],
    ['a name that is a number', span(1, { name: 7 }), 'invalid_value'],
    ['an unknown kind', span(1, { kind: 'SPAN_KIND_MAGIC' }), 'invalid_value'],
    ['attributes that are an object', span(1, { attributes: { a: 1 } }), 'invalid_value'],
    ['an attribute that is a string', span(1, { attributes: ['a=1'] }), 'invalid_value'],
    [
      'a token count that is a word',
      span(1, { attributes: [integer('gen_ai.usage.input_tokens', 'many')] }),
      'invalid_value',
    ],
    ['an integer beyond 64 bits', span(1, { attributes: [integer('n', '9223372036854775808')] }), 'invalid_value'],
    ['a boolean that is a string', span(1, { attributes: [attribute('b', { boolValue: 'true' })] }), 'invalid_value'],
    ['bytes that are not base64', span(1, { attributes: [attribute('b', { bytesValue: '***' })] }), 'invalid_value'],
    ['an event that is null', span(1, { events: [null] }), 'invalid_value'],
    ['a status that is a string', span(1, { status: 'Ok' }), 'invalid_value'],
    ['a span that is a string', 'span', 'invalid_value'],
    ['a span that is null', null, 'invalid_value'],
    ['an attribute 33 levels deep', span(1, { attributes: [attribute('deep', nested(33))] }), 'attribute_too_deep'],
    ['an attribute 1000 levels deep', span(1, { attributes: [attribute('deep', nested(1000))] }), 'attribute_too_deep'],
  ];

  it.each(BAD)('with %s is rejected alone', (_, bad, reason) => {
    expect(names([span(0), bad, span(2)])).toEqual({ stored: ['span 0', 'span 2'], rejected: { [reason]: 1 } });
  });

  it('is rejected alone in protobuf too, whatever is wrong inside it', () => {
    const good = protobufBytes('traces', tracesRequest([span(0)]));
    // A span (field 2) of 3 bytes whose name (field 5) claims 100 of them; one whose start time has the wrong wire type.
    for (const broken of [
      [0x2a, 100, 0x61],
      [0x38, 1, 0],
      [0x3a, 1, 0],
      [0x2b, 0x2c, 0],
      [0x00, 0x01, 0x02],
      [0x0a, 1, 7],
    ]) {
      const body = Uint8Array.from([0x0a, 7, 0x12, 5, 0x12, 3, ...broken, ...good]);
      const decoded = decode('traces', 'protobuf', body);
      expect(tableRows(decoded, 'otel_traces').map((row) => row['SpanName'])).toEqual(['span 0']);
      expect([...decoded.rejected.values()]).toEqual([1]);
    }
  });

  it('may use wire types and fields that nobody knows, if they can be skipped', () => {
    const good = protobufBytes('traces', tracesRequest([span(0)]));
    const unknown = [
      0xa2, 0x06, 2, 1, 2, 0xa8, 0x06, 0x80, 0x01, 0xb1, 0x06, 1, 2, 3, 4, 5, 6, 7, 8, 0xbd, 0x06, 1, 2, 3, 4,
    ];
    expect(decode('traces', 'protobuf', Uint8Array.from([...unknown, ...good])).accepted).toBe(1);
  });

  it('does not matter where nothing in JSON is known', () => {
    const request = { ...tracesRequest([span(0, { unknown: { a: [1, 2] }, links: null })]), extra: true };
    expect(decode('traces', 'json', jsonBytes(request)).accepted).toBe(1);
  });
});

describe('a bad resource or scope', () => {
  const good = tracesRequest([span(7)])['resourceSpans'] as Json[];

  it('rejects the records in it and keeps those of its neighbours', () => {
    const bad = tracesRequest([span(0), span(1)], { attributes: 'none' })['resourceSpans'] as Json[];
    const decoded = decode('traces', 'json', jsonBytes({ resourceSpans: [...bad, ...good] }));
    expect(Object.fromEntries(decoded.rejected)).toEqual({ invalid_value: 2 });
    expect(decoded.accepted).toBe(1);
  });

  it('in protobuf rejects the records in it and keeps those of its neighbours', () => {
    const deep = { attributes: [attribute('deep', nested(40))] };
    const bad = tracesRequest([span(0), span(1)], deep)['resourceSpans'] as Json[];
    const decoded = decode('traces', 'protobuf', protobufBytes('traces', { resourceSpans: [...bad, ...good] }));
    expect(Object.fromEntries(decoded.rejected)).toEqual({ attribute_too_deep: 2 });
    expect(decoded.accepted).toBe(1);
  });
});

describe('a body that is not OTLP', () => {
  it.each([
    ['cut off', 'protobuf', protobufBytes('traces', tracesRequest([span(0), span(1)])).subarray(0, -3)],
    ['text', 'protobuf', jsonBytes(tracesRequest([span(0)]))],
    ['empty braces cut off', 'json', new TextEncoder().encode('{')],
    ['a list', 'json', jsonBytes([])],
    ['null', 'json', jsonBytes(null)],
    ['resources that are a string', 'json', jsonBytes({ resourceSpans: 'x' })],
    ['bytes that are not UTF-8', 'json', Uint8Array.of(0x22, 0xff, 0x22)],
    ['nothing', 'json', new Uint8Array()],
  ] as const)('because it is %s is refused as a whole', (_, format, body) => {
    const outcome = decodeRequest({ signal: 'traces', format, encoding: 'identity', body }, DEFAULT_LIMITS);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'malformed_body' });
  });

  it('leaves no rows for the request after it', () => {
    const cut = protobufBytes('traces', tracesRequest([span(0), span(1)]));
    const both = Uint8Array.from([...cut, 0x0a, 0x7f]);
    decodeRequest({ signal: 'traces', format: 'protobuf', encoding: 'identity', body: both }, DEFAULT_LIMITS);
    expect(names([span(5)]).stored).toEqual(['span 5']);
  });
});

describe('limits', () => {
  it('cut an attribute of 10 MB at a character and keep the rest of the span', () => {
    const huge = '€'.repeat(3_500_000);
    const decoded = decode(
      'traces',
      'json',
      jsonBytes(tracesRequest([span(0, { attributes: [text('huge', huge), text('z', '1')] })])),
    );
    const [row] = tableRows(decoded, 'otel_traces');
    const [[, value], last] = (row?.['SpanAttributes'] ?? []) as [[string, string], [string, string]];
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(DEFAULT_LIMITS.attributeValueBytes);
    expect(Buffer.byteLength(value)).toBeGreaterThan(DEFAULT_LIMITS.attributeValueBytes - 3);
    expect(huge.startsWith(value)).toBe(true);
    expect(last).toEqual(['z', '1']);
    expect(Object.fromEntries(decoded.adjusted)).toEqual({ attribute_value_cut: 1 });
  });

  it('keep a value of exactly the limit', () => {
    const decoded = decode('traces', 'json', jsonBytes(tracesRequest([span(0, { attributes: [text('k', 'abcd')] })])), {
      attributeValueBytes: 4,
    });
    expect(decoded.adjusted.size).toBe(0);
  });

  it('drop attributes, events and links beyond the limit and count them', () => {
    const attributes = Array.from({ length: 12 }, (_, index) => integer(`k${index}`, index));
    const events = Array.from({ length: 13 }, () => ({ name: 'e' }));
    const decoded = decode('traces', 'json', jsonBytes(tracesRequest([span(0, { attributes, events })])), {
      attributesPerRecord: 10,
      itemsPerRecord: 10,
    });
    const [row] = tableRows(decoded, 'otel_traces');
    expect(row?.['SpanAttributes']).toHaveLength(10);
    expect(row?.['Events.Name']).toHaveLength(10);
    expect(Object.fromEntries(decoded.adjusted)).toEqual({ attributes_dropped: 2, items_dropped: 3 });
  });

  it('let a request span so many days and no more', () => {
    const day = 86_400_000_000_000n;
    const spans = Array.from({ length: 12 }, (_, index) =>
      span(index, { startTimeUnixNano: String(NOON_NS - BigInt(index) * day) }),
    );
    const { stored, rejected } = names([...spans, span(0)], { daysPerRequest: 10 });
    expect(stored).toHaveLength(11);
    expect(rejected).toEqual({ too_many_days: 2 });
  });

  it('bound the rows that a large resource and many small spans multiply into', () => {
    const resource = { attributes: [text('blob', 'x'.repeat(100_000))] };
    const spans = Array.from({ length: 100 }, (_, index) => ({ spanId: spanId(index) }));
    const decoded = decode('traces', 'json', jsonBytes(tracesRequest(spans, resource)), {
      rowBytesPerRequest: 1_000_000,
    });
    expect(decoded.accepted).toBe(9);
    expect(Object.fromEntries(decoded.rejected)).toEqual({ too_many_row_bytes: 91 });
    expect(decoded.tables[0]?.rows.length).toBeLessThanOrEqual(1_000_000);
  });
});

describe('bodies made of nothing but overhead', () => {
  const { stackTraceLimit } = Error;
  // As in the worker: the stacks of so many rejections would cost more than all else.
  beforeAll(() => {
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  const MEBIBYTES_4 = 4 * 1024 * 1024;
  const repeat = (unit: string, count: number): string => unit.repeat(Math.floor(count / unit.length));
  const framed = (tag: number, content: Uint8Array): Uint8Array => {
    const length = [0, 7, 14, 21].map((shift, index) => ((content.length >>> shift) & 0x7f) | (index < 3 ? 0x80 : 0));
    return Buffer.concat([Uint8Array.of(tag, ...length), content]);
  };
  const units = (...bytes: readonly number[]): Uint8Array =>
    Buffer.alloc(Math.floor((MEBIBYTES_4 - 100) / bytes.length) * bytes.length, Uint8Array.from(bytes));
  const inSpan = (content: Uint8Array): Uint8Array => framed(0x0a, framed(0x12, framed(0x12, content)));

  it.each([
    ['empty resources', 'protobuf', () => units(0x0a, 0)],
    ['empty spans', 'protobuf', () => framed(0x0a, framed(0x12, units(0x12, 0)))],
    ['broken spans', 'protobuf', () => framed(0x0a, framed(0x12, units(0x12, 1, 0xff)))],
    ['attributes of one span', 'protobuf', () => inSpan(units(0x4a, 0))],
    ['events of one span', 'protobuf', () => inSpan(units(0x5a, 0))],
    [
      'spans that are numbers',
      'json',
      () => `{"resourceSpans":[{"scopeSpans":[{"spans":[${repeat('1,', MEBIBYTES_4 - 100)}1]}]}]}`,
    ],
    ['opening brackets', 'json', () => repeat('[', MEBIBYTES_4)],
  ] as const)('of %s end soon, without a row', (_, format, makeBody) => {
    const made = makeBody();
    const body = typeof made === 'string' ? new TextEncoder().encode(made) : made;
    expect(body.length).toBeLessThanOrEqual(MEBIBYTES_4);
    const outcome = decodeRequest({ signal: 'traces', format, encoding: 'identity', body }, DEFAULT_LIMITS);
    if (outcome.kind === 'refused') expect(outcome.reason).toBe('malformed_body');
    else expect(outcome.accepted).toBe(0);
  });
});

describe('token counts that no provider would report', () => {
  it.each(['NaN', 'Infinity', -5, 1e300, 0.5])(
    'like %s reach the store as they were said, for the ledger to judge',
    (value) => {
      const usage = attribute('gen_ai.usage.input_tokens', { doubleValue: value });
      const decoded = decode('traces', 'json', jsonBytes(tracesRequest([span(0, { attributes: [usage] })])));
      expect(tableRows(decoded, 'otel_traces')[0]?.['SpanAttributes']).toEqual([
        ['gen_ai.usage.input_tokens', String(value)],
      ]);
    },
  );
});

/** A mutation of a body: bytes overwritten, cut out or put in. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  kind: fc.constantFrom('overwrite', 'remove', 'insert', 'truncate'),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 6 }),
});

type Mutation = typeof mutation extends fc.Arbitrary<infer Value> ? Value : never;

function mutate(body: Uint8Array, { at, kind, bytes }: Mutation): Uint8Array {
  const position = Math.floor(at * body.length);
  const before = [...body.subarray(0, position)];
  if (kind === 'truncate') return Uint8Array.from(before);
  if (kind === 'overwrite') return Uint8Array.from([...before, ...bytes, ...body.subarray(position + bytes.length)]);
  if (kind === 'insert') return Uint8Array.from([...before, ...bytes, ...body.subarray(position)]);
  return Uint8Array.from([...before, ...body.subarray(position + bytes.length)]);
}

/** Whatever a body became, decoding it ends, in rows that can be read or in a refusal that has a reason. */
function expectSane(format: 'json' | 'protobuf', body: Uint8Array): void {
  const outcome = decodeRequest({ signal: 'traces', format, encoding: 'identity', body }, DEFAULT_LIMITS);
  if (outcome.kind === 'refused') expect(outcome.reason).toBe('malformed_body');
  else expect(tableRows(outcome, 'otel_traces')).toHaveLength(outcome.accepted);
}

describe('mutated requests', () => {
  const request = tracesRequest([
    span(0, { events: [{ name: 'e', attributes: [text('k', 'v')] }], links: [{ spanId: spanId(3) }] }),
    span(1, { attributes: [attribute('n', nested(4)), attribute('d', { doubleValue: 0.5 })] }),
  ]);
  const wellFormed = { json: jsonBytes(request), protobuf: protobufBytes('traces', request) };

  it.each(['protobuf', 'json'] as const)('in %s never crash, hang or give half a row', (format) => {
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 3 }), (mutations) => {
        expectSane(format, mutations.reduce(mutate, wellFormed[format]));
      }),
      { numRuns: 3000 },
    );
  });

  it('never take a neighbour with them: a span mutated inside its own bounds leaves the others whole', () => {
    const [left, right] = [span(0), span(2)].map((good) => protobufBytes('traces', tracesRequest([good])));
    const middle = protobufBytes('traces', tracesRequest([span(1, { attributes: [attribute('n', nested(3))] })]));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), (edits) => {
        const edited = Uint8Array.from(middle);
        // What frames the resource stays: its tag, and its length up to the first byte below 0x80.
        const frame = 2 + middle.subarray(1).findIndex((byte) => byte < 0x80);
        for (const [position, byte] of edits) edited[frame + (position % (edited.length - frame))] = byte;
        const body = Uint8Array.from([...(left ?? []), ...edited, ...(right ?? [])]);
        const decoded = decode('traces', 'protobuf', body);
        const stored = tableRows(decoded, 'otel_traces').map((row) => row['SpanName']);
        expect([stored[0], stored.at(-1)]).toEqual(['span 0', 'span 2']);
      }),
      { numRuns: 3000 },
    );
  });

  it('of random bytes are refused or skipped', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('json' as const, 'protobuf' as const),
        (body, format) => {
          expectSane(format, body);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
