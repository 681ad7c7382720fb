import { asRecord } from './read-unknown.js';

/** Deeper than any answer nests. */
const MAX_DEPTH = 12;

const wireNames = new Map<string, string>();

/** Names are few: those of an API's fields. Above this they are not remembered, for they are somebody's own. */
const MAX_REMEMBERED = 2000;

function wireName(name: string): string {
  const known = wireNames.get(name);
  if (known !== undefined) return known;
  const wire = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  if (wireNames.size < MAX_REMEMBERED) wireNames.set(name, wire);
  return wire;
}

/**
 * What an SDK returns under names of its own, under those of the API again: `billedUnits.inputTokens` is
 * `billed_units.input_tokens`. Lists of numbers (embeddings) stay as they are.
 */
export function toWireForm(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value))
    return typeof value[0] === 'number' ? value : value.map((item) => toWireForm(item, depth + 1));
  const fields = asRecord(value);
  if (fields === undefined) return value;
  const wire: Record<string, unknown> = {};
  for (const name in fields) wire[wireName(name)] = toWireForm(fields[name], depth + 1);
  return wire;
}
