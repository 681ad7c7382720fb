import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PriceBook } from '@costel/pricing';
import {
  checkCatalogueFile,
  diffCatalogues,
  fileOf,
  fillGaps,
  findDisagreements,
  keepHistory,
  type CatalogueDiff,
  type CatalogueFile,
  type Disagreement,
  type PriceDifference,
} from '@costel/pricing/price-data';
import { CliError, EXIT_CODES } from '../exit-codes.js';
import { say, writeJson } from '../output.js';
import { downloadWheel, readOrigin, readSource, type Fetched } from './price-data-source.js';

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

/**
 * How far a price moved, in whatever context it moved most: by percent of what it was; infinite where it was nothing, or
 * is listed no more: calls would silently have another bucket's price.
 */
function moveOf({ before, after }: PriceDifference): number {
  if (before === null) return 0;
  if (after === null) return Infinity;
  const moves = [0, ...thresholdsOf(before), ...thresholdsOf(after)].map((tokens) => {
    const [old, next] = [priceAbove(before, tokens), priceAbove(after, tokens)];
    return old === next ? 0 : old === 0 || next === 0 ? Infinity : (Math.abs(next - old) / old) * 100;
  });
  return Math.max(...moves);
}

interface Merged {
  readonly files: readonly CatalogueFile[];
  readonly diffs: readonly CatalogueDiff[];
  /** Models that the newer data lists no more; they keep their prices. */
  readonly kept: CatalogueDiff['removed'];
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
  const kept: CatalogueDiff['removed'][number][] = [];
  for (const old of used) {
    const next =
      map !== undefined && old.provenance.name === 'litellm' && first !== undefined
        ? fillGaps(first, map)
        : named(old.provenance.name);
    if (next === undefined) {
      files.push(old);
      continue;
    }
    if (next.provenance.date < old.provenance.date)
      throw new CliError(
        'price_data_invalid',
        `${next.provenance.name} ${next.provenance.version} is of ${next.provenance.date}, older than the data in use (${old.provenance.date}); nothing was written`,
      );
    const whole = keepHistory(old, next);
    kept.push(...diffCatalogues(old, next).removed);
    files.push(whole);
    diffs.push(diffCatalogues(old, whole));
  }
  const disagreements = map === undefined || first === undefined ? undefined : findDisagreements(first, map);
  return { files, diffs, kept, disagreements };
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

interface Changes {
  readonly changed: readonly PriceDifference[];
  readonly added: CatalogueDiff['added'];
  readonly rewritten: CatalogueDiff['rewritten'];
  readonly kept: CatalogueDiff['removed'];
}

async function writeChanges({ changed, added, rewritten, kept }: Changes): Promise<void> {
  for (const change of changed) await writeJson({ ...changeJson(change), move_percent: finite(moveOf(change)) });
  for (const model of rewritten) await writeJson({ change: 'rewritten', ...model });
  for (const model of added) await writeJson({ change: 'added', ...model });
  for (const model of kept) await writeJson({ change: 'kept', ...model });
}

/** What must be looked at before it holds; undefined when nothing. */
function heldText({ changed, rewritten }: Changes, maxMovePercent: number): string | undefined {
  const moves = changed.filter((change) => moveOf(change) > maxMovePercent).length;
  const parts = [
    ...(moves > 0 ? [`${moves} prices moved by more than ${maxMovePercent} % or are listed no more`] : []),
    ...(rewritten.length > 0 ? [`the past prices of ${rewritten.length} models would change`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(' and ');
}

/**
 * `costel prices update`: newer price data, checked, merged over the old and written in one step; every change is a JSON
 * line. Prices that moved by more than the bound, went away, or hold of past calls are listed and nothing is written,
 * unless they are accepted.
 * @returns false when changes wait to be accepted.
 */
export async function updatePrices(options: UpdatePricesOptions): Promise<boolean> {
  const { book, file, maxMovePercent, acceptMoves, dryRun } = options;
  const { files, diffs, kept, disagreements } = merge(book, await fetchAll(options));
  const changes: Changes = {
    changed: diffs.flatMap((diff) => diff.changed),
    added: diffs.flatMap((diff) => diff.added),
    rewritten: diffs.flatMap((diff) => diff.rewritten),
    kept,
  };
  const lost = diffs.flatMap((diff) => diff.removed);
  if (lost.length > 0)
    throw new CliError(
      'price_data_invalid',
      `${lost.length} models would be lost, e.g. ${lost[0]?.provider} ${lost[0]?.model}; nothing was written`,
    );
  for (const merged of files) checkCatalogueFile(merged);
  await writeChanges(changes);
  const names = files
    .map(({ provenance }) => `${provenance.name} ${provenance.version} of ${provenance.date}`)
    .join(', ');
  say(
    `${names}: ${changes.changed.length} prices changed, ${changes.added.length} models added, none lost (${kept.length} that are listed no more keep their prices)`,
  );
  const held = heldText(changes, maxMovePercent);
  if (held !== undefined && !acceptMoves) {
    say(`costel: ${held}; nothing was written. Look at them above, then repeat with --accept-moves`);
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
