import { metrics, trace, type MeterProvider, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { resolveOptions, type CostelInstrumentationConfig, type InstrumentationOptions } from '../config.js';
import type { EventSink } from '../content/call-content.js';
import { INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION } from '../version.js';
import { CallMetrics } from './call-metrics.js';
import type { CallMeter } from './call-meter.js';
import type { CostelMetricProducer } from './costel-metric-producer.js';
import { LabelLimiter } from './label-limiter.js';
import { setTroubleCounter } from './trouble.js';

/**
 * Where spans and metric points go: the providers that were set explicitly, else the global ones, looked up at each
 * call because an application may register them after its first client was made.
 */
export class Recorder {
  /** False while the instrumentation is disabled: patched methods then only call through. */
  isEnabled = true;
  /** Where events go; none where no instrumentation was registered. */
  events: EventSink | undefined;
  #options: InstrumentationOptions;
  #limiter: LabelLimiter;
  #tracer: Tracer = trace.getTracer(INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION);
  #explicitMeterProvider: MeterProvider | undefined;
  #metricsOf: MeterProvider | CostelMetricProducer | undefined;
  #metrics: CallMeter | undefined;

  constructor(config?: CostelInstrumentationConfig) {
    this.#options = resolveOptions(config);
    this.#limiter = new LabelLimiter(this.#options.metricLabelLimit);
  }

  get options(): InstrumentationOptions {
    return this.#options;
  }

  get tracer(): Tracer {
    return this.#tracer;
  }

  get metrics(): CallMeter {
    const { metricProducer } = this.#options;
    const provider = metricProducer ?? this.#explicitMeterProvider ?? metrics.getMeterProvider();
    if (this.#metrics === undefined || this.#metricsOf !== provider) {
      const meter =
        'getMeter' in provider
          ? new CallMetrics(
              provider.getMeter(INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION),
              this.#options,
              this.#limiter,
            )
          : provider.meterOf(this.#options, this.#limiter);
      this.#metricsOf = provider;
      this.#metrics = meter;
      setTroubleCounter((hook) => {
        meter.recordTrouble(hook);
      });
    }
    return this.#metrics;
  }

  setOptions(config: CostelInstrumentationConfig): void {
    this.#options = resolveOptions(config);
    this.#limiter = new LabelLimiter(this.#options.metricLabelLimit);
    this.#metrics = undefined;
  }

  setTracerProvider(provider: TracerProvider): void {
    this.#tracer = provider.getTracer(INSTRUMENTATION_NAME, INSTRUMENTATION_VERSION);
  }

  /** The global provider is not kept: set-ups hand over the one of the moment, which is often replaced right after. */
  setMeterProvider(provider: MeterProvider): void {
    this.#explicitMeterProvider = provider === metrics.getMeterProvider() ? undefined : provider;
  }
}

let shared: Recorder | undefined;

/** The recorder of `wrapClient`, `instrumentModule` and `recordCost` where no instrumentation was registered. */
export function sharedRecorder(): Recorder {
  return (shared ??= new Recorder());
}

/** Makes the recorder of a registered instrumentation the shared one, so that its configuration holds everywhere. */
export function setSharedRecorder(recorder: Recorder): void {
  shared = recorder;
}
