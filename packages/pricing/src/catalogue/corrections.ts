import type { Premium } from '../build-periods.js';

/**
 * What the catalogues do not say, or say too long. Each row is a published rule of a provider, with its source.
 */

const TEN_PERCENT: Premium = { numerator: 11n, denominator: 10n };
const TWENTY_PERCENT: Premium = { numerator: 12n, denominator: 10n };

/** A region whose calls cost more: every token price times the premium. */
interface RegionRule {
  /** Id in the price catalogues. */
  readonly providerIds: readonly string[];
  readonly regions: RegExp;
  readonly models: RegExp;
  readonly premium: Premium;
}

const REGION_RULES: readonly RegionRule[] = [
  // Anthropic: inference_geo "us" costs 1.1 times the standard price in every token category.
  { providerIds: ['anthropic'], regions: /^us$/, models: /./, premium: TEN_PERCENT },
  // Azure OpenAI: data-zone deployments (US, EU) cost a tenth more than global ones, from GPT-6 on a fifth in the EU. That
  // is how LiteLLM's map lists them: 861 of 892 prices to the digit, 25 rounded to three digits, 6 of embeddings the same.
  { providerIds: ['azure'], regions: /^eu$/, models: /^gpt-(?:[6-9]|\d\d)/, premium: TWENTY_PERCENT },
  { providerIds: ['azure'], regions: /^(us|eu)$/, models: /^(gpt-|o\d|codex-|computer-use)/, premium: TEN_PERCENT },
  // Vertex AI: from Claude 4.5 on, regional and multi-region endpoints cost a tenth more than the global one.
  {
    providerIds: ['google', 'google-vertex'],
    regions: /^(?!global$)./,
    models: /^claude-(?:opus|sonnet|haiku)-(?:4-[5-9]|[5-9])/,
    premium: TEN_PERCENT,
  },
];

/** The premium of a region; undefined where a call there costs what it costs anywhere. */
export function regionPremium(providerId: string, region: string, model: string): Premium | undefined {
  if (region === '') return undefined;
  const name = model.toLowerCase();
  return REGION_RULES.find(
    (rule) => rule.providerIds.includes(providerId) && rule.regions.test(region) && rule.models.test(name),
  )?.premium;
}

/** Models whose dearer long-context tier ended while catalogues keep it. */
const LONG_CONTEXT_ENDS: ReadonlyMap<string, string> = new Map([
  // The 1M-token beta of Claude Sonnet 4.5 and its premium above 200 000 tokens ended on 30 April 2026.
  ['claude-sonnet-4-5', '2026-04-30'],
]);

/** From when on a catalogue's model costs no more for a long context; undefined where the catalogue is right. */
export function longContextEndMs(catalogueModel: string): number | undefined {
  const end = LONG_CONTEXT_ENDS.get(catalogueModel);
  return end === undefined ? undefined : Date.parse(end);
}
