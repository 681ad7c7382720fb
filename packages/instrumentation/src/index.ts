export { withCostAttribution } from './attribution/with-cost-attribution.js';
export type { CostAttribution } from './attribution/cost-attribution.js';
export { finishOpenCalls } from './calls/open-calls.js';
export type { AttributionLabel, CostelInstrumentationConfig } from './config.js';
export { instrumentModule, wrapClient } from './instrument-module.js';
export { llmInstrumentations } from './llm-instrumentation.js';
