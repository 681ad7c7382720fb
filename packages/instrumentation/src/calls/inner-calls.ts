import { createContextKey, type Context } from '@opentelemetry/api';

/**
 * The call of a framework's model, in the context of what it does. A framework may use an SDK that is patched too; then
 * the innermost call is the one that is billed, and the framework's must leave no second one.
 */
const FRAMEWORK_CALL = createContextKey('costel.framework_call');

/** What a framework's call is told. */
export interface FrameworkCall {
  /** A call that is reported by itself began inside this one. */
  onInnerCall(): void;
}

/** The context of what a framework's call does. */
export function enterFrameworkCall(context: Context, call: FrameworkCall): Context {
  return context.setValue(FRAMEWORK_CALL, call);
}

/** The framework's call that this context is inside of. */
export function frameworkCallOf(context: Context): FrameworkCall | undefined {
  return context.getValue(FRAMEWORK_CALL) as FrameworkCall | undefined;
}
