/** The object in a prototype chain that has the method itself; undefined when there is none to be replaced. */
export function ownerOf(object: object, method: string): object | undefined {
  let at: unknown = object;
  while (typeof at === 'object' && at !== null && at !== Object.prototype) {
    const own = Object.getOwnPropertyDescriptor(at, method);
    if (own !== undefined) return typeof own.value === 'function' && own.configurable === true ? at : undefined;
    at = Object.getPrototypeOf(at);
  }
  return undefined;
}
