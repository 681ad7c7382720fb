export { withCostAttribution } from './attribution/with-cost-attribution.js';
export type { CostAttribution } from './attribution/cost-attribution.js';
export { finishOpenCalls } from './calls/open-calls.js';
export type { AttributionLabel, CostelInstrumentationConfig } from './config.js';
export { instrumentModule, wrapClient } from './instrument-module.js';
export { llmInstrumentations } from './llm-instrumentation.js';
export { CostSpanProcessor, type ObservedSpan } from './processor/cost-span-processor.js';
export { recordCost, type RecordedCost } from './record-cost.js';
export { CostelMetricProducer, type MetricProducerOptions } from './telemetry/costel-metric-producer.js';
