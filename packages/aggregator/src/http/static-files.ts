import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Context } from 'hono';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

/** Where the page's build puts its files. */
export const WEB_DIRECTORY = fileURLToPath(new URL('../web', import.meta.url));

interface CachedFile {
  readonly mtimeMs: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Serves the files of one directory, `index.html` at `/`; undefined where there is no such file. */
export function createStaticFiles(
  directory: string = WEB_DIRECTORY,
): (context: Context) => Promise<Response | undefined> {
  const root = resolve(directory);
  const cache = new Map<string, CachedFile>();

  const load = async (path: string): Promise<CachedFile | undefined> => {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) return undefined;
    const cached = cache.get(path);
    if (cached?.mtimeMs === info.mtimeMs) return cached;
    const body = new Uint8Array(await readFile(path));
    const file = {
      mtimeMs: info.mtimeMs,
      body,
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    };
    cache.set(path, file);
    return file;
  };

  return async (context) => {
    const path = pathWithin(root, context.req.path);
    const file = path === undefined ? undefined : await load(path);
    if (path === undefined || file === undefined) return undefined;
    const type = MEDIA_TYPES[extname(path)] ?? 'application/octet-stream';
    const headers = { 'Content-Type': type, ETag: file.etag, 'Cache-Control': 'no-cache' };
    if (context.req.header('if-none-match') === file.etag) return new Response(null, { status: 304, headers });
    return new Response(file.body, { headers });
  };
}

/** The file that a URL path means; undefined where it leads outside or to a hidden file. */
function pathWithin(root: string, urlPath: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  if (/[\0\\]/.test(decoded) || decoded.split('/').some((part) => part.startsWith('.'))) return undefined;
  const path = join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded);
  return path.startsWith(root + sep) ? path : undefined;
}
