import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameBlocks, unframeBlocks } from '../../src/interface/block-framing.js';
import { decodeLz4Block } from '../../src/interface/lz4.js';
import { encodeLz4Block, lz4FrameHead } from '../../src/interface/lz4-encoder.js';

/** Bytes with repetitions near and far, of all lengths around what the format treats differently. */
const content = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 400 }))
        .map(([piece, times]) => {
          return Uint8Array.from({ length: piece.length * times }, (_, index) => piece[index % piece.length] ?? 0);
        }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => Buffer.concat(pieces));

describe('bytes packed with lz4', () => {
  it('are unpacked as they were', () => {
    fc.assert(
      fc.property(content, (bytes) => {
        expect(decodeLz4Block(encodeLz4Block(bytes), bytes.length).equals(bytes)).toBe(true);
        expect(unframeBlocks(frameBlocks(bytes), bytes.length).equals(bytes)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('are unpacked as they were where they repeat beyond the reach of a match, and over several blocks', () => {
    const noise = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * index * 31) >> 7));
    const far = Buffer.concat([noise, noise, Buffer.alloc(2_500_000, 'abcdefg'), noise]);
    expect(decodeLz4Block(encodeLz4Block(far), far.length).equals(far)).toBe(true);
    expect(unframeBlocks(frameBlocks(far), far.length).equals(far)).toBe(true);
  });

  it('end as the format wants it: at least five literals, no match that begins in the last twelve bytes', () => {
    for (let length = 0; length < 64; length += 1) {
      const block = encodeLz4Block(Buffer.alloc(length, 'a'));
      const lastLiterals = length < 13 ? length : 5;
      expect(block.subarray(-lastLiterals).toString()).toBe(
        lastLiterals === 0 ? block.toString() : 'a'.repeat(lastLiterals),
      );
    }
  });

  it('are much smaller where rows repeat, and hardly larger where nothing does', () => {
    const rows = Buffer.from(
      Array.from({ length: 20_000 }, (_, index) => `{"model":"gpt-5.1","feature":"search","calls":"${index}"}\n`).join(
        '',
      ),
    );
    expect(frameBlocks(rows).length).toBeLessThan(rows.length / 4);
    let state = 1;
    const noise = Buffer.from(Array.from({ length: 100_000 }, () => (state = (state * 48_271) % 2_147_483_647) & 255));
    expect(encodeLz4Block(noise).length).toBeLessThan(noise.length * 1.01);
  });

  it('in a frame begin with the head that the format describes', () => {
    // Its last byte is the second of xxHash32 over the two before it, as other implementations write it for these flags.
    expect(lz4FrameHead().toString('hex')).toMatch(/^04224d186060[0-9a-f]{2}$/);
  });
});
