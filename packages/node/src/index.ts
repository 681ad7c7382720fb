export {
  BudgetExceededError,
  CostSpanProcessor,
  instrumentModule,
  llmInstrumentations,
  overshootBoundUsd,
  recordCost,
  withCostAttribution,
  wrapClient,
  type AttributionLabel,
  type BudgetExceededCode,
  type BudgetGuard,
  type BudgetGuardConfig,
  type BudgetStanding,
  type ContentCapture,
  type CostAttribution,
  type CostelInstrumentationConfig,
  type Downgrade,
  type Fallback,
  type GuardedCall,
  type OvershootInputs,
  type RecordedCost,
  type WhenUnknown,
} from '@costel/instrumentation';
export { budgetGuard } from './budget-guard.js';
export type { CostelHandle, RegisterConfig } from './options.js';
export { register } from './register.js';
