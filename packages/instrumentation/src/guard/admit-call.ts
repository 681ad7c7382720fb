import {
  ATTR_COSTEL_FALLBACK_MODEL,
  ATTR_COSTEL_FALLBACK_REASON,
  ATTR_COSTEL_GUARD_BUDGET,
  ATTR_COSTEL_GUARD_DECISION,
} from '@costel/semconv';
import { asRecord, asText } from '../sdks/read-unknown.js';
import { operationOf, type MethodDefinition, type ReplacedSelf, type RequestFacts } from '../sdks/sdk-definition.js';
import { activeGuard, type CallGuard, type RequestWays, type Reservation } from './active-guard.js';
import type { BudgetExceededError } from './budget-exceeded-error.js';

/** A call on its way to the guard. */
export interface CallToAdmit {
  readonly method: MethodDefinition;
  /** What the method was called on. */
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly facts: RequestFacts;
  readonly provider: string;
  readonly attribution: Readonly<Record<string, string>>;
}

/** What is left of a call once the guard has spoken; all absent where it goes ahead as it is and nothing guards it. */
export interface AdmittedCall {
  readonly reservation?: Reservation;
  /** The call is not to be made. */
  readonly refusal?: BudgetExceededError;
  /** The request that takes the place of the application's, with the method's arguments or the model that answers. */
  readonly instead?: {
    readonly body: Readonly<Record<string, unknown>>;
    readonly args: readonly unknown[];
    readonly replaced?: ReplacedSelf;
  };
  /** What the span says about it. */
  readonly marks?: Readonly<Record<string, string>>;
}

const UNGUARDED: AdmittedCall = {};

/** Asks the guard of this process, where there is one. */
export function admitCall(call: CallToAdmit): AdmittedCall {
  const guard = activeGuard();
  return guard === undefined || call.method.isFree === true ? UNGUARDED : askGuard(guard, call);
}

function askGuard(guard: CallGuard, call: CallToAdmit): AdmittedCall {
  const { method, self, args, body, facts, provider, attribution } = call;
  const { model } = facts;
  const operation = operationOf(call);
  const admission = guard.admit(
    { provider, model, operation, attribution, request: body },
    { readText: method.readText, modelInstead: modelInstead(call) },
  );
  if (admission === undefined) return UNGUARDED;
  if (admission.kind === 'allowed') return { reservation: admission.reservation };
  if (admission.kind === 'refused') {
    const { error } = admission;
    return {
      refusal: error,
      marks: { [ATTR_COSTEL_GUARD_DECISION]: 'refused', [ATTR_COSTEL_GUARD_BUDGET]: error.budget },
    };
  }
  const { reservation, request, budget } = admission;
  const replaced = method.replaceSelf?.(self, request, body);
  return {
    reservation,
    instead:
      replaced === undefined
        ? { body: request, args: withBody(method, args, body, request) }
        : { body: asRecord(method.readBody?.(args, replaced.self)) ?? body, args, replaced },
    marks: {
      [ATTR_COSTEL_GUARD_DECISION]: 'downgraded',
      [ATTR_COSTEL_GUARD_BUDGET]: budget,
      [ATTR_COSTEL_FALLBACK_MODEL]: model,
      [ATTR_COSTEL_FALLBACK_REASON]: 'budget',
    },
  };
}

/** Which model answers another request; undefined where none can, as where a method hides its request from us. */
function modelInstead({ method, self, args, body }: CallToAdmit): RequestWays['modelInstead'] {
  const { replaceSelf } = method;
  if (replaceSelf !== undefined) {
    return (request) => {
      const replaced = replaceSelf(self, request, body);
      return replaced && asText(asRecord(method.readBody?.(args, replaced.self))?.['model']);
    };
  }
  const canReplace = method.isFramework !== true && (method.replaceBody !== undefined || args.includes(body));
  return canReplace ? undefined : () => undefined;
}

/** The arguments with another request in the place of the one they hold. */
function withBody(
  method: MethodDefinition,
  args: readonly unknown[],
  body: unknown,
  request: Readonly<Record<string, unknown>>,
): readonly unknown[] {
  if (method.replaceBody !== undefined) return method.replaceBody(args, request);
  return args.map((argument) => (argument === body ? request : argument));
}
