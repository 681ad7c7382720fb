import type { AnyFunction } from '../calls/sdk-shapes.js';
import { isApiPromise } from '../calls/sdk-shapes.js';
import { asRecord, type MethodDefinition } from '../sdks/sdk-definition.js';
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
 * Lets a call fail as the SDK's own calls do, without a request. The generated SDKs build their promise around
 * `makeRequest`, so the method itself runs on a client whose `makeRequest` rejects: `withResponse`, `asResponse`, `parse`
 * and the stream helpers are the SDK's own and see the error as they see any. The other SDKs' methods are async
 * functions, whose failing is a rejected promise and nothing else.
 */
export function refuse(refused: RefusedCall): unknown {
  const { method, error } = refused;
  const promise = method.listen === undefined ? guarded('guard', () => refuseByRequest(refused)) : undefined;
  return promise ?? Promise.reject(error);
}

function refuseByRequest({ original, self, args, error }: RefusedCall): unknown {
  const resource = asRecord(self);
  const client = asRecord(resource?.['_client']);
  if (resource === undefined || client === undefined || typeof client['makeRequest'] !== 'function') return undefined;
  const refusing: unknown = Object.create(client, {
    makeRequest: { value: () => Promise.reject(error), enumerable: false },
  });
  const stand: unknown = Object.create(resource, { _client: { value: refusing, enumerable: false } });
  const result = Reflect.apply(original, stand, args);
  return isApiPromise(result) ? result : undefined;
}
