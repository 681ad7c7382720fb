import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import type { EmbeddedDatabase } from '../engine/embedded-database.js';
import { encodeSqlLiteral } from '../engine/literals.js';
import { StoreError } from '../engine/store-error.js';
import { hasOnlyZstdBlocks, joinZstdBlocks } from './block-framing.js';
import { BlockUnframer } from './block-unframer.js';
import { InterfaceError } from './interface-error.js';

const gunzipAsync = promisify(gunzip);
const inflateAsync = promisify(inflate);
const brotliAsync = promisify(brotliDecompress);

/** What the engine may use of memory to unpack a body, as a multiple of what it may unpack to: it grows by doubling. */
const MEMORY_PER_UNPACKED_BYTE = 4;

/**
 * Unpacks bodies off the event loop: gzip, deflate and br in libuv's threads, lz4 and zstd in the engine (Node has no lz4,
 * and zstd from 22.15 on only), ClickHouse's own blocks in a worker thread.
 */
export class BodyDecoder {
  readonly #database: EmbeddedDatabase;
  readonly #unframer = new BlockUnframer();

  constructor(database: EmbeddedDatabase) {
    this.#database = database;
  }

  /**
   * Undoes `Content-Encoding`.
   * @throws InterfaceError 307 (HTTP 413) beyond `maxBytes`, 271 for corrupt content, 89 for an unknown encoding.
   */
  async decode(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
    if (body.length === 0) return body;
    const unpack = this.#unpackerOf(encoding?.trim().toLowerCase() ?? 'identity');
    try {
      return await unpack(body, maxBytes);
    } catch (error) {
      if (error instanceof InterfaceError) throw error;
      if (error instanceof RangeError) throw tooLarge(maxBytes);
      throw corrupt(`the body is no ${encoding}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Undoes the block framing of `decompress=1`. @throws InterfaceError as {@link decode} does. */
  async unframe(body: Buffer, maxBytes: number): Promise<Buffer> {
    if (!hasOnlyZstdBlocks(body)) return this.#unframer.unframe(body, maxBytes);
    return this.#readWithEngine(joinZstdBlocks(body, maxBytes), 'zstd', maxBytes);
  }

  async close(): Promise<void> {
    await this.#unframer.close();
  }

  #unpackerOf(encoding: string): (body: Buffer, maxBytes: number) => Promise<Buffer> {
    switch (encoding) {
      case 'identity':
        return async (body) => Promise.resolve(body);
      case 'gzip':
      case 'x-gzip':
        return async (body, maxOutputLength) => gunzipAsync(body, { maxOutputLength });
      case 'deflate':
        return async (body, maxOutputLength) => inflateAsync(body, { maxOutputLength });
      case 'br':
        return async (body, maxOutputLength) => brotliAsync(body, { maxOutputLength });
      case 'zstd':
      case 'lz4':
        return async (body, maxBytes) => this.#readWithEngine(body, encoding, maxBytes);
      default:
        throw new InterfaceError(
          48,
          'NOT_IMPLEMENTED',
          `Content-Encoding ${JSON.stringify(encoding.slice(0, 100))} is not supported: use gzip, deflate, br, zstd or lz4`,
        );
    }
  }

  /** The statement and the path are ours; the stranger's bytes are the content of the file. */
  async #readWithEngine(packed: Buffer, method: 'zstd' | 'lz4', maxBytes: number): Promise<Buffer> {
    return this.#database.scratch.withFile(packed, async (path) => {
      const sql = `SELECT * FROM file(${encodeSqlLiteral(path)}, RawBLOB, 'body String', '${method}')`;
      const settings = { max_memory_usage: maxBytes * MEMORY_PER_UNPACKED_BYTE };
      try {
        const { bytes } = await this.#database.run(sql, { format: 'RawBLOB', settings });
        if (bytes.length > maxBytes) throw tooLarge(maxBytes);
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (error) {
        if (!(error instanceof StoreError) || error.clickhouseCode === undefined) throw error;
        if (error.clickhouseCode === MEMORY_LIMIT_EXCEEDED) throw tooLarge(maxBytes);
        throw corrupt(`the body is no ${method}, or is cut short`);
      }
    });
  }
}

const MEMORY_LIMIT_EXCEEDED = 241;

function corrupt(message: string): InterfaceError {
  return new InterfaceError(271, 'CANNOT_DECOMPRESS', message, 400);
}

/** A body beyond its bounds. */
export function tooLarge(limit: number): InterfaceError {
  return new InterfaceError(307, 'TOO_MANY_BYTES', `the body is larger than ${limit} bytes: send it in parts`, 413);
}
