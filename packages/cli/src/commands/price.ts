import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import {
  LIST_PRICES,
  priceInteractionLines,
  type InteractionAnswer,
  type LineError,
  type PriceBook,
} from '@costel/pricing';
import { inputsOf, readLines, readText } from '../input.js';
import { createProgress, say, sayIfInputIsTerminal, writeJson } from '../output.js';
import { LOG_FORMATS, priceLogLines, type LogAnswer } from '../price-formats/price-log.js';
import type { CommonFlags } from '../read-config.js';

/** Prices on which the two shipped sources differ. */
export const SHIPPED_DISAGREEMENTS: string = join(
  dirname(createRequire(import.meta.url).resolve('@costel/pricing/package.json')),
  'data/disagreements.json',
);

/** The prices of the configuration that the flags name, or of the one that is found; list prices where there is none. */
export async function readPriceBook(flags: CommonFlags): Promise<PriceBook> {
  const [{ loadPriceBook }, { readConfig }] = await Promise.all([
    import('@costel/aggregator'),
    import('../read-config.js'),
  ]);
  return loadPriceBook(readConfig(flags));
}

/** The prices that an update goes over: where those in use cannot be read, it is what mends them. */
export async function readPricesToUpdate(flags: CommonFlags): Promise<PriceBook> {
  const { PriceDataError } = await import('@costel/aggregator');
  try {
    return await readPriceBook(flags);
  } catch (error) {
    if (!(error instanceof PriceDataError)) throw error;
    say(`${error.message}; the prices that ship are the older ones`);
    return LIST_PRICES;
  }
}

/** Where newer price data is kept. */
export async function priceDataFile(flags: CommonFlags): Promise<string> {
  const [{ PRICE_DATA_FILE }, { readConfig }] = await Promise.all([
    import('@costel/aggregator'),
    import('../read-config.js'),
  ]);
  return join(readConfig(flags).server.dataDirectory, PRICE_DATA_FILE);
}

/** The text of files one after the other, in pieces; stdin where none is named. */
async function* readPieces(files: readonly string[]): AsyncGenerator<string> {
  for (const file of inputsOf(files)) {
    yield* readText(file);
    // A file may end without a line feed.
    yield '\n';
  }
}

/** Each file by itself: a CSV file begins with its own header. */
async function* logAnswers(
  files: readonly string[],
  options: Parameters<typeof priceLogLines>[1],
): AsyncGenerator<LogAnswer> {
  for (const file of inputsOf(files)) yield* priceLogLines(readLines(file), options);
}

/** What `costel price` is asked. */
export interface PriceFlags extends CommonFlags {
  readonly at?: number;
  readonly format: string;
  readonly provider?: string;
}

function answersOf(
  files: readonly string[],
  { at, format: name, provider }: PriceFlags,
  book: PriceBook,
): AsyncIterable<InteractionAnswer | LineError> {
  const now = Date.now();
  const format = LOG_FORMATS.find((candidate) => candidate.name === name);
  if (format === undefined) return priceInteractionLines(readPieces(files), { at, now, book });
  return logAnswers(files, { format, at, now, book, provider });
}

/** `costel price`: one cost for each call. A line that is none is answered with an error. */
export async function pricePieces(files: readonly string[], flags: PriceFlags): Promise<boolean> {
  sayIfInputIsTerminal(files);
  const book = await readPriceBook(flags);
  const progress = createProgress('calls priced');
  let invalidLines = 0;
  for await (const answer of answersOf(files, flags, book)) {
    if (answer.status === 'invalid_line') invalidLines += 1;
    await writeJson(answer);
    progress.step();
  }
  progress.done();
  if (invalidLines > 0)
    say(
      `costel: not of the format ${flags.format}: ${invalidLines} ${invalidLines === 1 ? 'line' : 'lines'}; see the answers with the status "invalid_line"`,
    );
  return invalidLines === 0;
}
