import { describe, expect, it } from 'vitest';
import { forgetResources, reachResources } from '../../src/patching/reach-resource.js';

class Conversations {
  start(): string {
    return 'started';
  }
}

class Beta {
  #conversations: Conversations | undefined;
  get conversations(): Conversations {
    return (this.#conversations ??= new Conversations());
  }
}

class Models {
  list(): readonly string[] {
    return [];
  }
}

/** A client as generators make them: one resource set in the constructor, one made when it is asked for. */
function clientClass() {
  class Client {
    models: Models;
    #beta: Beta | undefined;

    constructor() {
      this.models = new Models();
    }

    get beta(): Beta {
      return (this.#beta ??= new Beta());
    }
  }
  // What compilers that keep to assignments make of a field; the class above defines it.
  class Assigning extends Client {}
  return { Client, Assigning };
}

/** As TypeScript compiles a constructor's assignment without fields. */
function assigningClient(): { new (): { models: Models }; prototype: object } {
  const Client = function (this: { models: Models }) {
    this.models = new Models();
  };
  return Client as unknown as { new (): { models: Models }; prototype: object };
}

describe('reachResources', () => {
  it('finds a resource behind getters when it is first used, and leaves the getters as they were', () => {
    const { Client } = clientClass();
    const before = Object.getOwnPropertyDescriptor(Client.prototype, 'beta');
    const found: object[] = [];
    reachResources(Client.prototype, [
      { path: ['beta', 'conversations'], onPrototype: (prototype) => found.push(prototype) },
      { path: ['beta'], onPrototype: (prototype) => found.push(prototype) },
    ]);
    const client = new Client();
    expect(found).toEqual([]);
    expect(client.beta.conversations.start()).toBe('started');
    expect(found).toEqual([Beta.prototype, Conversations.prototype]);
    expect(Object.getOwnPropertyDescriptor(Client.prototype, 'beta')).toEqual(before);
    expect(new Client().beta.conversations.start()).toBe('started');
    expect(found).toHaveLength(2);
  });

  it('finds a resource that a constructor sets, which stays a plain property', () => {
    const Client = assigningClient();
    const found: object[] = [];
    reachResources(Client.prototype, [{ path: ['models'], onPrototype: (prototype) => found.push(prototype) }]);
    const client = new Client();
    expect(found).toEqual([Models.prototype]);
    expect(Object.getOwnPropertyDescriptor(client, 'models')).toEqual({
      value: client.models,
      writable: true,
      configurable: true,
      enumerable: true,
    });
    expect(Object.hasOwn(Client.prototype, 'models')).toBe(false);
  });

  it('hands over the start itself where the path is empty', () => {
    const { Assigning } = clientClass();
    const found: object[] = [];
    reachResources(Assigning.prototype, [{ path: [], onPrototype: (prototype) => found.push(prototype) }]);
    expect(found).toEqual([Assigning.prototype]);
  });

  it('never hands over the prototype of all objects', () => {
    class Client {
      get plain(): object {
        return {};
      }
    }
    const found: object[] = [];
    reachResources(Client.prototype, [{ path: ['plain'], onPrototype: (prototype) => found.push(prototype) }]);
    expect(new Client().plain).toEqual({});
    expect(found).toEqual([]);
  });

  it('can be forgotten before anything was found', () => {
    const { Client } = clientClass();
    const before = Object.getOwnPropertyDescriptor(Client.prototype, 'beta');
    const found: object[] = [];
    reachResources(Client.prototype, [{ path: ['beta'], onPrototype: (prototype) => found.push(prototype) }]);
    forgetResources(Client.prototype);
    expect(Object.getOwnPropertyDescriptor(Client.prototype, 'beta')).toEqual(before);
    expect(new Client().beta).toBeInstanceOf(Beta);
    expect(found).toEqual([]);
  });
});
