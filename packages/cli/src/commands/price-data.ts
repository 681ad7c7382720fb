import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { PriceBook } from '@costel/pricing';
import {
  checkCatalogueFile,
  convertGenaiPrices,
  convertLitellm,
  diffCatalogues,
  fileOf,
  fillGaps,
  findDisagreements,
  keepHistory,
  readZipEntry,
  type CatalogueDiff,
  type CatalogueFile,
  type Disagreement,
  type PriceDifference,
} from '@costel/pricing/price-data';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { say, writeJson } from '../output.js';

/** No price data is larger. */
const MAX_SOURCE_BYTES = 200 * 1024 * 1024;

const DOWNLOAD_TIMEOUT_MS = 300_000;

/** Price data as it was fetched, and of which source it is. */
interface Fetched {
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

/** Reads price data by what it holds: a wheel of a known source, its map, or a file in our own form. */
function readSource(bytes: Buffer, origin: string, retrieved: string): Fetched {
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

async function readOrigin(origin: string): Promise<Buffer> {
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

/** Downloads a Python distribution with pip, from the registry that pip is configured for, and reads its wheel. */
async function downloadWheel(name: string): Promise<Buffer> {
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

/** What `costel prices update` is asked. */
export interface UpdatePricesOptions {
  readonly book: PriceBook;
  /** File that is written; the stack of this data directory takes it up without a restart. */
  readonly file: string;
  /** Files or URLs in place of the registry's packages. */
  readonly from: readonly string[];
  /** Percent by which a price may move without being accepted by name of the flag. */
  readonly maxMovePercent: number;
  readonly acceptMoves: boolean;
  readonly dryRun: boolean;
  /** Today, `YYYY-MM-DD`. */
  readonly today: string;
}

async function fetchAll({ from, today }: UpdatePricesOptions): Promise<Fetched[]> {
  if (from.length === 0) {
    say('downloading genai-prices and litellm with pip');
    const wheels = [await downloadWheel('genai-prices'), await downloadWheel('litellm')];
    return wheels.map((wheel) => readSource(wheel, 'the downloaded wheel', today));
  }
  const fetched: Fetched[] = [];
  for (const origin of from) fetched.push(readSource(await readOrigin(origin), origin, today));
  return fetched;
}

type Price = NonNullable<PriceDifference['before']>;

const thresholdsOf = (price: Price): readonly number[] =>
  typeof price === 'number' ? [] : price.slice(1).map((step) => (step as readonly [number, number])[0]);

/** The price of calls with more input tokens than that. */
function priceAbove(price: Price, tokens: number): number {
  if (typeof price === 'number') return price;
  const [base, ...steps] = price;
  return steps.findLast(([from]) => from <= tokens)?.[1] ?? base;
}

/** How far a price moved, in whatever context it moved most: by percent of what it was; infinite where it was nothing. */
function moveOf({ before, after }: PriceDifference): number {
  if (before === null || after === null) return 0;
  const moves = [0, ...thresholdsOf(before), ...thresholdsOf(after)].map((tokens) => {
    const [old, next] = [priceAbove(before, tokens), priceAbove(after, tokens)];
    return old === next ? 0 : old === 0 || next === 0 ? Infinity : (Math.abs(next - old) / old) * 100;
  });
  return Math.max(...moves);
}

interface Merged {
  readonly files: readonly CatalogueFile[];
  readonly diffs: readonly CatalogueDiff[];
  readonly disagreements: readonly Disagreement[] | undefined;
}

/** The data in use with the newer data over it, and what that changes. */
function merge(book: PriceBook, fetched: readonly Fetched[]): Merged {
  const used = book.catalogues.map(fileOf);
  const named = (name: string): CatalogueFile | undefined =>
    fetched.flatMap(({ files }) => files).find((file) => file.provenance.name === name);
  const first = named('genai-prices') ?? used[0];
  const map = fetched.find(({ source }) => source === 'litellm')?.files[0];
  const files: CatalogueFile[] = [];
  const diffs: CatalogueDiff[] = [];
  for (const old of used) {
    const next =
      map !== undefined && old.provenance.name === 'litellm' && first !== undefined
        ? fillGaps(first, map)
        : named(old.provenance.name);
    if (next === undefined) {
      files.push(old);
      continue;
    }
    const whole = keepHistory(old, next);
    files.push(whole);
    diffs.push(diffCatalogues(old, whole));
  }
  const disagreements = map === undefined || first === undefined ? undefined : findDisagreements(first, map);
  return { files, diffs, disagreements };
}

async function writeAtomically(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode: 0o644 });
  await rename(temporary, file);
}

const changeJson = (change: PriceDifference): object => ({
  change: 'changed',
  provider: change.provider,
  model: change.model,
  service_tier: change.serviceTier === '' ? 'standard' : change.serviceTier,
  price_key: change.priceKey,
  before_pico_usd: change.before,
  after_pico_usd: change.after,
});

/**
 * `costel prices update`: newer price data, checked, merged over the old and written in one step; every change is a JSON
 * line. Prices that moved by more than the bound are listed and nothing is written, unless they are accepted.
 * @returns false when moves wait to be accepted.
 */
export async function updatePrices(options: UpdatePricesOptions): Promise<boolean> {
  const { book, file, maxMovePercent, acceptMoves, dryRun } = options;
  const { files, diffs, disagreements } = merge(book, await fetchAll(options));
  const changed = diffs.flatMap((diff) => diff.changed);
  const added = diffs.flatMap((diff) => diff.added);
  const lost = diffs.flatMap((diff) => diff.removed);
  if (lost.length > 0)
    throw new CliError(
      'price_data_invalid',
      `${lost.length} models would be lost, e.g. ${lost[0]?.provider} ${lost[0]?.model}; nothing was written`,
    );
  for (const file of files) checkCatalogueFile(file);
  for (const change of changed) await writeJson({ ...changeJson(change), move_percent: finite(moveOf(change)) });
  for (const model of added) await writeJson({ change: 'added', ...model });
  const moves = changed.filter((change) => moveOf(change) > maxMovePercent);
  const names = files
    .map(({ provenance }) => `${provenance.name} ${provenance.version} of ${provenance.date}`)
    .join(', ');
  say(`${names}: ${changed.length} prices changed, ${added.length} models added, none lost`);
  if (moves.length > 0 && !acceptMoves) {
    say(
      `costel: ${moves.length} prices moved by more than ${maxMovePercent} %; nothing was written. Look at them above, then repeat with --accept-moves`,
    );
    return false;
  }
  if (dryRun) {
    say('nothing was written (--dry-run)');
    return true;
  }
  await writeAtomically(
    file,
    `${JSON.stringify({ catalogues: files, ...(disagreements === undefined ? {} : { disagreements }) })}\n`,
  );
  say(
    `written to ${file}; a running stack takes it up within seconds and prices what waited for it; "costel reprice" corrects history`,
  );
  return true;
}

const finite = (value: number): number | null => (Number.isFinite(value) ? Math.round(value * 100) / 100 : null);

/** `costel prices diff`: what another file of price data has that the data in use has not, JSON lines. */
export async function diffPrices(book: PriceBook, origin: string, today: string): Promise<void> {
  const { diffs } = mergeDiff(book, readSource(await readOrigin(origin), origin, today));
  for (const { changed, added, removed } of diffs) {
    for (const change of changed) await writeJson({ ...changeJson(change), move_percent: finite(moveOf(change)) });
    for (const model of added) await writeJson({ change: 'added', ...model });
    for (const model of removed) await writeJson({ change: 'removed', ...model });
  }
}

function mergeDiff(book: PriceBook, fetched: Fetched): { readonly diffs: readonly CatalogueDiff[] } {
  const used = book.catalogues.map(fileOf);
  const [first] = used;
  return {
    diffs: fetched.files.flatMap((file) => {
      const old = used.find(({ provenance }) => provenance.name === file.provenance.name);
      const next = fetched.source === 'litellm' && first !== undefined ? fillGaps(first, file) : file;
      return old === undefined ? [] : [diffCatalogues(old, next)];
    }),
  };
}

/** Prices on which two sources differ, as the data in use or the one that ships has them. */
export async function listDisagreements(file: string, shipped: string): Promise<void> {
  const rows =
    (await readDisagreements(file)) ?? (JSON.parse(await readFile(shipped, 'utf8')) as readonly Disagreement[]);
  for (const { provider, model, serviceTier, priceKey, first, second } of rows) {
    await writeJson({
      provider,
      model,
      service_tier: serviceTier === '' ? 'standard' : serviceTier,
      price_key: priceKey,
      first_pico_usd: first,
      second_pico_usd: second,
    });
  }
  say(
    `${rows.length} prices on which the second source differs from the first by more than 0.1 %; the first one is used`,
  );
}

async function readDisagreements(file: string): Promise<readonly Disagreement[] | undefined> {
  try {
    const { disagreements } = JSON.parse(await readFile(file, 'utf8')) as { disagreements?: readonly Disagreement[] };
    return disagreements;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new CliError('price_data_invalid', `${file} cannot be read`, { exitCode: EXIT_CODES.failed, cause: error });
  }
}
