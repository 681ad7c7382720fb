import { DEFAULT_CONVENTIONS_VERSION, type ConventionsVersion } from '@costel/semconv';
import type { InstrumentationConfig } from '@opentelemetry/instrumentation';
import { CAPTURE_VARIABLE, captureOfEnvironment, type ContentCapture } from './content/content-mode.js';
import { advise } from './telemetry/trouble.js';
import type { CostelMetricProducer } from './telemetry/costel-metric-producer.js';

/** An attribution dimension that may label metrics. */
export type AttributionLabel =
  | 'feature'
  | 'team'
  | 'project'
  | 'customer'
  | 'user'
  | 'agent'
  | 'conversation'
  | `tag.${string}`;

/** What a user may write; every field has a default. */
export interface CostelInstrumentationConfig extends InstrumentationConfig {
  /**
   * Asks the provider for the usage of streamed chat completions (`stream_options.include_usage`) where the caller did
   * not, and hides the extra chunk from the caller. Default false: such a stream's usage is estimated instead.
   */
  includeUsage?: boolean;
  /** Edition of the GenAI conventions to write. Default `1.42`. */
  conventions?: ConventionsVersion;
  /** Attribution that also labels metrics; spans carry all of it. Default `['feature', 'team', 'project']`. */
  metricLabels?: readonly AttributionLabel[];
  /**
   * How many different values a label may have in this process; further ones count as `_overflow`. Default 200 values;
   * 0 sends every value to `_overflow`.
   */
  metricLabelLimit?: number;
  /** Provider names of your own gateways by host name, e.g. `{ 'llm.internal': 'openai' }`. Default none. */
  providerByHost?: Readonly<Record<string, string>>;
  /** Writes `costel.cost.line_items`. Default true. */
  lineItems?: boolean;
  /** Reads attribution from the incoming baggage too; turn off where callers are not trusted. Default true. */
  readBaggage?: boolean;
  /**
   * Keeps the metrics in this producer, which a metric reader of yours collects, in place of instruments of the meter
   * provider: cheaper by about a third of what a call costs. Default none.
   */
  metricProducer?: CostelMetricProducer;
  /**
   * Captures prompts, answers, system instructions and tools as the conventions have it: on the span, in an event, or
   * both. Default: what `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says, else `none`.
   */
  captureContent?: ContentCapture;
  /**
   * Keys of a request's own labels (`metadata`, `requestMetadata`, `labels`) that become tags; those that name an
   * attribution dimension (`feature`, `customer`, …) count as that in any case. Default none: requests may hold anything.
   */
  metadataTags?: readonly string[];
  /** Patches SDK versions newer than the tested ones when they have the known shape. Default true, with a warning. */
  patchUntestedVersions?: boolean;
  /**
   * Told what keeps an SDK's calls from being seen and what to do about it, once an SDK: its version is not supported, or
   * it makes requests although it was not patched (loaded before, or part of a bundle). Default: a warning through `diag`.
   */
  onUnseenCalls?: (advice: string) => void;
}

/** The configuration with every default filled in. */
export interface InstrumentationOptions {
  readonly includeUsage: boolean;
  readonly conventions: ConventionsVersion;
  readonly metricLabels: readonly AttributionLabel[];
  readonly metricLabelLimit: number;
  readonly providerByHost: Readonly<Record<string, string>>;
  readonly lineItems: boolean;
  readonly readBaggage: boolean;
  readonly patchUntestedVersions: boolean;
  readonly onUnseenCalls: (advice: string) => void;
  readonly metricProducer: CostelMetricProducer | undefined;
  readonly captureContent: ContentCapture;
  readonly metadataTags: readonly string[];
}

const DEFAULT_METRIC_LABELS: readonly AttributionLabel[] = ['feature', 'team', 'project'];

/** Values a label may have before further ones share one series: keeps a metric's series in the low thousands. */
const DEFAULT_METRIC_LABEL_LIMIT = 200;

/** Values that were told: every instrumentation and span processor fills in the defaults anew. */
const toldValues = new Set<string>();

function adviseOfValue(value: string): void {
  if (toldValues.has(value)) return;
  toldValues.add(value);
  advise(
    `${CAPTURE_VARIABLE}=${value.slice(0, 40)} is not known, so no content is captured; use span_only, event_only, ` +
      'span_and_event or no_content',
  );
}

/** Fills in the defaults. */
export function resolveOptions(config: CostelInstrumentationConfig = {}): InstrumentationOptions {
  return {
    includeUsage: config.includeUsage ?? false,
    conventions: config.conventions ?? DEFAULT_CONVENTIONS_VERSION,
    metricLabels: config.metricLabels ?? DEFAULT_METRIC_LABELS,
    metricLabelLimit: config.metricLabelLimit ?? DEFAULT_METRIC_LABEL_LIMIT,
    providerByHost: config.providerByHost ?? {},
    lineItems: config.lineItems ?? true,
    readBaggage: config.readBaggage ?? true,
    patchUntestedVersions: config.patchUntestedVersions ?? true,
    onUnseenCalls: config.onUnseenCalls ?? advise,
    metricProducer: config.metricProducer,
    metadataTags: config.metadataTags ?? [],
    captureContent: config.captureContent ?? captureOfEnvironment(process.env, adviseOfValue),
  };
}
