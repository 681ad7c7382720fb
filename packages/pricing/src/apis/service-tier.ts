import { asText } from './json.js';

/** Names that providers give to the standard price; they are one tier, `''`. */
const STANDARD_TIERS: ReadonlySet<string> = new Set([
  'auto',
  'default',
  'standard',
  'on_demand',
  'on-demand',
  'standard_only',
]);

/** The service tier as a response states it; the standard tier and silence are `''`. */
export function readServiceTier(value: unknown): string {
  const tier = asText(value)?.toLowerCase() ?? '';
  return STANDARD_TIERS.has(tier) ? '' : tier;
}
