import * as zlib from 'node:zlib';
import { unzstd } from './unzstd.js';

/** Encodings that a body may have. */
export type ContentEncoding = 'identity' | 'gzip' | 'deflate' | 'zstd';

type Inflate = (body: Uint8Array, options: { readonly maxOutputLength: number }) => Uint8Array;

const INFLATERS: ReadonlyMap<ContentEncoding, Inflate> = new Map<ContentEncoding, Inflate>([
  ['gzip', zlib.gunzipSync],
  ['deflate', zlib.inflateSync],
  ['zstd', (body, { maxOutputLength }) => unzstd(body, maxOutputLength)],
]);

/** The encodings that can be undone. */
export const SUPPORTED_ENCODINGS: readonly ContentEncoding[] = ['identity', ...INFLATERS.keys()];

/** A body that cannot be inflated (`malformed`), or that is larger than allowed once it is (`too_large`). */
export class InflateError extends Error {
  readonly kind: 'malformed' | 'too_large';

  constructor(kind: InflateError['kind'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'InflateError';
    this.kind = kind;
  }
}

/** Undoes a content encoding. Inflating stops at `maxBytes`: 1 MB that would unpack to 10 GB costs `maxBytes`, not 10 GB. */
export function inflate(body: Uint8Array, encoding: ContentEncoding, maxBytes: number): Uint8Array {
  const inflater = INFLATERS.get(encoding);
  if (inflater === undefined) return body;
  try {
    return inflater(body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new InflateError('too_large', `the body unpacks to more than ${maxBytes} bytes`, { cause: error });
    }
    throw new InflateError('malformed', `the body is not ${encoding}: ${String(error)}`, { cause: error });
  }
}
