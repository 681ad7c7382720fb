import { guarded } from '../telemetry/trouble.js';

/** True for whatever has properties. */
export function isObjectLike(value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Follows property names, e.g. from the client class to `Chat.Completions`. */
export function follow(from: unknown, path: readonly string[]): unknown {
  let current = from;
  for (const name of path) {
    if (!isObjectLike(current)) return undefined;
    current = current[name];
  }
  return current;
}

/** Undoes what was done to reach resources, by the prototype that it starts from. */
const undoing = new WeakMap<object, (() => void)[]>();

/** A resource by its path from a client, e.g. `['beta', 'conversations']`, and what to do with its prototype. */
export interface ResourceToReach {
  readonly path: readonly string[];
  readonly onPrototype: (resourcePrototype: object) => void;
}

/**
 * Hands over the prototypes of resources that no export leads to: they are known as soon as some client has made one.
 * Until then the getter that makes it is listened to, or the assignment in the client's constructor.
 * @param prototype Where the paths start, e.g. the client class's prototype.
 */
export function reachResources(prototype: object, resources: readonly ResourceToReach[]): void {
  const below = new Map<string, ResourceToReach[]>();
  for (const { path, onPrototype } of resources) {
    const [name, ...rest] = path;
    if (name === undefined) onPrototype(prototype);
    else below.set(name, [...(below.get(name) ?? []), { path: rest, onPrototype }]);
  }
  for (const [name, inner] of below) {
    onProperty(prototype, name, (value) => {
      const next: unknown = Object.getPrototypeOf(value);
      // A resource without a class of its own has nothing to patch that others do not share.
      if (isObjectLike(next) && next !== Object.prototype) reachResources(next, inner);
    });
  }
}

/** Takes back everything that still waits for a resource, and what was done to those that came. */
export function forgetResources(prototype: object): void {
  for (const undo of undoing.get(prototype) ?? []) guarded('patch', undo);
  undoing.delete(prototype);
}

/** Notes how to undo something that hangs on a prototype. */
export function undoWith(prototype: object, undo: () => void): void {
  const all = undoing.get(prototype) ?? [];
  all.push(undo);
  undoing.set(prototype, all);
}

function descriptorOf(prototype: object, name: string): PropertyDescriptor | undefined {
  for (let at: unknown = prototype; isObjectLike(at); at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Runs `onValue` once with the first object that a getter gives, or that a constructor puts there. */
function onProperty(prototype: object, name: string, onValue: (value: object) => void): void {
  const own = Object.getOwnPropertyDescriptor(prototype, name);
  const found = own ?? descriptorOf(prototype, name);
  let isDone = false;
  const putBack = (): void => {
    if (isDone) return;
    isDone = true;
    if (own === undefined) Reflect.deleteProperty(prototype, name);
    else Object.defineProperty(prototype, name, own);
  };
  const onFirst = (value: unknown): void => {
    if (isDone || !isObjectLike(value)) return;
    guarded('patch', () => {
      putBack();
      onValue(value);
    });
  };
  Object.defineProperty(prototype, name, found?.get === undefined ? assigned(name, onFirst) : given(found, onFirst));
  undoWith(prototype, putBack);
}

function given(getter: PropertyDescriptor, onFirst: (value: unknown) => void): PropertyDescriptor {
  return {
    ...getter,
    get(this: unknown) {
      const value: unknown = getter.get?.call(this);
      onFirst(value);
      return value;
    },
    configurable: true,
  };
}

/** An assignment in a constructor finds this setter in its prototype and leaves a plain property, as it would have. */
function assigned(name: string, onFirst: (value: unknown) => void): PropertyDescriptor {
  return {
    get: () => undefined,
    set(this: object, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
      onFirst(value);
    },
    configurable: true,
    enumerable: false,
  };
}
