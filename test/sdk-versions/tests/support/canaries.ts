/** What must never leave the process: each is handed over as content or as a secret somewhere. */
export const PROMPT = 'canary-prompt-7c1f';
export const SYSTEM = 'canary-system-90ab';
export const ANSWER = 'canary-answer-55d2';
export const TOOL = 'canary-tool-3e3e';
export const KEY = 'sk-canary-key-1a2b';
export const CANARIES: readonly string[] = [PROMPT, SYSTEM, ANSWER, TOOL, KEY];

/** What an error may say that quotes everything, in the shape of a stack too. */
export const QUOTING = `cannot answer ${PROMPT} of ${SYSTEM}: ${ANSWER}\n    at ${PROMPT} (${TOOL}, ${KEY})`;

/** An error of somebody else's that quotes everything wherever it can. */
export class QuotingError extends Error {
  readonly code = QUOTING;
  readonly error = { message: QUOTING };

  constructor() {
    super(QUOTING, { cause: new Error(QUOTING) });
    this.name = PROMPT;
  }
}

/** Any class, object or method of any SDK: they are not installed where types are checked. */
export type Loose = ((...args: unknown[]) => Promise<unknown>) & (new (...args: unknown[]) => object);

/** What is found along a path; the methods keep their object. */
export function at(from: unknown, ...path: readonly string[]): Loose {
  let owner: unknown;
  let found: unknown = from;
  for (const name of path) [owner, found] = [found, Reflect.get(Object(found), name)];
  if (typeof found !== 'function') throw new Error(`no ${path.join('.')}`);
  const isClass = /^[A-Z]|^default$/.test(path.at(-1) ?? '');
  return (isClass ? found : found.bind(owner)) as Loose;
}

/** Runs something; errors are part of the exercise. */
export async function quietly(run: () => unknown): Promise<void> {
  try {
    await run();
  } catch {
    // What it was is for others to see.
  }
}

/** Reads a stream to its end. */
export async function drain(stream: unknown): Promise<void> {
  for await (const _ of stream as AsyncIterable<unknown>);
}

/** Everything that is printed while it is kept. */
export class Printed {
  readonly text: string[] = [];
  readonly #streams = [process.stdout, process.stderr];
  readonly #writes = this.#streams.map((stream) => stream.write.bind(stream));

  constructor() {
    for (const stream of this.#streams) {
      stream.write = (chunk: string | Uint8Array) => {
        this.text.push(String(chunk));
        return true;
      };
    }
  }

  stop(): void {
    for (const [index, stream] of this.#streams.entries()) {
      const write = this.#writes[index];
      if (write !== undefined) stream.write = write;
    }
  }
}
