import {
  ATTR_COSTEL_CUSTOMER,
  ATTR_COSTEL_FALLBACK_MODEL,
  ATTR_COSTEL_FALLBACK_PROVIDER,
  ATTR_COSTEL_FALLBACK_REASON,
  ATTR_COSTEL_FEATURE,
  ATTR_COSTEL_PROJECT,
  ATTR_COSTEL_TAG_PREFIX,
  ATTR_COSTEL_TEAM,
  ATTR_GEN_AI_AGENT_NAME,
  ATTR_GEN_AI_CONVERSATION_ID,
  ATTR_USER_ID,
} from '@costel/semconv';

/** Whom and what a call is for. Every field is optional; what is set further in wins. */
export interface CostAttribution {
  readonly feature?: string | undefined;
  readonly customer?: string | undefined;
  readonly user?: string | undefined;
  readonly team?: string | undefined;
  readonly project?: string | undefined;
  readonly agent?: string | undefined;
  readonly conversation?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * Marks calls that take the place of another: the model that was meant, and why it was not called. What was saved is
   * then known. Unlike the rest it does not travel to other services.
   */
  readonly fallback?: Fallback | undefined;
}

/** What a fallback call takes the place of. */
export interface Fallback {
  /** The model that was meant. */
  readonly model: string;
  /** Its provider, as `gen_ai.provider.name`. Default: the provider that is called. */
  readonly provider?: string | undefined;
  /** E.g. `budget`, `error`, `rate_limit`; a word, not a message. */
  readonly reason?: string | undefined;
}

/** The fields that are one string each. */
export type AttributionField = Exclude<keyof CostAttribution, 'tags' | 'fallback'>;

/** The one place where attribution fields meet attribute names; baggage uses the same names. */
export const ATTRIBUTE_OF_FIELD: Readonly<Record<AttributionField, string>> = {
  feature: ATTR_COSTEL_FEATURE,
  customer: ATTR_COSTEL_CUSTOMER,
  user: ATTR_USER_ID,
  team: ATTR_COSTEL_TEAM,
  project: ATTR_COSTEL_PROJECT,
  agent: ATTR_GEN_AI_AGENT_NAME,
  conversation: ATTR_GEN_AI_CONVERSATION_ID,
};

const FIELDS = Object.entries(ATTRIBUTE_OF_FIELD) as readonly (readonly [AttributionField, string])[];

const ATTRIBUTION_ATTRIBUTES: ReadonlySet<string> = new Set(Object.values(ATTRIBUTE_OF_FIELD));

/** Characters of one attribution value; longer ones are cut, for they travel in headers and index columns. */
const MAX_VALUE_CHARACTERS = 256;

/** True for the attribute and baggage names that carry attribution. */
export function isAttributionName(name: string): boolean {
  return ATTRIBUTION_ATTRIBUTES.has(name) || name.startsWith(ATTR_COSTEL_TAG_PREFIX);
}

function asValue(value: unknown): string | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value);
  return text === '' ? undefined : text.slice(0, MAX_VALUE_CHARACTERS);
}

/** Attribution as span attributes; empty and unset fields are left out. */
export function attributionAttributes(attribution: CostAttribution): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [field, name] of FIELDS) {
    const value = asValue(attribution[field]);
    if (value !== undefined) attributes[name] = value;
  }
  for (const [tag, raw] of Object.entries(attribution.tags ?? {})) {
    const value = asValue(raw);
    if (value !== undefined) attributes[ATTR_COSTEL_TAG_PREFIX + tag] = value;
  }
  for (const [name, raw] of fallbackEntries(attribution.fallback)) {
    const value = asValue(raw);
    if (value !== undefined) attributes[name] = value;
  }
  return attributes;
}

function fallbackEntries(fallback: Fallback | undefined): readonly (readonly [string, string | undefined])[] {
  if (fallback === undefined) return [];
  return [
    [ATTR_COSTEL_FALLBACK_MODEL, fallback.model],
    [ATTR_COSTEL_FALLBACK_PROVIDER, fallback.provider],
    [ATTR_COSTEL_FALLBACK_REASON, fallback.reason],
  ];
}
