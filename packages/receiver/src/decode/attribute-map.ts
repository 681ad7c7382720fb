import { writeAnyValueText } from './any-value.js';
import type { DecodeContext } from './decode-context.js';
import { MessageScanner } from './message-scanner.js';
import { KEY_VALUE } from './otlp-schema.js';
import type { RowWriter } from './row-writer.js';

const NUMBERS_PER_ENTRY = 4;
const INSERTION_SORT_COUNT = 100;
const entry = new MessageScanner(KEY_VALUE);
/** Key start, key end, value start, value end of each attribute; reused from map to map. */
let entries = new Int32Array(64 * NUMBERS_PER_ENTRY);
let order = new Uint32Array(64);

/**
 * Writes the attributes that `scanner` found under `field` as a `Map(String, String)`, sorted by key as the exporter
 * does (bytes ascending; equal keys keep their order). Attributes beyond the limit are dropped and counted.
 */
export function writeAttributeMap(
  context: DecodeContext,
  scanner: MessageScanner,
  field: number,
  out: RowWriter,
): void {
  const count = collect(context, scanner, field);
  sortByKey(context.body.bytes, count);
  out.varint(count);
  for (let index = 0; index < count; index++) {
    const at = (order[index] ?? 0) * NUMBERS_PER_ENTRY;
    const keyStart = entries[at] ?? 0;
    const valueStart = entries[at + 2] ?? -1;
    out.stringBytes(context.body.bytes, keyStart, (entries[at + 1] ?? 0) - keyStart);
    if (valueStart < 0) out.varint(0);
    else writeAnyValueText(context, valueStart, entries[at + 3] ?? 0, out);
  }
}

/** Writes the value of the first attribute called `key` as a string, an empty one if there is none. */
export function writeAttributeValue(
  context: DecodeContext,
  scanner: MessageScanner,
  field: number,
  key: Uint8Array,
  out: RowWriter,
): void {
  const count = collect(context, scanner, field, false);
  for (let at = 0; at < count * NUMBERS_PER_ENTRY; at += NUMBERS_PER_ENTRY) {
    const found = context.body.bytes.subarray(entries[at] ?? 0, entries[at + 1] ?? 0);
    if (Buffer.compare(found, key) !== 0) continue;
    const valueStart = entries[at + 2] ?? -1;
    if (valueStart >= 0) return writeAnyValueText(context, valueStart, entries[at + 3] ?? 0, out);
    break;
  }
  out.varint(0);
}

function collect(context: DecodeContext, scanner: MessageScanner, field: number, isCounted = true): number {
  const limit = context.limits.attributesPerRecord;
  const { occurrences, occurrencesLength } = scanner;
  let count = 0;
  let dropped = 0;
  for (let index = 0; index < occurrencesLength; index += 3) {
    if (occurrences[index] !== field) continue;
    if (count === limit) {
      dropped++;
      continue;
    }
    entry.scan(context.body, occurrences[index + 1] ?? 0, occurrences[index + 2] ?? 0);
    if ((count + 1) * NUMBERS_PER_ENTRY > entries.length) growEntries();
    const at = count * NUMBERS_PER_ENTRY;
    const hasKey = entry.startOf(1) >= 0;
    entries[at] = hasKey ? entry.startOf(1) : 0;
    entries[at + 1] = hasKey ? entry.endOf(1) : 0;
    entries[at + 2] = entry.startOf(2);
    entries[at + 3] = entry.endOf(2);
    count++;
  }
  if (dropped > 0 && isCounted) context.adjust('attributes_dropped', dropped);
  return count;
}

function growEntries(): void {
  const larger = new Int32Array(entries.length * 2);
  larger.set(entries);
  entries = larger;
  order = new Uint32Array(larger.length / NUMBERS_PER_ENTRY);
}

/** Insertion sort: stable, and fast for the few and mostly ordered keys of real spans; not for hundreds of keys. */
function sortByKey(bytes: Uint8Array, count: number): void {
  if (count > INSERTION_SORT_COUNT) {
    const indexes = Array.from({ length: count }, (_, index) => index);
    indexes.sort((left, right) => (isKeyBefore(bytes, left, right) ? -1 : Number(isKeyBefore(bytes, right, left))));
    order.set(indexes);
    return;
  }
  for (let index = 0; index < count; index++) {
    let slot = index;
    while (slot > 0 && isKeyBefore(bytes, index, order[slot - 1] ?? 0)) {
      order[slot] = order[slot - 1] ?? 0;
      slot--;
    }
    order[slot] = index;
  }
}

function isKeyBefore(bytes: Uint8Array, left: number, right: number): boolean {
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
