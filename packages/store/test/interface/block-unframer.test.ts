import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it } from 'vitest';
import { unframeBlocks } from '../../src/interface/block-framing.js';
import { BlockUnframer } from '../../src/interface/block-unframer.js';
import { storedBlock } from './packed-bodies.js';

const unframer = new BlockUnframer();

afterEach(async () => unframer.close());

/** A framed lz4 block of short sequences (one literal, a match of four): the slowest kind to decode. */
function slowBlock(sequences: number): Buffer {
  const LAST_LITERALS = 5;
  const content = Buffer.alloc(sequences * 4 + 1 + LAST_LITERALS);
  for (let index = 0; index < sequences; index += 1) content.set([0x10, 97 + (index % 26), 1, 0], index * 4);
  content.set([LAST_LITERALS << 4, 1, 2, 3, 4, 5], sequences * 4);
  const header = Buffer.alloc(25);
  header.writeUInt8(0x82, 16);
  header.writeUInt32LE(9 + content.length, 17);
  header.writeUInt32LE(sequences * 5 + LAST_LITERALS, 21);
  return Buffer.concat([header, content]);
}

describe('blocks are unpacked', () => {
  it('the same in the worker and beside it', async () => {
    for (const sequences of [1, 100, 40_000, 400_000]) {
      const framed = slowBlock(sequences);
      const wanted = unframeBlocks(framed, 10_000_000);
      expect(wanted.length).toBe(sequences * 5 + 5);
      expect((await unframer.unframe(Buffer.from(framed), 10_000_000)).equals(wanted)).toBe(true);
    }
  });

  it('many at once, each for its own caller', async () => {
    const contents = Array.from({ length: 10 }, (_, index) => Buffer.alloc(200_000, index));
    const unpacked = await Promise.all(
      contents.map(async (content) => unframer.unframe(storedBlock(content), 300_000)),
    );
    expect(unpacked.map((content, index) => content.equals(contents[index] ?? Buffer.alloc(0)))).toEqual(
      contents.map(() => true),
    );
  });

  it('with the errors of the worker as they are beside it', async () => {
    const large = storedBlock(Buffer.alloc(300_000));
    await expect(unframer.unframe(Buffer.from(large), 200_000)).rejects.toMatchObject({ number: 307, status: 413 });
    await expect(unframer.unframe(large.subarray(0, 250_000), 400_000)).rejects.toMatchObject({ number: 271 });
    const unknown = Buffer.from(large);
    unknown.writeUInt8(0x77, 16);
    await expect(unframer.unframe(unknown, 400_000)).rejects.toMatchObject({ number: 89 });
  });

  it('off the event loop when they are large', async () => {
    const inlineMs: number[] = [];
    const besideMs: number[] = [];
    const framed = slowBlock(1_000_000);
    await unframer.unframe(slowBlock(20_000), 20_000_000);
    // The least of several, as the machine may do other work during any one of them.
    for (let round = 0; round < 5; round += 1) {
      const before = performance.now();
      unframeBlocks(framed, 20_000_000);
      inlineMs.push(performance.now() - before);
      const copy = Buffer.from(framed);
      const start = performance.eventLoopUtilization();
      await unframer.unframe(copy, 20_000_000);
      besideMs.push(performance.eventLoopUtilization(start).active);
    }
    expect(Math.min(...besideMs)).toBeLessThan(Math.min(...inlineMs) / 2);
  });
});
