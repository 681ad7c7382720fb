import { writeAnyValueText } from './any-value.js';
import { DEFAULT_TENANT, type DecodeContext } from './decode-context.js';
import { NUMBERS_PER_ENTRY, orderByKey } from './key-order.js';
import { MessageScanner } from './message-scanner.js';
import { KEY_VALUE } from './otlp-schema.js';
import type { RowWriter } from './row-writer.js';

const textEncoder = new TextEncoder();
const TENANT = textEncoder.encode('costel.tenant');
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const entry = new MessageScanner(KEY_VALUE);
/** Key start, key end, value start, value end of each attribute; reused from map to map. */
let entries = new Int32Array(64 * NUMBERS_PER_ENTRY);

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
  out.varint(count);
  writeEntries(context, count, out);
}

/**
 * Writes a resource's attributes with the receiver's tenant in the place of the one that the payload claims: whose money
 * it is follows from where telemetry is let in, never from the telemetry. The stamp comes last.
 */
export function writeResourceAttributes(
  context: DecodeContext,
  scanner: MessageScanner,
  field: number,
  out: RowWriter,
): void {
  const count = dropTenant(context, collect(context, scanner, field));
  const isStamped = context.tenant !== DEFAULT_TENANT;
  out.varint(isStamped ? count + 1 : count);
  writeEntries(context, count, out);
  if (!isStamped) return;
  const tenant = textEncoder.encode(context.tenant);
  out.stringBytes(TENANT, 0, TENANT.length);
  out.stringBytes(tenant, 0, tenant.length);
}

/** Takes entries called `costel.tenant` out of the collected ones. @returns how many are left */
function dropTenant(context: DecodeContext, count: number): number {
  let kept = 0;
  for (let index = 0; index < count; index++) {
    const at = index * NUMBERS_PER_ENTRY;
    const key = context.body.bytes.subarray(entries[at] ?? 0, entries[at + 1] ?? 0);
    if (key.length === TENANT.length && Buffer.compare(key, TENANT) === 0) continue;
    if (kept < index) entries.copyWithin(kept * NUMBERS_PER_ENTRY, at, at + NUMBERS_PER_ENTRY);
    kept++;
  }
  if (kept < count) context.adjust('tenant_dropped', count - kept);
  return kept;
}

function writeEntries(context: DecodeContext, count: number, out: RowWriter): void {
  const order = orderByKey(context.body.bytes, entries, count);
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
    if ((count + 1) * NUMBERS_PER_ENTRY > entries.length) growEntries();
    readEntry(context, occurrences[index + 1] ?? 0, occurrences[index + 2] ?? 0, count * NUMBERS_PER_ENTRY);
    count++;
  }
  if (dropped > 0 && isCounted) context.adjust('attributes_dropped', dropped);
  return count;
}

/** Finds key and value of the attribute in `[start, end)`. */
function readEntry(context: DecodeContext, start: number, end: number, at: number): void {
  const { bytes } = context.body;
  // Nearly all attributes are a key and then a value, each shorter than 128 bytes; these need no scanner.
  const keyEnd = start + 2 + (bytes[start + 1] ?? 0);
  const valueStart = keyEnd + 2;
  const valueLength = bytes[keyEnd + 1] ?? 0;
  const isPlain = bytes[start] === KEY_TAG && bytes[keyEnd] === VALUE_TAG && valueLength < 0x80;
  if (isPlain && (bytes[start + 1] ?? 0) < 0x80 && valueStart <= end && valueStart + valueLength === end) {
    entries[at] = start + 2;
    entries[at + 1] = keyEnd;
    entries[at + 2] = valueStart;
    entries[at + 3] = end;
    return;
  }
  entry.scan(context.body, start, end);
  const hasKey = entry.startOf(1) >= 0;
  entries[at] = hasKey ? entry.startOf(1) : 0;
  entries[at + 1] = hasKey ? entry.endOf(1) : 0;
  entries[at + 2] = entry.startOf(2);
  entries[at + 3] = entry.endOf(2);
}

function growEntries(): void {
  const larger = new Int32Array(entries.length * 2);
  larger.set(entries);
  entries = larger;
}
