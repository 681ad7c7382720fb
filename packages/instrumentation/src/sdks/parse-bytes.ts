const decoder = new TextDecoder();

/** The value of JSON in whatever form an SDK takes or gives bytes; undefined for anything else. */
export function parseBytes(bytes: unknown): unknown {
  if (typeof bytes === 'string') return JSON.parse(bytes);
  if (bytes instanceof Uint8Array) return JSON.parse(decoder.decode(bytes));
  return undefined;
}
