import type { Random } from '../support/random.js';
import { HOSTILE_INTEGERS, HOSTILE_TEXTS } from './mutate-fields.js';

type Container = Record<string, unknown> | unknown[];

const HOSTILE_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  -1e308,
  '',
  [],
  {},
  [[]],
  [null],
  { stringValue: 1 },
  { intValue: 1.5 },
  { intValue: 'many' },
  { doubleValue: 'NaN' },
  { arrayValue: null },
  { kvlistValue: { values: 'no' } },
  { bytesValue: '***' },
  { stringValue: 'a', intValue: '1' },
];

/** An own property, whatever its name: `__proto__` too. */
const OPEN = { enumerable: true, writable: true, configurable: true } as const;

/** Changes one to four places of a JSON value, at any depth, and gives the changed copy. */
export function mutateJson(value: object, random: Random): unknown {
  const copy = JSON.parse(JSON.stringify(value)) as Container;
  for (let change = random.between(1, 4); change > 0; change -= 1) {
    const container = random.pick(containersOf(copy));
    mutateContainer(container, random);
  }
  return copy;
}

function mutateContainer(container: Container, random: Random): void {
  if (Array.isArray(container)) mutateList(container, random);
  else mutateObject(container, random);
}

function mutateList(list: unknown[], random: Random): void {
  const index = random.below(list.length + 1);
  const kind = random.below(4);
  if (kind === 0) list.splice(index, 1);
  else if (kind === 1) list.push(copyOf(list[index]), copyOf(list[index]));
  else if (kind === 2) list[index] = hostileValue(random);
  else list.splice(index, 0, hostileValue(random));
}

/** Own properties only: `__proto__` and `constructor` are names like any other here, and no way out of the value. */
function mutateObject(container: Record<string, unknown>, random: Random): void {
  const key = random.pick([...Object.keys(container), 'unknown', '__proto__', 'constructor', '']);
  const own = Object.hasOwn(container, key) ? Object.getOwnPropertyDescriptor(container, key)?.value : undefined;
  const kind = random.below(5);
  if (kind === 0) Reflect.deleteProperty(container, key);
  else if (kind === 1)
    Object.defineProperty(container, random.pick(HOSTILE_TEXTS).slice(0, 200), { ...OPEN, value: copyOf(own) });
  else Object.defineProperty(container, key, { ...OPEN, value: hostileValue(random) });
}

const copyOf = (value: unknown): unknown =>
  value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

function hostileValue(random: Random): unknown {
  const kind = random.below(4);
  if (kind === 0) return random.pick(HOSTILE_TEXTS);
  if (kind === 1) return String(random.pick(HOSTILE_INTEGERS));
  if (kind === 2) return nested(random.pick([3, 34, 100, 400]), random);
  // A copy: what is put in is changed by later mutations.
  return structuredClone(random.pick(HOSTILE_VALUES));
}

function nested(depth: number, random: Random): unknown {
  let value: unknown = { stringValue: 'bottom' };
  const isList = random.chance(0.5);
  for (let level = 0; level < depth; level += 1)
    value = isList ? { arrayValue: { values: [value] } } : { kvlistValue: { values: [{ key: 'k', value }] } };
  return value;
}

/** Every object and array in a value that can be changed in place. */
function containersOf(value: Container): Container[] {
  const found: Container[] = [];
  const waiting: unknown[] = [value];
  while (waiting.length > 0 && found.length < 500) {
    const next = waiting.pop();
    if (typeof next !== 'object' || next === null) continue;
    found.push(next as Container);
    waiting.push(...(Object.values(next) as unknown[]));
  }
  return found;
}
