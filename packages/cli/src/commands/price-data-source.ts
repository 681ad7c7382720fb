import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  checkCatalogueFile,
  convertGenaiPrices,
  convertLitellm,
  readZipEntry,
  type CatalogueFile,
} from '@costel/pricing/price-data';
import { CliError } from '../exit-codes.js';

/** No price data is larger. */
const MAX_SOURCE_BYTES = 200 * 1024 * 1024;

const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Price data as it was fetched, and of which source it is. */
export interface Fetched {
  readonly source: 'genai-prices' | 'litellm' | 'own';
  readonly files: readonly CatalogueFile[];
}

function isWheel(bytes: Buffer): boolean {
  return bytes.subarray(0, 2).toString('latin1') === 'PK';
}

function wheelVersion(wheel: Buffer): string {
  const metadata = readZipEntry(wheel, (name) => name.endsWith('.dist-info/METADATA')).text;
  return /^Version: (\S+)/m.exec(metadata)?.[1] ?? 'unknown';
}

function tryEntry(wheel: Buffer, wanted: string): string | undefined {
  try {
    return readZipEntry(wheel, (name) => name === wanted).text;
  } catch {
    return undefined;
  }
}

/**
 * Reads price data by what it holds: a wheel of a known source, its map, or a file in our own form.
 * @param origin Where it is from, for errors; @param retrieved Today, `YYYY-MM-DD`.
 * @throws CliError `price_data_invalid` for everything else.
 */
export function readSource(bytes: Buffer, origin: string, retrieved: string): Fetched {
  try {
    if (isWheel(bytes)) {
      const version = wheelVersion(bytes);
      if (tryEntry(bytes, 'genai_prices/data.py') !== undefined)
        return { source: 'genai-prices', files: [convertGenaiPrices(bytes, version, retrieved)] };
      const map = readZipEntry(bytes, (name) => name.endsWith('model_prices_and_context_window_backup.json')).text;
      return { source: 'litellm', files: [convertLitellm(map, { version, retrieved })] };
    }
    const text = bytes.toString('utf8');
    const value = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (Array.isArray(value['catalogues']))
      return { source: 'own', files: value['catalogues'].map(checkCatalogueFile) };
    if ('providers' in value) return { source: 'own', files: [checkCatalogueFile(value)] };
    const version = createHash('sha256').update(text).digest('hex').slice(0, 12);
    return { source: 'litellm', files: [convertLitellm(text, { version, retrieved })] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('price_data_invalid', `${origin} is no price data that can be read: ${reason}`, {
      cause: error,
    });
  }
}

async function fetchUrl(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
  if (!response.ok)
    throw new CliError('price_data_unreachable', `${url} answered ${response.status}`, { retryable: true });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response.body ?? []) {
    bytes += piece.length;
    // Looked at while it comes: what never ends must not fill the memory first.
    if (bytes > MAX_SOURCE_BYTES)
      throw new CliError(
        'price_data_invalid',
        `${url} has more than ${MAX_SOURCE_BYTES} bytes; no price data is larger`,
      );
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/**
 * The bytes of a file or an http(s) address.
 * @throws CliError `price_data_unreachable`, `price_data_invalid` for more than 200 MiB.
 */
export async function readOrigin(origin: string): Promise<Buffer> {
  try {
    return /^https?:\/\//.test(origin) ? await fetchUrl(origin) : await readFile(origin);
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError('price_data_unreachable', `${origin} cannot be read: ${reason}`, {
      retryable: true,
      cause: error,
    });
  }
}

/**
 * Downloads a Python distribution with pip, from the registry that pip is configured for, and reads its wheel.
 * @throws CliError `price_data_unreachable`.
 */
export async function downloadWheel(name: string): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'costel-prices-'));
  try {
    const args = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '-d', directory, name];
    await promisify(execFile)('python3', args, { timeout: DOWNLOAD_TIMEOUT_MS });
    const wheel = (await readdir(directory)).find((file) => file.endsWith('.whl'));
    if (wheel === undefined) throw new Error('pip downloaded no wheel');
    return await readFile(join(directory, wheel));
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n').slice(0, 2).join(' ');
    throw new CliError(
      'price_data_unreachable',
      `${name} cannot be downloaded with "python3 -m pip": ${reason}; download it elsewhere and name it with --from`,
      { retryable: true, cause: error },
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
