import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { unframeBlocks, unzstd } from './block-framing.js';
import { InterfaceError } from './interface-error.js';

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);
const brotliAsync = promisify(brotliDecompress);

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
export async function readBody(request: IncomingMessage, isFramed: boolean, limits: BodyLimits): Promise<Buffer> {
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
  const decoded = await decodeContent(
    Buffer.concat(chunks),
    request.headers['content-encoding'],
    limits.maxUnpackedBytes,
  );
  return isFramed ? unframeBlocks(decoded, limits.maxUnpackedBytes) : decoded;
}

async function decodeContent(body: Buffer, encoding: string | undefined, maxOutputLength: number): Promise<Buffer> {
  if (body.length === 0) return body;
  try {
    switch (encoding ?? 'identity') {
      case 'identity':
        return body;
      case 'gzip':
        return await gunzipAsync(body, { maxOutputLength });
      case 'deflate':
        return await inflateAsync(body, { maxOutputLength });
      case 'br':
        return await brotliAsync(body, { maxOutputLength });
      case 'zstd':
        return unzstd(body, maxOutputLength);
      default:
        break;
    }
  } catch (error) {
    if (error instanceof InterfaceError) throw error;
    if (error instanceof RangeError) throw tooLarge(maxOutputLength);
    throw new InterfaceError(
      271,
      'CANNOT_DECOMPRESS',
      `the body is no ${encoding}: ${error instanceof Error ? error.message : String(error)}`,
      400,
    );
  }
  throw new InterfaceError(
    89,
    'UNKNOWN_COMPRESSION_METHOD',
    `Content-Encoding ${JSON.stringify(encoding)} is not supported: use gzip, deflate, br or zstd`,
    415,
  );
}

function tooLarge(limit: number): InterfaceError {
  return new InterfaceError(307, 'TOO_MANY_BYTES', `the body is larger than ${limit} bytes: send it in parts`, 413);
}
