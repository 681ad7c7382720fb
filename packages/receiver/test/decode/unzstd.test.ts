import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inflate, InflateError } from '../../src/decode/inflate.js';
import { MAX_WINDOW_BYTES, unzstd, unzstdPortably } from '../../src/decode/unzstd.js';

/** A request of one span named "packed with zstd", packed by zstd 1.5 (level 3): literals, sequences and a checksum-free frame. */
const PACKED = Buffer.from(
  'KLUv/WBqAP0GADLNKiMwa6wDyDoVkeBsqejJuxDJnngZH/LQ1lYV+AEDpERPCgoFA9OZznQmg3Bwn77WojCNIkINWHiQYBtvoKU2PynsDr7n6a65AWH0U0DcPk2hdPXWKCVZTSnEYteyLOeUxbWEahSTUBxocnYHsE1lPzmos8P4WG7z9hkUGz9NZ85DkcEvQIBPNkcJ6nj6NhQetj2HXD47wz7b0eLJbv2D3YCdoUIC22QUeeUfARMAgMBLV5HCTCkWSh0Ix0l7CodpNaqqsrTGXyKKiIMwGEADyBCXTDRB1Uaf+KtthgE=',
  'base64',
);
const MAGIC = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);
const MEBIBYTE = 1024 * 1024;

/** A block's header: whether it is the last, its type (0 raw, 1 one byte repeated), its size. */
function blockHeader(isLast: boolean, type: number, size: number): Buffer {
  const bits = (size << 3) | (type << 1) | Number(isLast);
  return Buffer.of(bits & 255, (bits >> 8) & 255, bits >> 16);
}

/** A frame of uncompressed blocks, with a window descriptor. */
function rawFrame(content: Uint8Array, window = 0x50): Buffer {
  return Buffer.concat([MAGIC, Buffer.of(0, window), blockHeader(true, 0, content.length), content]);
}

/** A frame whose blocks are 128 KiB of one byte each: 4 bytes that unpack to 131,072. */
function bomb(blocks: number): Buffer {
  const parts: Buffer[] = [MAGIC, Buffer.of(0, 0x50)];
  for (let index = 0; index < blocks; index++) {
    parts.push(blockHeader(index === blocks - 1, 1, 131_072), Buffer.of(0x78));
  }
  return Buffer.concat(parts);
}

describe.each([
  ['of this Node', unzstd],
  ['for a Node without one', unzstdPortably],
])('the zstd decoder %s', (_, decode) => {
  it('unpacks what an encoder has packed', () => {
    const text = Buffer.from(decode(PACKED, MEBIBYTE)).toString();
    expect(text).toHaveLength(362);
    expect(JSON.parse(text)).toMatchObject({
      resourceSpans: [{ scopeSpans: [{ spans: [{ name: 'packed with zstd' }] }] }],
    });
  });

  it('unpacks raw blocks and several frames, whatever they hold', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }), (contents) => {
        const unpacked = decode(Buffer.concat(contents.map((content) => rawFrame(content))), MEBIBYTE);
        expect(Buffer.from(unpacked).equals(Buffer.concat(contents))).toBe(true);
      }),
    );
  });

  it('stops at its limit', () => {
    expect(decode(bomb(8), MEBIBYTE)).toHaveLength(MEBIBYTE);
    expect(() => decode(bomb(9), MEBIBYTE)).toThrow(RangeError);
  });
});

describe('a zstd body', () => {
  const refused = (body: Uint8Array): unknown => {
    try {
      return inflate(body, 'zstd', MEBIBYTE);
    } catch (error) {
      return error instanceof InflateError ? error.kind : error;
    }
  };

  it('that is a bomb costs its limit, not what it unpacks to', () => {
    // 400 KB that unpack to 13 GB.
    const body = bomb(100_000);
    const before = process.memoryUsage().rss;
    expect(refused(body)).toBe('too_large');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MEBIBYTE);
  });

  it('that says itself that it is too large is not even begun', () => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(2n ** 40n);
    expect(refused(Buffer.concat([MAGIC, Buffer.of(0xe0), size, blockHeader(true, 0, 0)]))).toBe('too_large');
  });

  it('that asks for a window of gigabytes is refused before one is set aside', () => {
    expect(MAX_WINDOW_BYTES).toBe(2 ** 25);
    expect(refused(rawFrame(Buffer.from('x'), (25 - 10) << 3))).toEqual(Buffer.from('x'));
    for (const window of [((25 - 10) << 3) | 1, (31 - 10) << 3, 0xff]) {
      expect(refused(rawFrame(Buffer.from('x'), window))).toBe('malformed');
    }
  });

  it('that is cut short anywhere, or is anything else, is malformed', () => {
    for (let length = 0; length < PACKED.length; length++)
      expect(refused(PACKED.subarray(0, length))).toBe('malformed');
    expect(refused(Buffer.from('{"resourceSpans":[]}'))).toBe('malformed');
    expect(refused(Buffer.concat([PACKED, Buffer.of(0)]))).toBe('malformed');
  });

  it('of any bytes is unpacked or refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(PACKED.length - 1), fc.nat(255), (tail, at, byte) => {
        const mutated = Buffer.from(PACKED);
        mutated[at] = byte;
        for (const body of [mutated, Buffer.concat([MAGIC, tail])]) {
          const outcome = refused(body);
          expect(outcome instanceof Uint8Array || outcome === 'malformed' || outcome === 'too_large').toBe(true);
        }
      }),
    );
  });
});
