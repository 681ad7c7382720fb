import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinZstdBlocks, unframeBlocks } from '../../src/interface/block-framing.js';
import { InterfaceError } from '../../src/interface/interface-error.js';
import { decodeLz4Block } from '../../src/interface/lz4.js';
import { storedBlock } from './packed-bodies.js';
import { parseMultipart } from '../../src/interface/multipart.js';

const MAX_BYTES = 1_000_000;
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));

/** The outcome of a parser on hostile bytes: a result, or an error of ours; anything else fails the property. */
function outcome<Result>(parse: () => Result): Result | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof InterfaceError) return undefined;
    throw error;
  }
}

describe('hostile bodies', () => {
  it('as blocks give bytes within the limit, or an error of ours', () => {
    const framed = fc.oneof(
      bytes,
      fc.tuple(bytes, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([content, at, value]) => {
        const whole = storedBlock(content);
        if (whole.length > 0) whole.writeUInt8(value, at % whole.length);
        return whole;
      }),
    );
    fc.assert(
      fc.property(framed, (body) => {
        expect(outcome(() => unframeBlocks(Buffer.from(body), MAX_BYTES))?.length ?? 0).toBeLessThanOrEqual(MAX_BYTES);
        expect(outcome(() => joinZstdBlocks(body, MAX_BYTES))?.length ?? 0).toBeLessThanOrEqual(body.length);
      }),
      { numRuns: 3000 },
    );
  });

  it('as lz4 give exactly the bytes that were claimed, or an error of ours', () => {
    fc.assert(
      fc.property(bytes, fc.integer({ min: 0, max: 5000 }), (body, size) => {
        expect(outcome(() => decodeLz4Block(body, size))?.length ?? size).toBe(size);
      }),
      { numRuns: 3000 },
    );
  });

  it('as forms give their parts byte by byte, or an error of ours', () => {
    const name = fc.stringMatching(/^[a-z_]{1,20}$/);
    const part = fc.record({ name, isFile: fc.boolean(), data: bytes });
    const boundary = 'boundary-that-no-part-holds';
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const body = Buffer.concat([
          ...parts.flatMap(({ name: field, isFile, data }) => [
            Buffer.from(
              `--${boundary}\r\nContent-Disposition: form-data; name="${field}"${isFile ? '; filename="x"' : ''}\r\n\r\n`,
            ),
            data,
            Buffer.from('\r\n'),
          ]),
          Buffer.from(`--${boundary}--\r\n`),
        ]);
        const form = parseMultipart(body, `multipart/form-data; boundary="${boundary}"`);
        const wanted = parts.filter(({ isFile }) => isFile);
        expect(form.files.map((file) => [file.name, file.data.toString('hex')])).toEqual(
          wanted.map((file) => [file.name, file.data.toString('hex')]),
        );
        const last = new Map(parts.filter(({ isFile }) => !isFile).map((field) => [field.name, field.data.toString()]));
        expect(new Map(form.fields)).toEqual(last);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(bytes, fc.string({ maxLength: 40 }), (body, type) => {
        outcome(() => parseMultipart(body, `multipart/form-data; boundary=${type}`));
      }),
      { numRuns: 2000 },
    );
  });
});
