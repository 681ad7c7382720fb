export {
  CostSpanProcessor,
  instrumentModule,
  llmInstrumentations,
  recordCost,
  withCostAttribution,
  wrapClient,
  type AttributionLabel,
  type CostAttribution,
  type CostelInstrumentationConfig,
  type RecordedCost,
} from '@costel/instrumentation';
export type { CostelHandle, RegisterConfig } from './options.js';
export { register } from './register.js';
