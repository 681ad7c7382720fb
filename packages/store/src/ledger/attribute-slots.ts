import {
  ATTR_COSTEL_CLOCK_OFFSET_MS,
  ATTR_COSTEL_COST_KIND,
  ATTR_COSTEL_COST_STATUS,
  ATTR_COSTEL_COST_USD,
  ATTR_COSTEL_REGION,
  ATTR_COSTEL_SERVICE_TIER,
  ATTR_COSTEL_USAGE_PREFIX,
  ATTR_COSTEL_USAGE_QUALITY,
  ATTR_ERROR_TYPE,
  ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK,
  ATTR_GEN_AI_USAGE_COST_AMOUNT,
  ATTR_GEN_AI_USAGE_COST_CURRENCY,
  ATTR_GEN_AI_USAGE_COST_SOURCE,
  DIALECT_COUNTS,
  PROVIDER_METADATA_ATTRIBUTE,
  SERVICE_TIER_ATTRIBUTES,
  SPAN_KIND_ATTRIBUTES,
  USAGE_JSON_ATTRIBUTES,
  USAGE_JSON_PREFIX,
} from '@costel/semconv';
import { USAGE_BUCKETS, type UsageBucket } from '@costel/pricing';
import { APP_COST_ATTRIBUTES, ATTRIBUTION_ATTRIBUTES, TEXT_ATTRIBUTES } from './attribute-table.js';
import { sqlStrings } from './sql-text.js';

/*
 * Every attribute that the ledger reads has a slot: a number under which the view finds the first text of its names that
 * is not empty. The names are looked up once, in the span's own list of keys: 1.0 µs a span to find all texts and 0.9 µs
 * for 60 look-ups by number, where selecting `SpanAttributes['…']` for each of 94 names took 11.9 µs. Within the whole
 * statement the gain is small: 4.6 to 5.3 µs a span instead of 5.7, on a busy machine.
 */

/** What one slot reads: span attributes in order of preference, then resource attributes. */
interface Slot {
  readonly span: readonly string[];
  readonly resource?: readonly string[];
}

/** Slots whose presence can make a span a billable item; they come first, so that one comparison tells. */
const BILLABLE_SLOTS = {
  ...Object.fromEntries(
    USAGE_BUCKETS.map((bucket): [string, Slot] => [`own_${bucket}`, { span: [ATTR_COSTEL_USAGE_PREFIX + bucket] }]),
  ),
  ...Object.fromEntries(
    Object.entries(DIALECT_COUNTS).map(([count, span]): [string, Slot] => [`count_${count}`, { span }]),
  ),
  cost_kind: { span: [ATTR_COSTEL_COST_KIND] },
  cost_status: { span: [ATTR_COSTEL_COST_STATUS] },
  cost_amount: { span: [ATTR_GEN_AI_USAGE_COST_AMOUNT] },
  operation: { span: TEXT_ATTRIBUTES.operation },
  span_kind: { span: SPAN_KIND_ATTRIBUTES },
  usage_json: { span: USAGE_JSON_ATTRIBUTES },
} as const satisfies Readonly<Record<string, Slot>>;

const OTHER_SLOTS = {
  provider: { span: TEXT_ATTRIBUTES.provider },
  request_model: { span: TEXT_ATTRIBUTES.request_model },
  response_model: { span: TEXT_ATTRIBUTES.response_model },
  response_id: { span: TEXT_ATTRIBUTES.response_id },
  agent: { span: TEXT_ATTRIBUTES.agent },
  conversation: { span: TEXT_ATTRIBUTES.conversation },
  environment: onBoth(ATTRIBUTION_ATTRIBUTES.environment),
  feature: onBoth(ATTRIBUTION_ATTRIBUTES.feature),
  user: onBoth(ATTRIBUTION_ATTRIBUTES.user),
  customer: onBoth(ATTRIBUTION_ATTRIBUTES.customer),
  team: onBoth(ATTRIBUTION_ATTRIBUTES.team),
  project: onBoth(ATTRIBUTION_ATTRIBUTES.project),
  tenant: { span: [], resource: ['costel.tenant'] },
  own_service_tier: { span: [ATTR_COSTEL_SERVICE_TIER] },
  foreign_service_tier: { span: SERVICE_TIER_ATTRIBUTES },
  region: { span: [ATTR_COSTEL_REGION] },
  usage_quality: { span: [ATTR_COSTEL_USAGE_QUALITY] },
  cost_usd: { span: [ATTR_COSTEL_COST_USD] },
  app_cost: { span: APP_COST_ATTRIBUTES },
  cost_source: { span: [ATTR_GEN_AI_USAGE_COST_SOURCE] },
  cost_currency: { span: [ATTR_GEN_AI_USAGE_COST_CURRENCY] },
  clock_offset_ms: { span: [ATTR_COSTEL_CLOCK_OFFSET_MS] },
  error_type: { span: [ATTR_ERROR_TYPE] },
  time_to_first_chunk: { span: [ATTR_GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK] },
} as const satisfies Readonly<Record<string, Slot>>;

/** What a slot is asked for by. */
export type SlotName =
  | `own_${UsageBucket}`
  | `count_${keyof typeof DIALECT_COUNTS}`
  | 'cost_kind'
  | 'cost_status'
  | 'cost_amount'
  | 'operation'
  | 'span_kind'
  | 'usage_json'
  | keyof typeof OTHER_SLOTS;

function onBoth(names: readonly string[]): Slot {
  return { span: names, resource: names };
}

const SLOTS: readonly (readonly [string, Slot])[] = [...Object.entries(BILLABLE_SLOTS), ...Object.entries(OTHER_SLOTS)];
const NUMBERS = new Map(SLOTS.map(([name], index) => [name, index + 1]));

/** A slot holds at most so many names; a rank is `(slot · 64 + preference) · 2^32 + position`. */
const NAMES_PER_SLOT = 64;
const POSITION_BITS = 32n;
/** Bits of a rank below its slot. */
const BITS_BELOW_SLOT = POSITION_BITS + 6n;

const rankOf = (slot: number, preference: number): bigint =>
  BigInt(slot * NAMES_PER_SLOT + preference) << POSITION_BITS;

/** Attributes of spans, of resources, and what stands in an attribute as JSON. */
type NameKind = 'span' | 'resource' | 'json';

const isJsonName = (name: string): boolean =>
  name.startsWith(USAGE_JSON_PREFIX) || name.startsWith(`${PROVIDER_METADATA_ATTRIBUTE}.`);

/** The rank of each attribute name of spans, or of resources. @throws Error for a name in two slots: the first would win unseen. */
function ranksOf(kind: NameKind): ReadonlyMap<string, bigint> {
  const ranks = new Map<string, bigint>();
  for (const [index, [slotName, slot]] of SLOTS.entries()) {
    const before = kind === 'resource' ? slot.span.length : 0;
    const names = kind === 'resource' ? (slot.resource ?? []) : slot.span;
    for (const [preference, name] of names.entries()) {
      if (kind !== 'resource' && isJsonName(name) !== (kind === 'json')) continue;
      if (ranks.has(name)) throw new Error(`attribute ${name} is in two slots, one of them ${slotName}`);
      if (before + preference >= NAMES_PER_SLOT)
        throw new Error(`slot ${slotName} has more than ${NAMES_PER_SLOT} names`);
      ranks.set(name, rankOf(index + 1, before + preference));
    }
  }
  return ranks;
}

/** SQL: the rank of each of `keys` (an expression for an array of names), 0 for a name that nobody reads. */
export function ranksSql(kind: NameKind, keys: string): string {
  const ranks = ranksOf(kind);
  return `arrayMap(name -> transform(name, ${sqlStrings([...ranks.keys()])}, [${[...ranks.values()].join(', ')}], toUInt64(0)), ${keys})`;
}

/** SQL: whether a rank is of an attribute that can make its span a billable item. */
export function isBillableRankSql(rank: string): string {
  return `${rank} > 0 AND ${rank} < ${rankOf(Object.keys(BILLABLE_SLOTS).length + 1, 0)}`;
}

/** How many of the first slots are counts: those of our buckets, then those of the dialects. */
export const COUNT_SLOTS = USAGE_BUCKETS.length + Object.keys(DIALECT_COUNTS).length;

/** Counts have smaller ranks. */
export const FIRST_RANK_AFTER_COUNTS: bigint = rankOf(COUNT_SLOTS + 1, 0);

/** SQL: the slot of a rank, as the key of the map that {@link slotText} reads. */
export function slotOfRankSql(rank: string): string {
  return `toUInt8(bitShiftRight(${rank}, ${BITS_BELOW_SLOT}))`;
}

/** The number of a slot. @throws Error for one that there is not. */
export function slotNumber(name: SlotName): number {
  const number = NUMBERS.get(name);
  if (number === undefined) throw new Error(`there is no attribute slot ${name}`);
  return number;
}

/** SQL: the first text of a slot that is not empty, or an empty one, out of the map `texts`. */
export function slotText(name: SlotName): string {
  return `texts[${slotNumber(name)}]`;
}
