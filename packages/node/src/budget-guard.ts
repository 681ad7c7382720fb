import { budgetGuard as guardWith, type BudgetGuard, type BudgetGuardConfig } from '@costel/instrumentation';
import { registeredIdentity } from './register.js';

/**
 * `budgetGuard` of `@costel/instrumentation`, which knows the service and environment that `register` was given, so that
 * budgets about them hold.
 * @throws RangeError, TypeError for a configuration that cannot guard.
 */
export function budgetGuard(config: BudgetGuardConfig = {}): BudgetGuard {
  return guardWith({ ...registeredIdentity(), ...config });
}
