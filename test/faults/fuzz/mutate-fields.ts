import type { Random } from '../support/random.js';
import { bytes, encodeFields, message, text, varint, type WireField } from '../support/wire.js';

/** Integers at the edges of what a field can hold, and beyond what it should. */
export const HOSTILE_INTEGERS: readonly bigint[] = [
  0n,
  1n,
  -1n,
  127n,
  128n,
  255n,
  65_536n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
  // 1900, 2106, 2262 and 2300 in nanoseconds.
  -2_208_988_800_000_000_000n,
  4_294_967_296_000_000_000n,
  9_223_372_036_000_000_000n,
  10_413_792_000_000_000_000n,
];

/** Texts that have broken somebody's parser, quoting, column or page. */
export const HOSTILE_TEXTS: readonly string[] = [
  '',
  '\u0000',
  '\n\n',
  "'; DROP TABLE llm_calls; --",
  '{{on_cluster}}',
  '\\N',
  '\ufeff',
  '\u202e',
  '\ud800',
  'NaN',
  '-1',
  '1e400',
  '99999999999999999999999999',
  '../../../etc/passwd',
  '<script>alert(1)</script>',
  '%s%n%x',
  '${env:HOME}',
  'a'.repeat(100_000),
  '💥'.repeat(5000),
];

/** Bytes that are no UTF-8. */
const BROKEN_UTF8: readonly Buffer[] = [
  Buffer.from([0xff]),
  Buffer.from([0xc3]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf4, 0x90, 0x80, 0x80]),
  Buffer.from('valid until here\u0000\x80', 'latin1'),
];

type Mutation = (siblings: WireField[], index: number, random: Random) => void;

const MUTATIONS: readonly Mutation[] = [
  (siblings, index) => void siblings.splice(index, 1),
  (siblings, index, random) => {
    const field = siblings[index];
    if (field !== undefined) siblings.push(...Array.from({ length: random.between(1, 5) }, () => field));
  },
  (siblings, index, random) => edit(siblings, index, (field) => (field.number = random.between(0, 30))),
  (siblings, index, random) =>
    edit(siblings, index, (field) => (field.number = random.pick([0, 1, 16, 18_999, 2 ** 29 - 1, 2 ** 29]))),
  (siblings, index, random) =>
    edit(siblings, index, (field) => (field.wireType = random.pick([0, 1, 2, 5, 3, 4, 6, 7]) as WireField['wireType'])),
  (siblings, index, random) =>
    edit(siblings, index, (field) => {
      if (field.wireType === 2)
        field.claimedLength = random.pick([0, 1, 7, 100, 65_535, 2 ** 31 - 1, 2 ** 32, 2 ** 40]);
    }),
  (siblings, index, random) => edit(siblings, index, (field) => replaceValue(field, random)),
  (siblings, index, random) => edit(siblings, index, (field) => replaceValue(field, random)),
  (siblings, index, random) => edit(siblings, index, (field) => replaceValue(field, random)),
  (siblings, index) => edit(siblings, index, (field) => (field.value = Buffer.alloc(0))),
  (siblings, index, random) => edit(siblings, index, (field) => (field.value = random.bytes(random.between(1, 60)))),
  (siblings, _index, random) => void siblings.push(deepAttribute(random.pick([5, 30, 33, 100, 1000]), random)),
  (siblings, _index, random) => void siblings.push(...manyAttributes(random.pick([10, 200, 1500]))),
];

function edit(siblings: WireField[], index: number, change: (field: WireField) => void): void {
  const field = siblings[index];
  if (field === undefined) return;
  const copy = { ...field };
  change(copy);
  siblings[index] = copy;
}

function replaceValue(field: WireField, random: Random): void {
  if (typeof field.value === 'bigint') field.value = random.pick(HOSTILE_INTEGERS);
  else if (Buffer.isBuffer(field.value)) {
    field.value = random.chance(0.3) ? random.pick(BROKEN_UTF8) : Buffer.from(random.pick(HOSTILE_TEXTS), 'utf8');
  } else field.value = random.chance(0.5) ? [] : random.bytes(random.between(1, 20));
}

/** An attribute (field 9 of a span) of arrays and maps inside one another. */
function deepAttribute(depth: number, random: Random): WireField {
  let value = encodeFields([text(1, 'bottom')]);
  for (let level = 0; level < depth; level += 1) {
    const inner = random.chance(0.5)
      ? bytes(5, encodeFields([bytes(1, value)]))
      : message(6, [message(1, [text(1, 'k'), bytes(2, value)])]);
    value = encodeFields([inner]);
  }
  return message(9, [text(1, 'deep'), bytes(2, value)]);
}

function manyAttributes(count: number): WireField[] {
  return Array.from({ length: count }, (_, index) =>
    message(9, [text(1, `k${index}`), message(2, [varint(3, index)])]),
  );
}

/** Changes one to four places of a message, at any depth, and gives the changed copy. */
export function mutateFields(fields: readonly WireField[], random: Random): WireField[] {
  const copy = cloneFields(fields);
  for (let change = random.between(1, 4); change > 0; change -= 1) {
    const siblings = random.pick(messagesOf(copy));
    if (siblings.length > 0) random.pick(MUTATIONS)(siblings, random.below(siblings.length), random);
    else siblings.push(bytes(random.between(1, 20), random.bytes(3)));
  }
  return copy;
}

function cloneFields(fields: readonly WireField[]): WireField[] {
  return fields.map((field) => ({
    ...field,
    value: Array.isArray(field.value) ? cloneFields(field.value) : field.value,
  }));
}

/** The message itself and every message in it. */
function messagesOf(fields: WireField[]): WireField[][] {
  return [fields, ...fields.flatMap((field) => (Array.isArray(field.value) ? messagesOf(field.value) : []))];
}
