import { describe, expect, it } from 'vitest';
import { originalOf, replaceMethod, restoreMethod } from '../../src/patching/replace-method.js';
import type { AnyFunction } from '../../src/calls/sdk-shapes.js';

class Base {
  ask(question: string): string {
    return `answer to ${question}`;
  }
}

class Derived extends Base {}

const shouting = (original: AnyFunction): AnyFunction =>
  function (...args) {
    return `${String(Reflect.apply(original, this, args))}!`;
  };

describe('replaceMethod', () => {
  it('makes the method look as it did', () => {
    const before = Object.getOwnPropertyDescriptor(Base.prototype, 'ask');
    expect(replaceMethod(Base.prototype, 'ask', shouting)).toBe(true);
    const after = Object.getOwnPropertyDescriptor(Base.prototype, 'ask');
    expect(new Base().ask('x')).toBe('answer to x!');
    expect({ ...after, value: undefined }).toEqual({ ...before, value: undefined });
    const patched: unknown = after?.value;
    expect([Reflect.get(patched as object, 'name'), Reflect.get(patched as object, 'length')]).toEqual(['ask', 1]);
    restoreMethod(Base.prototype, 'ask');
    expect(Object.getOwnPropertyDescriptor(Base.prototype, 'ask')).toEqual(before);
  });

  it('patches once, also what is inherited from something patched', () => {
    replaceMethod(Base.prototype, 'ask', shouting);
    expect(replaceMethod(Base.prototype, 'ask', shouting)).toBe(true);
    expect(replaceMethod(Derived.prototype, 'ask', shouting)).toBe(true);
    expect(new Derived().ask('x')).toBe('answer to x!');
    restoreMethod(Base.prototype, 'ask');
    expect(originalOf(Reflect.get(Base.prototype, 'ask'))).toBeUndefined();
  });

  it('gives an inherited method back by taking its own away', () => {
    replaceMethod(Derived.prototype, 'ask', shouting);
    expect([new Derived().ask('x'), new Base().ask('x')]).toEqual(['answer to x!', 'answer to x']);
    restoreMethod(Derived.prototype, 'ask');
    expect(Object.getOwnPropertyNames(Derived.prototype)).toEqual(['constructor']);
  });

  it('leaves alone what is no method, and what was not patched', () => {
    const owner = { count: 1, ask: () => 'own' };
    expect(replaceMethod(owner, 'count', shouting)).toBe(false);
    expect(replaceMethod(owner, 'missing', shouting)).toBe(false);
    restoreMethod(owner, 'ask');
    expect(owner.ask()).toBe('own');
  });
});
