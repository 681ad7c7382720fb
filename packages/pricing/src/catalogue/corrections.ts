import type { LongContextPremium, Premium } from '../build-periods.js';
import type { FlatDays } from '../flat-days.js';

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

/**
 * Whether a provider sells a maker's model at a price of its own, so that the maker's list says nothing of it. LiteLLM's map
 * lists 277 names of Azure: OpenAI's, Anthropic's, xAI's and Moonshot's at their makers' prices but for Grok 3 Mini, DeepSeek's
 * apart (as models.dev does: V4 Pro at $1.74 and $3.48 a million whatever the hour), and gpt-oss, which OpenAI does not sell.
 */
export function hasOwnPrice(providerId: string, makerId: string, name: string): boolean {
  return providerId === 'azure' && (makerId === 'deepseek' || /^(?:gpt-oss|grok-3-mini$)/.test(name));
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

/**
 * Dearer prices for a long context that no catalogue has (any more), by provider and catalogue model. Bedrock and Vertex AI
 * had the 1M-token beta too, since when and at what price in their regions is not known for certain.
 */
const LONG_CONTEXT_PREMIUMS: ReadonlyMap<string, LongContextPremium> = new Map([
  [
    // Claude Sonnet 4: $6 and $22.50 a million above 200 000 tokens of input, what is cached in proportion.
    'anthropic claude-sonnet-4-0',
    {
      fromMs: Date.parse('2025-08-12'),
      toMs: Date.parse('2026-04-30'),
      aboveInputTokens: 200_000,
      input: { numerator: 2n, denominator: 1n },
      output: { numerator: 3n, denominator: 2n },
      source: 'anthropic.com/news/1m-context, until the beta ended by platform.claude.com/docs/en/release-notes',
    },
  ],
]);

/** What a catalogue's model cost above a number of input tokens for a time; undefined where the catalogue is right. */
export function longContextPremium(providerId: string, catalogueModel: string): LongContextPremium | undefined {
  return LONG_CONTEXT_PREMIUMS.get(`${providerId} ${catalogueModel}`);
}

/** The days from one day to another, both inclusive, as first milliseconds; `2026-10-01` to `2026-10-07` are seven. */
function daysBetween(first: string, last: string): number[] {
  const days: number[] = [];
  for (let dayMs = Date.parse(first); dayMs <= Date.parse(last); dayMs += 86_400_000) days.push(dayMs);
  return days;
}

/**
 * DeepSeek's peak hours (01:00 to 04:00, 06:00 to 10:00 UTC) are none on Saturdays and Sundays since 23 August 2026, nor on
 * public holidays of China: api-docs.deepseek.com/quick_start/pricing. They lie within one day in Beijing and in the UTC.
 * Catalogues have the hours and not the days. Holidays of 2027 were not published when this was written.
 */
const DEEPSEEK_DAYS: FlatDays = {
  fromMs: Date.parse('2026-08-23'),
  toMs: Date.parse('2027-07-01'),
  holidays: new Set([...daysBetween('2026-09-25', '2026-09-27'), ...daysBetween('2026-10-01', '2026-10-07')]),
};

/** On which days a provider's prices by the hour of a model do not hold; undefined where they hold on all. */
export function flatDays(providerId: string, catalogueModel: string): FlatDays | undefined {
  return providerId === 'deepseek' && /^(?:deepseek-|v4-)/.test(catalogueModel) ? DEEPSEEK_DAYS : undefined;
}

/** A service tier that a provider states as a share of its standard prices, for models that no catalogue lists it of. */
export interface TierRule {
  /** Id in the price catalogues. */
  readonly providerId: string;
  readonly serviceTier: string;
  readonly models: RegExp;
  /** The first day of which it is known, UTC; before it, the tier has no price. */
  readonly from: string;
  readonly share: Premium;
  /** Whether cached input costs what other input does in this tier. */
  readonly isCacheUndiscounted: boolean;
  /** The page that says so, and when it said so. */
  readonly source: string;
}

const HALF: Premium = { numerator: 1n, denominator: 2n };
const WHOLE: Premium = { numerator: 1n, denominator: 1n };

const ANTHROPIC_BATCHES =
  'docs.anthropic.com/en/docs/build-with-claude/batch-processing, as of August 2025: half of each model’s standard price';

const TOGETHER_BATCHES = 'docs.together.ai/docs/inference/batch/overview, as of 2026-09-02';

/**
 * The first that fits. Cohere's batches are in none: neither its price list nor its pages on batches say what they cost.
 */
const TIER_RULES: readonly TierRule[] = [
  // Every model since batches began, and all its tokens; the catalogues have batch prices of those that are still offered.
  {
    providerId: 'anthropic',
    serviceTier: 'batch',
    models: /^claude-/,
    from: '2024-10-08',
    share: HALF,
    isCacheUndiscounted: false,
    source: ANTHROPIC_BATCHES,
  },
  // Every model that takes batches at half its price, sound too; no further discount for what is cached. It was a quarter
  // less when batches began in spring 2025, and half less since some day of that year.
  {
    providerId: 'groq',
    serviceTier: 'batch',
    models: /./,
    from: '2026-01-01',
    share: HALF,
    isCacheUndiscounted: true,
    source: 'console.groq.com/docs/batch, as of 2026',
  },
  // Half since batches began (together.ai/blog/batch-api, 2025-06-11), and one of the two that were left in 2026.
  {
    providerId: 'together',
    serviceTier: 'batch',
    models: /^meta-llama\/(?:meta-)?llama-3\.3-70b-instruct-turbo$/,
    from: '2025-06-11',
    share: HALF,
    isCacheUndiscounted: false,
    source: TOGETHER_BATCHES,
  },
  {
    providerId: 'together',
    serviceTier: 'batch',
    models: /^openai\/whisper-large-v3$/,
    from: '2026-09-02',
    share: HALF,
    isCacheUndiscounted: false,
    source: TOGETHER_BATCHES,
  },
  // "Models not listed run at standard rates"; which were listed before is not known for certain.
  {
    providerId: 'together',
    serviceTier: 'batch',
    models: /./,
    from: '2026-09-02',
    share: WHOLE,
    isCacheUndiscounted: false,
    source: TOGETHER_BATCHES,
  },
];

/** The rule by which a model's tier follows from its standard prices; undefined where none is published. */
export function tierRule(providerId: string, serviceTier: string, model: string): TierRule | undefined {
  if (serviceTier === '') return undefined;
  const name = model.toLowerCase();
  return TIER_RULES.find(
    (rule) => rule.providerId === providerId && rule.serviceTier === serviceTier && rule.models.test(name),
  );
}
