import type { Readable } from 'node:stream';

/** A body in memory of its own, or why it could not be read. */
export type ReadBody =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' | 'queue_full' | 'aborted_by_client' };

/** A body that is about to be read. */
export interface IncomingBody {
  /** `aborted` is true once the sender has gone; a stream of HTTP/2 ends then as if it were whole. */
  readonly stream: Readable & { readonly aborted?: boolean };
  /** What the sender says it has, in bytes; 0 where it does not say. */
  readonly declaredBytes: number;
}

/** Counts bytes that are held; `take` says no, and takes nothing, where there is no room. */
export interface ByteBudget {
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/**
 * Reads a body of at most `maxBytes`, taking its bytes from `budget` as they arrive. What was taken is given back unless
 * the body could be read; then the caller gives it back. A body that is not read to its end is left to the caller.
 */
export function readBody(
  { stream: request, declaredBytes }: IncomingBody,
  maxBytes: number,
  budget: ByteBudget,
): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const settle = (outcome: ReadBody): void => {
      request.off('data', onData).off('end', onEnd).off('error', onAbort).off('close', onAbort);
      // What a request that is given up still says must not go unhandled.
      request.on('error', () => undefined);
      if (outcome.kind !== 'read') budget.give(length);
      resolve(outcome);
    };
    const onData = (chunk: Buffer): void => {
      if (length + chunk.length > maxBytes) return settle({ kind: 'too_large' });
      if (!budget.take(chunk.length)) return settle({ kind: 'queue_full' });
      length += chunk.length;
      chunks.push(chunk);
      return undefined;
    };
    const onEnd = (): void => {
      if (request.aborted === true) settle({ kind: 'aborted_by_client' });
      else settle({ kind: 'read', bytes: join(chunks, length) });
    };
    const onAbort = (): void => settle({ kind: 'aborted_by_client' });
    if (declaredBytes > maxBytes) settle({ kind: 'too_large' });
    else request.on('data', onData).on('end', onEnd).on('error', onAbort).on('close', onAbort);
  });
}

/** Joins chunks in memory of its own, which can then be given to another thread. */
function join(chunks: readonly Buffer[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return bytes;
}
