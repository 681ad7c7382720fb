import { originalOf } from '../patching/replace-method.js';
import { asRecord } from '../sdks/read-unknown.js';
import type { ReplacedSelf } from '../sdks/sdk-definition.js';
import type { AnyFunction } from '../calls/sdk-shapes.js';

/** Fields by which models of frameworks know their name. */
const NAME_FIELDS = ['modelId', 'model', 'modelName'] as const;

/** An object of the same class and fields, with another name where it has the old one. */
function renamed(model: object, from: string, to: string): object {
  const copy = Object.create(Object.getPrototypeOf(model) as object, Object.getOwnPropertyDescriptors(model)) as object;
  for (const field of NAME_FIELDS) {
    const own = Object.getOwnPropertyDescriptor(copy, field);
    if (own?.value === from) Object.defineProperty(copy, field, { ...own, value: to });
  }
  return copy;
}

/** LangChain's models of OpenAI hand the work to objects of their own, which know the name too. */
function renamedWithin(model: object, from: string, to: string): object {
  const copy = renamed(model, from, to);
  for (const [name, own] of Object.entries(Object.getOwnPropertyDescriptors(copy))) {
    const inner: unknown = own.value;
    const fields = asRecord(inner);
    if (inner === model || fields === undefined || !NAME_FIELDS.some((field) => fields[field] === from)) continue;
    if (Object.hasOwn(own, 'value')) Object.defineProperty(copy, name, { ...own, value: renamed(fields, from, to) });
  }
  return copy;
}

/**
 * The model that takes a framework's call over: one that the application made, or the same with another name.
 * @param current The model's name as requests have it; @param wanted what the application put in its place.
 * @returns undefined where it is neither, or lacks the method: the call cannot be made in another way then.
 */
export function replaceModel(
  model: unknown,
  method: string,
  current: string,
  wanted: unknown,
): ReplacedSelf | undefined {
  const instead = typeof wanted === 'string' ? otherName(model, current, wanted) : wanted;
  if (typeof instead !== 'object' || instead === null) return undefined;
  const run: unknown = Reflect.get(instead, method);
  if (typeof run !== 'function') return undefined;
  return { self: instead, original: originalOf(run) ?? (run as AnyFunction) };
}

function otherName(model: unknown, current: string, wanted: string): object | undefined {
  if (typeof model !== 'object' || model === null || wanted === '' || current === '') return undefined;
  const fields = asRecord(model);
  // A gateway's model has its maker before its name.
  const known = NAME_FIELDS.map((field) => fields?.[field]).find(
    (name) => typeof name === 'string' && (name === current || name.endsWith(`/${current}`)),
  );
  return typeof known === 'string' ? renamedWithin(model, known, wanted) : undefined;
}
