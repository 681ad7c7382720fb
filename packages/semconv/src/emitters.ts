/** Which spans a peculiarity of an emitter holds for; all that is named must match. */
export interface EmitterRule {
  /** First letters of the instrumentation scope, or the whole of it. */
  readonly scopePrefix?: string;
  readonly scope?: string;
  /** First letters of the provider as the span names it; absent: any. */
  readonly providerPrefix?: string;
  /** The rule ends where the span has this attribute: the emitter's later versions. */
  readonly unlessAttribute?: string;
}

/** What an emitter of versions 6 and 7 of the AI SDK always says, and earlier ones never. */
const AI_SDK_DETAILS = 'ai.usage.inputTokenDetails.noCacheTokens';

/**
 * Emitters that leave cached tokens out of the input count; everybody else counts them in, as the conventions ask.
 * Measured with an Anthropic call of 100 + 2 048 written + 1 024 read tokens: these say 100, others 3 172. Those of
 * Bedrock hand on Converse's `inputTokens`, which leaves cached ones out.
 */
export const EXCLUSIVE_EMITTERS: readonly EmitterRule[] = [
  { scopePrefix: '@traceloop/instrumentation-anthropic', providerPrefix: 'anthropic' },
  { scopePrefix: 'openlit', providerPrefix: 'anthropic' },
  { scopePrefix: '@openlit/', providerPrefix: 'anthropic' },
  { scopePrefix: 'openlit', providerPrefix: 'aws' },
  { scopePrefix: '@openlit/', providerPrefix: 'aws' },
  { scopePrefix: 'opentelemetry.instrumentation.bedrock' },
  { scopePrefix: 'openinference.instrumentation.bedrock' },
  { scope: 'ai', providerPrefix: 'anthropic', unlessAttribute: AI_SDK_DETAILS },
  { scope: 'ai', providerPrefix: 'amazon-bedrock', unlessAttribute: AI_SDK_DETAILS },
  { scope: 'ai', providerPrefix: 'google.vertex.anthropic', unlessAttribute: AI_SDK_DETAILS },
];

/** Emitters that leave reasoning tokens out of the output count: they hand on Gemini's `candidatesTokenCount`. */
export const EXCLUSIVE_OUTPUT_EMITTERS: readonly EmitterRule[] = [
  { scopePrefix: 'openlit', providerPrefix: 'gcp' },
  { scopePrefix: 'openlit', providerPrefix: 'google' },
  { scopePrefix: 'openlit', providerPrefix: 'gemini' },
];
