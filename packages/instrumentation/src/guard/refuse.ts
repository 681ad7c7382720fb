import type { AnyFunction } from '../calls/sdk-shapes.js';
import { isApiPromise } from '../calls/sdk-shapes.js';
import { asRecord } from '../sdks/read-unknown.js';
import type { MethodDefinition } from '../sdks/sdk-definition.js';
import { guarded } from '../telemetry/trouble.js';
import type { BudgetExceededError } from './budget-exceeded-error.js';

/** A refused call, in the place of the one that would have been made. */
export interface RefusedCall {
  readonly original: AnyFunction;
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly method: MethodDefinition;
  readonly error: BudgetExceededError;
}

/**
 * Lets a call fail as the SDK's own calls do, without a request. The generated SDKs build their promise in `request`,
 * which awaits the request's options first; so the method itself runs, on a client that asks for a request whose options
 * reject: `withResponse`, `asResponse`, `parse` and the stream helpers are the SDK's own and see the error as they see
 * any. The other SDKs' methods are async functions, whose failing is a rejected promise and nothing else.
 */
export function refuse(refused: RefusedCall): unknown {
  const { method, error } = refused;
  if (method.refuse !== undefined) return method.refuse(error);
  const promise = method.listen === undefined ? guarded('guard', () => refuseByRequest(refused)) : undefined;
  return promise ?? Promise.reject(error);
}

function refuseByRequest({ original, self, args, error }: RefusedCall): unknown {
  const resource = asRecord(self);
  const client = asRecord(resource?.['_client']);
  const request = client?.['request'];
  if (resource === undefined || client === undefined || typeof request !== 'function') return undefined;
  const refusing: unknown = Object.create(client, {
    // The request itself is the real client's: others cannot read its private fields.
    methodRequest: { value: () => Reflect.apply(request, client, [Promise.reject(error)]) as unknown },
    // A span of the SDK's own would end with the request that is never made.
    _tracer: { value: undefined },
  });
  const result = Reflect.apply(original, Object.create(resource, { _client: { value: refusing } }), args);
  return isApiPromise(result) ? result : undefined;
}
