import type { IncomingMessage } from 'node:http';

/** A body in memory of its own, or why it could not be read. */
export type ReadBody =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too_large' | 'queue_full' | 'aborted_by_client' };

/** Counts bytes that are held; `take` says no, and takes nothing, where there is no room. */
export interface ByteBudget {
  take(bytes: number): boolean;
  give(bytes: number): void;
}

/**
 * Reads a body of at most `maxBytes`, taking its bytes from `budget` as they arrive. What was taken is given back unless
 * the body could be read; then the caller gives it back.
 */
export async function readBody(request: IncomingMessage, maxBytes: number, budget: ByteBudget): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let length = 0;
  const fail = (kind: Exclude<ReadBody['kind'], 'read'>): ReadBody => {
    budget.give(length);
    return { kind };
  };
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return fail('too_large');
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (length + chunk.length > maxBytes) return fail('too_large');
      if (!budget.take(chunk.length)) return fail('queue_full');
      length += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    return fail('aborted_by_client');
  }
  if (!request.complete) return fail('aborted_by_client');
  const bytes = new Uint8Array(length);
  let position = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, position);
    position += chunk.length;
  }
  return { kind: 'read', bytes };
}
