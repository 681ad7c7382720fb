import { parsePicoUsd, type PicoUsd } from '../pico-usd.js';
import { at, asObject, type JsonObject } from './json.js';

/** The decimals of a dollar amount that survive a JSON double; finer digits are noise of the binary form. */
const REPORTED_DECIMALS = 12;

/** xAI counts cost in ticks of 10^-10 USD. */
const TICK_DECIMALS = 10;

/** A JSON number of dollars as money; undefined when it is no cost (negative, not finite, zero). */
function dollars(value: unknown): PicoUsd | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || value >= 1e9) return undefined;
  return parsePicoUsd(value.toFixed(REPORTED_DECIMALS));
}

/** Ticks as money, e.g. 123 456 ticks are $0.0000123456. */
function ticks(value: unknown): PicoUsd | undefined {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) return undefined;
  return parsePicoUsd(`${value}e-${TICK_DECIMALS}`);
}

/**
 * Where a provider reports its own cost, by the shape of the field, so that a gateway that passes it on is read too.
 * A reported 0 is not taken as a cost: providers send it for calls billed elsewhere (bring your own key).
 */
export function readReportedCost(usage: JsonObject | undefined): PicoUsd | undefined {
  if (usage === undefined) return undefined;
  const inTicks = ticks(usage['cost_in_usd_ticks']);
  if (inTicks !== undefined) return inTicks;
  const cost = usage['cost'];
  if (asObject(cost) !== undefined) return dollars(at(cost, 'total_cost'));
  // With the customer's own key, `cost` is the router's fee alone and the model's cost is billed by its provider.
  if (usage['is_byok'] === true) return undefined;
  return dollars(cost);
}
