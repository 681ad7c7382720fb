import type { Random } from '../support/random.js';

/** Texts that end, begin or confuse a body. */
const INSERTIONS: readonly string[] = ['}', ']', '"', ',', '\\u', '[[[[', '{"a":', '\u0000', '1e999', '\n\n', '\x80'];

/** Damages bytes as a bad network, a bad disk or a bad mind would. May give no bytes at all. */
export function mutateBytes(body: Buffer, random: Random): Buffer {
  switch (random.below(9)) {
    case 0:
      return body.subarray(0, random.below(body.length));
    case 1:
      return body.subarray(random.below(body.length));
    case 2:
    case 3:
      return flipBits(body, random.between(1, 3), random);
    case 4:
      return flipBits(body, random.between(4, 64), random);
    case 5: {
      const at = random.below(body.length);
      return Buffer.concat([body.subarray(0, at), random.bytes(random.between(1, 30)), body.subarray(at)]);
    }
    case 6: {
      const at = random.below(body.length);
      const inserted = Buffer.from(random.pick(INSERTIONS), 'latin1');
      return Buffer.concat([body.subarray(0, at), inserted, body.subarray(at)]);
    }
    case 7: {
      const [from, to] = [random.below(body.length), random.below(body.length)];
      return Buffer.concat([body.subarray(0, from), body.subarray(to)]);
    }
    default:
      return random.bytes(random.between(0, 300));
  }
}

function flipBits(body: Buffer, count: number, random: Random): Buffer {
  const copy = Buffer.from(body);
  for (let flip = 0; flip < count && copy.length > 0; flip += 1) {
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  }
  return copy;
}
