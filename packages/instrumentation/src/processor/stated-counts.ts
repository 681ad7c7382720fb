import {
  DIALECT_COUNTS,
  PROVIDER_METADATA_ATTRIBUTE,
  PROVIDER_METADATA_OBJECTS,
  UNKNOWN_COUNTS,
  USAGE_JSON_ATTRIBUTES,
  USAGE_JSON_OBJECTS,
  USAGE_JSON_PREFIX,
} from '@costel/semconv';
import type { Attributes } from '@opentelemetry/api';
import { asRecord } from '../sdks/read-unknown.js';

/** What other emitters count, e.g. `cache_read`. */
export type CountField = keyof typeof DIALECT_COUNTS;

/** The counts that a span states, as they stand there. */
export type StatedCounts = Readonly<Partial<Record<CountField, number>>>;

interface Place {
  readonly field: CountField;
  /** Of several names of a field the one of the lowest rank is read. */
  readonly rank: number;
}

const FIELDS = Object.keys(DIALECT_COUNTS) as CountField[];
const PLACES: ReadonlyMap<string, Place> = new Map(
  FIELDS.flatMap((field) => DIALECT_COUNTS[field].map((name, rank) => [name, { field, rank }] as const)),
);

/** Takes the better known of two statements of one count. */
class CountTaker {
  readonly counts: Partial<Record<CountField, number>> = {};
  readonly #ranks: Partial<Record<CountField, number>> = {};
  isEmpty = true;

  take(name: string, value: unknown): void {
    if (typeof value !== 'number' || Number.isNaN(value)) return;
    const place = PLACES.get(name);
    if (place === undefined || place.rank >= (this.#ranks[place.field] ?? Number.POSITIVE_INFINITY)) return;
    this.counts[place.field] = value;
    this.#ranks[place.field] = place.rank;
    this.isEmpty = false;
  }

  takeAll(prefix: string, object: unknown): void {
    const entries = asRecord(object);
    for (const key in entries) this.take(prefix + key, entries[key]);
  }
}

/** An object that an attribute holds as JSON; undefined for what is none. */
function parseObject(text: unknown): Readonly<Record<string, unknown>> | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** The text of the usage object that a span holds as JSON; empty without one. */
export function usageJsonOf(attributes: Attributes): string {
  for (const name of USAGE_JSON_ATTRIBUTES) {
    const text = attributes[name];
    if (typeof text === 'string' && text !== '') return text;
  }
  return '';
}

const KNOWN_COUNTS: ReadonlySet<string> = new Set(UNKNOWN_COUNTS.known);

/** Whether a span counts tokens under a name that no table has. */
export function countsUnknown(attributes: Attributes): boolean {
  const { prefix, suffix, except } = UNKNOWN_COUNTS;
  for (const name in attributes) {
    if (!name.startsWith(prefix) || !name.endsWith(suffix) || name.startsWith(except) || KNOWN_COUNTS.has(name))
      continue;
    const text = String(attributes[name] ?? '');
    if (text !== '' && text !== '0') return true;
  }
  return false;
}

/**
 * All token counts that the span of another emitter states, in attributes and in the objects that some write as JSON.
 * @returns undefined for a span that states none.
 */
export function statedCounts(attributes: Attributes): StatedCounts | undefined {
  const taker = new CountTaker();
  for (const name in attributes) taker.take(name, attributes[name]);
  const usage = parseObject(usageJsonOf(attributes));
  if (usage !== undefined) {
    taker.takeAll(USAGE_JSON_PREFIX, usage);
    for (const key of USAGE_JSON_OBJECTS) taker.takeAll(`${USAGE_JSON_PREFIX}${key}.`, usage[key]);
  }
  const metadata = parseObject(attributes[PROVIDER_METADATA_ATTRIBUTE]);
  if (metadata !== undefined) {
    for (const path of PROVIDER_METADATA_OBJECTS) {
      const object = path.reduce<unknown>((outer, key) => asRecord(outer)?.[key], metadata);
      taker.takeAll(`${PROVIDER_METADATA_ATTRIBUTE}.${path.join('.')}.`, object);
    }
  }
  return taker.isEmpty ? undefined : taker.counts;
}
