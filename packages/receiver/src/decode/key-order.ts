/** Maps with this many keys or more are sorted by the engine's own sort. */
const INSERTION_SORT_COUNT = 100;
/** Key layouts that are remembered, by number of keys. */
const REMEMBERED = 16;

/** Numbers that describe one attribute: key start, key end, value start, value end. */
export const NUMBERS_PER_ENTRY = 4;

interface Layout {
  /** The keys one after the other, in the order in which they came. */
  keys: Uint8Array;
  /** Where each key ends in `keys`. */
  ends: Uint32Array;
  order: Uint32Array;
  count: number;
}

const layouts: Layout[] = Array.from({ length: REMEMBERED }, () => ({
  keys: new Uint8Array(0),
  ends: new Uint32Array(0),
  order: new Uint32Array(0),
  count: -1,
}));

/**
 * The order in which the keys of `count` entries ascend by their bytes; equal keys keep their order. One sender's spans
 * have the same keys in the same order, so the last order of as many keys is tried first.
 */
export function orderByKey(bytes: Uint8Array, entries: Int32Array, count: number): Uint32Array {
  const layout = layouts[count % REMEMBERED];
  if (layout === undefined) return sorted(bytes, entries, count);
  if (isSameLayout(layout, bytes, entries, count)) return layout.order;
  const order = sorted(bytes, entries, count);
  if (count < INSERTION_SORT_COUNT) remember(layout, bytes, entries, order);
  return order;
}

function isSameLayout(layout: Layout, bytes: Uint8Array, entries: Int32Array, count: number): boolean {
  if (layout.count !== count) return false;
  const { ends, keys } = layout;
  let at = 0;
  for (let index = 0; index < count; index++) {
    const end = ends[index] ?? 0;
    let from = entries[index * NUMBERS_PER_ENTRY] ?? 0;
    if ((entries[index * NUMBERS_PER_ENTRY + 1] ?? 0) - from !== end - at) return false;
    while (at < end) if (keys[at++] !== bytes[from++]) return false;
  }
  return true;
}

function remember(layout: Layout, bytes: Uint8Array, entries: Int32Array, order: Uint32Array): void {
  const keys: number[] = [];
  const ends: number[] = [];
  for (let index = 0; index < order.length; index++) {
    const start = entries[index * NUMBERS_PER_ENTRY] ?? 0;
    const end = entries[index * NUMBERS_PER_ENTRY + 1] ?? 0;
    if (end - start > 200) return;
    for (let from = start; from < end; from++) keys.push(bytes[from] ?? 0);
    ends.push(keys.length);
  }
  layout.keys = Uint8Array.from(keys);
  layout.ends = Uint32Array.from(ends);
  layout.order = order;
  layout.count = order.length;
}

function sorted(bytes: Uint8Array, entries: Int32Array, count: number): Uint32Array {
  const isBefore = (left: number, right: number): boolean => isKeyBefore(bytes, entries, left, right);
  if (count >= INSERTION_SORT_COUNT) {
    const indexes = Array.from({ length: count }, (_, index) => index);
    indexes.sort((left, right) => (isBefore(left, right) ? -1 : Number(isBefore(right, left))));
    return Uint32Array.from(indexes);
  }
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    let slot = index;
    while (slot > 0 && isBefore(index, order[slot - 1] ?? 0)) {
      order[slot] = order[slot - 1] ?? 0;
      slot--;
    }
    order[slot] = index;
  }
  return order;
}

function isKeyBefore(bytes: Uint8Array, entries: Int32Array, left: number, right: number): boolean {
  const leftStart = entries[left * NUMBERS_PER_ENTRY] ?? 0;
  const rightStart = entries[right * NUMBERS_PER_ENTRY] ?? 0;
  const leftLength = (entries[left * NUMBERS_PER_ENTRY + 1] ?? 0) - leftStart;
  const rightLength = (entries[right * NUMBERS_PER_ENTRY + 1] ?? 0) - rightStart;
  const shared = Math.min(leftLength, rightLength);
  for (let index = 0; index < shared; index++) {
    const difference = (bytes[leftStart + index] ?? 0) - (bytes[rightStart + index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return leftLength < rightLength;
}
