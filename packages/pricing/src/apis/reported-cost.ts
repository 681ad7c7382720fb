import { parsePicoUsd, picoUsd, type PicoUsd } from '../pico-usd.js';
import type { UsageQuality } from '../usage.js';
import { asObject, type JsonObject } from './json.js';

/** A field of `usage` in which a provider or gateway reports its own cost. */
interface ReportedCostField {
  readonly reportedBy: string;
  readonly name: string;
  /** The field inside, where the cost is not the field itself. */
  readonly inner?: string;
  readonly read: (value: unknown) => PicoUsd | undefined;
}

/** The decimals of a dollar amount that survive a JSON double; finer digits are noise of the binary form. */
const REPORTED_DECIMALS = 12;

/** Above this a reported cost is an error, not a cost. */
const MAX_REPORTED_USD = 1e9;

/** A JSON number of dollars as money. */
function dollars(value: unknown): PicoUsd | undefined {
  if (typeof value !== 'number' || !(value > 0 && value < MAX_REPORTED_USD)) return undefined;
  const cost = parsePicoUsd(value.toFixed(REPORTED_DECIMALS));
  return cost > 0n ? cost : undefined;
}

/** Ticks of 10^-10 USD as money, e.g. 123 456 ticks are $0.0000123456. */
function ticks(value: unknown): PicoUsd | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? parsePicoUsd(`${value}e-10`)
    : undefined;
}

/** Every such field, the most specific first; the first that holds a cost counts. */
const REPORTED_COST_FIELDS: readonly ReportedCostField[] = [
  { reportedBy: 'xAI', name: 'cost_in_usd_ticks', read: ticks },
  { reportedBy: 'Perplexity', name: 'cost', inner: 'total_cost', read: dollars },
  { reportedBy: 'Pydantic AI Gateway', name: 'pydantic_ai_gateway', inner: 'cost_estimate', read: dollars },
  { reportedBy: 'OpenRouter', name: 'cost', read: dollars },
];

/** OpenRouter with the customer's own key: its own fee and what the provider behind it charges to that key. */
function readOwnKeyCost(usage: JsonObject): PicoUsd | undefined {
  const upstream = dollars(asObject(usage['cost_details'])?.['upstream_inference_cost']);
  return upstream === undefined ? undefined : picoUsd(upstream + (dollars(usage['cost']) ?? 0n));
}

/** Whether any of the fields states a cost of exactly 0. */
function statesZero(usage: JsonObject): boolean {
  return REPORTED_COST_FIELDS.some(({ name, inner }) => {
    const field = usage[name];
    return (inner === undefined ? field : asObject(field)?.[inner]) === 0;
  });
}

/**
 * The cost that an answer's `usage` reports, in pico-dollars. By the shape of the field and not by provider, so that a
 * gateway that passes it on is read too.
 *
 * A reported 0 beside tokens is weak evidence: it is sent for calls that are billed elsewhere (a model that a cloud
 * resells), so the list price of the tokens goes before it. Where the counts contradict each other there is no exact
 * price of them, and the 0 is what the provider says: then it holds. With the customer's own key (`is_byok`) the cost is
 * the router's fee and what it says that the provider behind it charges.
 */
export function readReportedCost(usage: JsonObject | undefined, quality?: UsageQuality): PicoUsd | undefined {
  if (usage === undefined) return undefined;
  if (usage['is_byok'] === true) return readOwnKeyCost(usage);
  for (const { name, inner, read } of REPORTED_COST_FIELDS) {
    const field = usage[name];
    if (field === undefined) continue;
    const cost = read(inner === undefined ? field : asObject(field)?.[inner]);
    if (cost !== undefined) return cost;
  }
  return quality === 'inconsistent' && statesZero(usage) ? picoUsd(0n) : undefined;
}
