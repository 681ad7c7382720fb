import { budgetGuard as guardWith, type BudgetGuard, type BudgetGuardConfig } from '@costel/instrumentation';
import { getStringFromEnv } from '@opentelemetry/core';
import { registeredIdentity } from './register.js';

/**
 * `budgetGuard` of `@costel/instrumentation`, which knows the service and environment that `register` was given, so that
 * budgets about them hold, and which says on stderr that it holds nothing to them while the aggregator does not answer,
 * unless `OTEL_LOG_LEVEL` says what is logged.
 * @throws RangeError, TypeError for a configuration that cannot guard.
 */
export function budgetGuard(config: BudgetGuardConfig = {}): BudgetGuard {
  const isHeard = getStringFromEnv('OTEL_LOG_LEVEL') !== undefined;
  const onOutage = (message: string): void => console.warn(`costel: ${message}`);
  return guardWith({ ...registeredIdentity(), ...(isHeard ? {} : { onOutage }), ...config });
}
