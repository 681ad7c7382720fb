import type { IncomingMessage } from 'node:http';
import { tooLarge } from './body-decoder.js';
import type { BodyDecoder } from './body-decoder.js';
import { InterfaceError } from './interface-error.js';

/** Bounds of one body. */
export interface BodyLimits {
  /** As it arrives. */
  readonly maxBodyBytes: number;
  /** After every decompression. */
  readonly maxUnpackedBytes: number;
}

/**
 * Reads a body whole, undoes `Content-Encoding` and the block framing of `decompress=1`.
 * @throws InterfaceError 307 (HTTP 413) beyond the bounds, 271 for corrupt content, 89 for an unknown encoding.
 */
export async function readBody(
  request: IncomingMessage,
  isFramed: boolean,
  { decoder, limits }: { readonly decoder: BodyDecoder; readonly limits: BodyLimits },
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
  const chunks: Buffer[] = [];
  let total = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new InterfaceError(1001, 'STD_EXCEPTION', 'the body is not a stream of bytes');
    total += chunk.length;
    if (total > limits.maxBodyBytes) throw tooLarge(limits.maxBodyBytes);
    chunks.push(chunk);
  }
  const decoded = await decoder.decode(
    Buffer.concat(chunks),
    request.headers['content-encoding'],
    limits.maxUnpackedBytes,
  );
  return isFramed ? decoder.unframe(decoded, limits.maxUnpackedBytes) : decoded;
}
